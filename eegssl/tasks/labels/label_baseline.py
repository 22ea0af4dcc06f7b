"""Fit and score a baseline of labels in a benchmark."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.typing import NDArray

from eegssl.artifacts.context import Result
from eegssl.artifacts.threads import THREADS, threads_of
from eegssl.baselines.config import BaselinesConfig
from eegssl.baselines.interface import BaselineInputs, System
from eegssl.baselines.system import BASELINES
from eegssl.config.settings import public_values
from eegssl.config.stages import BaselineConfig
from eegssl.corpus.audits.growth import tell_growth
from eegssl.corpus.audits.leaks import audit, refuse
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import fitted_on, open_corpus
from eegssl.errors import ConfigError, InputError
from eegssl.scoring.config import ThresholdCriterion
from eegssl.scoring.threshold import Threshold, choose_threshold, concerns
from eegssl.tasks.base import PREDICTIONS, SCORED, SCORES
from eegssl.tasks.benchmarked import BaselineJob, NotRun
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.calibration import locked_postprocess
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.corrupted.robustness_part import corrupted_part
from eegssl.tasks.labels.data import few_labels, labelled_windows, require_classes, training_windows
from eegssl.tasks.labels.measures.stored_scores import BASELINE_CONTRACT
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import score, score_facts
from eegssl.tasks.labels.windows.table_windows import task_table
from eegssl.tasks.table import write_table

_FITTED = ("train", "val")


def run_baseline(job: BaselineJob) -> Result:
    """A baseline on the same windows, splits and scores as the encoders.

    Raises NotRun where it can't be fitted on these recordings.
    """
    corpus, task, context, tuned = open_corpus(job.folders), job.task, job.context, job.tuned
    table = task_table(corpus, task)
    settings = BaselineConfig(
        name=job.name,
        task=public_values(task),
        baseline=job.config.baseline,
        labels_fraction=tuned.labels_fraction,
        labels_subjects=tuned.labels_subjects,
        labels_draw=tuned.labels_draw,
        choose_threshold_by=tuned.choose_threshold_by,
        postprocess=tuned.postprocess,
        scoring=job.config.evaluate.scoring,
        corruptions=job.config.evaluate.corruptions,
    )
    tell_growth(corpus.artifacts, [], context)
    inputs = [*corpus.inputs(), *table.inputs]
    writer = context.begin(BASELINE_CONTRACT, settings, inputs, names=SCORED)
    if isinstance(writer, Result):
        return writer
    threads = threads_of(writer.work, torch.get_num_threads(), context)
    few = few_labels(settings, context.seed)
    windows = training_windows(corpus, task, table, few, context)
    train, val = windows.train, windows.val
    tested = corpus.of_split("test")
    test = labelled_windows(corpus, tested, task, table.labels, seed=context.seed)
    leaks = audit([], corpus, test.windows.recordings, also=fitted_on(corpus.of_split(*_FITTED)))
    if not job.config.evaluate.allow_leak:
        refuse(leaks)
    by, say = settings.choose_threshold_by, context.progress.say
    with _not_run_if_refused():
        system = fit_baseline(job.name, train, val, task, context.seed, settings.baseline, by, say)
        of_val, of_test = system.predict(val), system.predict(test)
    rule = locked_postprocess(val, of_val, task, system.threshold, settings.postprocess, context)
    threshold = _threshold_of(system, val, of_val, by)
    for concern in concerns(threshold):
        context.warn(concern)
    about = {"leaks": [leak.in_words() for leak in leaks], "system": job.name}
    predictions = as_predictions(test, of_test, task, threshold, rule, about)
    scores = score(predictions, settings.scoring, context.seed)
    with writer.writing(PREDICTIONS) as path:
        write_table(path, predictions)
    metrics = scores.as_dict()
    writer.write_json(SCORES, metrics)
    if settings.corruptions.kinds:

        def answer(labelled: LabelledWindows) -> Predictions:
            return as_predictions(labelled, system.predict(labelled), task, threshold, rule, about)

        corrupted_part(writer, test, answer, settings.corruptions, settings.scoring, context)
    facts = {"n_parameters": system.n_parameters, THREADS: threads}
    facts |= score_facts(predictions, metrics)
    return context.finish(writer, facts)


def fit_baseline(
    name: str,
    train: LabelledWindows,
    val: LabelledWindows,
    task: TaskConfig,
    seed: int,
    config: BaselinesConfig,
    criterion: ThresholdCriterion,
    say: Callable[[str], None],
) -> System:
    """Fit the baseline of this name; validation windows stop training and choose the threshold.

    Windows without a class are left out. Raises ConfigError for an unknown name, a task of seconds
    or windows too short, InputError if a class is missing from either split or recordings lack the
    channels of a network.
    """
    if name not in BASELINES:
        raise ConfigError(f"got baseline {name!r}; expected one of {', '.join(BASELINES)}")
    if task.unit == "second":
        raise ConfigError(
            f"task {task.name} is about seconds; baselines expect windows: leave baselines "
            "out (baselines = []), or set unit = 'window'"
        )
    require_classes(train, task, "train")
    require_classes(val, task, "val")
    if task.classes:
        train, val = train.known(), val.known()
    settings = (task.classes, task.monitor, task.sampled_types, seed, config, criterion, say)
    return BASELINES[name](BaselineInputs(train, val, *settings))


@contextmanager
def _not_run_if_refused() -> Iterator[None]:
    """Make what a baseline refuses a reason to go on without it."""
    try:
        yield
    except (ConfigError, InputError) as error:
        raise NotRun(str(error)) from error


def _threshold_of(
    system: System, val: LabelledWindows, of_val: NDArray[np.float64], by: ThresholdCriterion
) -> Threshold | None:
    """A baseline's threshold, with what it was chosen on unless it was not chosen."""
    if system.threshold is None:
        return None
    known = val.truth >= 0
    chosen = choose_threshold(val.truth[known], of_val[known, 1], by)
    return chosen if chosen.value == system.threshold else Threshold(system.threshold)
