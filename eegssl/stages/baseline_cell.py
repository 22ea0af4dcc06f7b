"""A baseline's cell of a benchmark: fitted and scored on the same windows as the encoders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.context import Context, Result
from eegssl.baselines.interface import System
from eegssl.baselines.system import fit_baseline
from eegssl.config.resolve import read_label_task
from eegssl.config.settings import public_values
from eegssl.config.stages import BaselineConfig, BenchmarkConfig, FinetuneConfig
from eegssl.corpus.audits.leaks import audit, refuse
from eegssl.corpus.label_table import label_table
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import fitted_on, open_corpus
from eegssl.errors import ConfigError, InputError
from eegssl.scoring.config import ThresholdCriterion
from eegssl.scoring.threshold import Threshold, choose_threshold
from eegssl.stages import evaluate, finetune
from eegssl.tasks.labels.answers import as_predictions
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.predictions import write_predictions
from eegssl.tasks.labels.scores import score, score_facts

BASELINE = "baseline"
_FITTED = ("train", "val")


class NotRun(Exception):
    """A baseline that can't be run on these recordings; the message says why."""


def run_baseline(
    name: str,
    tuned: FinetuneConfig,
    config: BenchmarkConfig,
    folders: list[Path],
    task: str,
    context: Context,
) -> Result:
    """A baseline on the same windows, splits and scores."""
    corpus = open_corpus(folders)
    resolved = read_label_task(task, tuned.task)
    table = label_table(corpus, resolved.table, skip_unknown=resolved.skip_unknown)
    settings = BaselineConfig(
        name=name,
        task=public_values(resolved),
        baseline=config.baseline,
        labels_fraction=tuned.labels_fraction,
        choose_threshold_by=tuned.choose_threshold_by,
        postprocess=tuned.postprocess,
        scoring=config.evaluate.scoring,
    )
    writer = context.begin(BASELINE, settings, [*corpus.inputs(), *table.inputs])
    if isinstance(writer, Result):
        return writer
    train, val = finetune.training_windows(
        corpus, resolved, table, settings.labels_fraction, context.seed
    )
    tested = corpus.of_split("test")
    test = labelled_windows(corpus, tested, resolved, table.labels, seed=context.seed)
    leaks = audit([], corpus, test.windows.recordings, also=fitted_on(corpus.of_split(*_FITTED)))
    if not config.evaluate.allow_leak:
        refuse(leaks)
    by, say = settings.choose_threshold_by, context.progress.say
    with _told_if_not_run():
        system = fit_baseline(name, train, val, resolved, context.seed, settings.baseline, by, say)
        said, answers = system.predict(val), system.predict(test)
    rule = finetune.locked_postprocess(
        val, said, resolved, system.threshold, settings.postprocess, context
    )
    threshold = _threshold_of(system, val, said, by)
    told = {"leaks": [leak.in_words() for leak in leaks], "system": name}
    predictions = as_predictions(test, answers, resolved, threshold, rule, told)
    scores = score(predictions, settings.scoring, context.seed)
    with writer.writing(evaluate.PREDICTIONS) as path:
        write_predictions(path, predictions)
    writer.write_json(evaluate.METRICS, scores.as_dict())
    facts = {"n_parameters": system.n_parameters} | score_facts(scores, predictions)
    return context.finish(writer, facts)


@contextmanager
def _told_if_not_run() -> Iterator[None]:
    """Make what a baseline refuses a reason to go on without it."""
    try:
        yield
    except (ConfigError, InputError) as error:
        raise NotRun(str(error)) from error


def _threshold_of(
    system: System, val: LabelledWindows, said: NDArray[np.float64], by: ThresholdCriterion
) -> Threshold | None:
    """A baseline's threshold, with what it was chosen on unless it was not chosen."""
    if system.threshold is None:
        return None
    known = val.truth >= 0
    chosen = choose_threshold(val.truth[known], said[known, 1], by)
    return chosen if chosen.value == system.threshold else Threshold(system.threshold)
