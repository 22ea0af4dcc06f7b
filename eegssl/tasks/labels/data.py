"""Label windows from annotated events or from a table.

A window inside a long seizure is a seizure window, also when no onset or end lies in it; peers
that look for onsets alone label it background.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from eegssl.adaptation.few_labels import (
    FewLabels,
    classes_of_subjects,
    fewest_subjects,
    require_number,
    some_subjects,
)
from eegssl.artifacts.context import Context
from eegssl.config.stages import BaselineConfig, FinetuneConfig
from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.label_table import Label, LabelTable
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import require_whole_step, tile
from eegssl.errors import InputError
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.windows.event_overlaps import rank
from eegssl.tasks.labels.windows.event_windows import typed_windows
from eegssl.tasks.labels.windows.table_events import NOT_NAMED, recordings_of_table
from eegssl.tasks.labels.windows.table_windows import table_windows, task_table

_STREAM = 0x9E12
_NO_CLASS = "windows in events of no class"
_TWO_CLASSES = "windows in events of two classes"


def labelled_windows(
    corpus: Corpus,
    recordings: Sequence[Recording],
    task: TaskConfig,
    table: Sequence[Label] | None,
    *,
    seed: int,
) -> LabelledWindows:
    """Cut recordings into windows and label each for the task.

    ``table`` holds labels by recording id; recordings that it doesn't name are left out. A task of
    events takes them from there, if there is one.

    Raises InputError when labels are missing altogether or don't fit the task.
    """
    if task.labels == "table":
        assert table is not None
        labelled = table_windows(corpus, recordings, task, table)
    elif table is not None:
        named = recordings_of_table(recordings, task, table)
        own = task.model_copy(update={"permute_labels": False})
        labelled = labelled_windows(corpus, named, own, None, seed=seed)
        if n := len(recordings) - len(named):
            labelled = replace(labelled, left_out={**labelled.left_out, NOT_NAMED: n})
    elif task.types:
        labelled = typed_windows(corpus, recordings, task)
    elif task.class_events:
        labelled = _class_windows(corpus, recordings, task)
    else:
        labelled = _detection_windows(corpus, recordings, task)
    return permuted(labelled, seed) if task.permute_labels else labelled


@dataclass(frozen=True)
class TrainingWindows:
    """Labelled windows of training, of all ``n_labelled`` subjects or a few, and of validation."""

    train: LabelledWindows
    val: LabelledWindows
    n_labelled: int

    @property
    def n_used(self) -> int:
        """Training subjects whose labels are used."""
        return len({r.subject for r in self.train.windows.recordings})


def training_windows(
    corpus: Corpus, task: TaskConfig, table: LabelTable, few: FewLabels, context: Context
) -> TrainingWindows:
    """Labelled windows of some of the training subjects, and of all validation subjects.

    Who is among the few is chosen by true labels, so that every class is there.
    """
    recordings, seed = corpus.of_split("train"), context.seed
    n_labelled = None
    if not few.of_all:
        classes_of = _true_classes(corpus, task, table, seed)
        n_labelled = len(classes_of)
        with _named(task):
            chosen = some_subjects(classes_of, few)
        recordings = tuple(r for r in recordings if r.subject in chosen)
        rounding = few.rounding(n_labelled)
        if rounding:
            context.warn(rounding)
    train, val = (
        labelled_windows(corpus, some, task, table.labels, seed=seed)
        for some in (recordings, corpus.of_split("val"))
    )
    windows = TrainingWindows(train, val, 0)
    return replace(windows, n_labelled=windows.n_used if n_labelled is None else n_labelled)


def few_labels(config: FinetuneConfig | BaselineConfig, seed: int) -> FewLabels:
    """Read from the settings whose labels are used."""
    number, draw = config.labels_subjects, config.labels_draw
    return FewLabels(
        draw=seed if draw is None else draw,
        n_subjects=None if number == "all" else number,
        share=config.labels_fraction,
    )


def require_numbers(corpus: Corpus, task: TaskConfig, numbers: Sequence[int]) -> None:
    """Raise InputError for a number of labelled training subjects that can't hold every class."""
    table = task_table(corpus, task)
    classes_of = _true_classes(corpus, task, table, seed=0)
    least, most = fewest_subjects(classes_of), len(classes_of)
    with _named(task):
        for n in numbers:
            require_number(n, least, most, FewLabels(0, n))


def _true_classes(
    corpus: Corpus, task: TaskConfig, table: LabelTable, seed: int
) -> dict[str, set[int]]:
    """The classes of each training subject's labels, before any is permuted."""
    true = task.model_copy(update={"permute_labels": False})
    recordings = corpus.of_split("train")
    labelled = labelled_windows(corpus, recordings, true, table.labels, seed=seed)
    require_classes(labelled, task, "train")
    return classes_of_subjects(labelled)


@contextmanager
def _named(task: TaskConfig) -> Iterator[None]:
    """Say in a refusal which task it is of."""
    try:
        yield
    except InputError as error:
        raise InputError(f"task {task.name}: {error}") from error


def permuted(labelled: LabelledWindows, seed: int) -> LabelledWindows:
    """The same labels on other units (windows, seconds): a control at chance."""
    rng = np.random.default_rng([seed, _STREAM])
    truth = labelled.truth
    if not labelled.units:
        return replace(labelled, truth=rng.permutation(truth.ravel()).reshape(truth.shape))
    order = rng.permutation(len(labelled.units))
    first = np.unique(labelled.unit, return_index=True)[1]
    source = first[order[labelled.unit]]
    kinds = [labelled.units[k].kind for k in order]
    return replace(
        labelled,
        truth=truth[source],
        possible=None if labelled.possible is None else labelled.possible[source],
        units=tuple(replace(u, kind=k) for u, k in zip(labelled.units, kinds, strict=True)),
    )


def _detection_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig
) -> LabelledWindows:
    """Windows, or their seconds, that are 1 where enough of them lies in events."""
    if task.step_s:
        require_whole_step(task.step_s, corpus.sfreq_hz)
    windows = tile(corpus, recordings, task.window_s, task.step_s)
    n_seconds = round(task.window_s) if task.unit == "second" else 1
    step_s = windows.window_s / n_seconds
    truth = np.zeros((len(windows), n_seconds), dtype=np.int64)
    for k, recording in enumerate(windows.recordings):
        rows = np.flatnonzero(windows.owner == k)
        spans = positive_spans(recording.events, task.event_types)
        start_s = windows.start_s[rows][:, None] + step_s * np.arange(n_seconds)
        shares = overlap_share(start_s.ravel(), step_s, spans)
        truth[rows] = (shares >= task.min_overlap).reshape(start_s.shape)
    return LabelledWindows(windows, truth if task.unit == "second" else truth[:, 0])


def _class_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig
) -> LabelledWindows:
    """Windows [n] of a fixed tiling with the class that covers them, such as a sleep stage.

    A window has a class when ``min_overlap`` of it lies in events of that class and less in those
    of any other; the rest are left out and counted (ours). Raises InputError when none is left.
    """
    windows = tile(corpus, recordings, task.window_s)
    shares = np.zeros((len(windows), len(task.classes)))
    for k, recording in enumerate(windows.recordings):
        rows = np.flatnonzero(windows.owner == k)
        shares[rows] = _shares(recording, windows.start_s[rows], task)
    covered = shares >= task.min_overlap
    if task.overlap == "priority":
        shares = _first_alone(covered, task)
    best = shares.max(axis=1, keepdims=True)
    tied = (shares == best).sum(axis=1) > 1
    labelled = np.flatnonzero(covered.any(axis=1) & ~tied)
    left_out = {
        _NO_CLASS: int((~covered.any(axis=1)).sum()),
        _TWO_CLASSES: int((covered.any(axis=1) & tied).sum()),
    }
    if not len(labelled):
        raise InputError(
            f"task {task.name}: no window of {task.window_s:g} s of these {len(recordings)} "
            f"recordings lies in an event of {', '.join(task.event_types)}; `eegssl info` on the "
            "recordings lists the types of their events, events.sources of preprocess says where "
            "they are read from"
        )
    return LabelledWindows(
        windows.subset(labelled),
        shares[labelled].argmax(axis=1).astype(np.int64),
        left_out={reason: n for reason, n in left_out.items() if n},
    )


def _first_alone(covered: NDArray[np.bool_], task: TaskConfig) -> NDArray[np.float64]:
    """[n, K], 1 for the class of each window that comes first of those that cover it."""
    ranks = [min(rank(t, task) for t in (name, *task.class_events[name])) for name in task.classes]
    order = np.argsort(ranks, kind="stable")
    first = order[covered[:, order].argmax(axis=1)]
    return np.where(covered, np.eye(len(task.classes))[first], 0.0)


def _shares(
    recording: Recording, start_s: NDArray[np.float64], task: TaskConfig
) -> NDArray[np.float64]:
    """[n, K], the share of each window in the events of each class."""
    spans = [positive_spans(recording.events, task.class_events[name]) for name in task.classes]
    return np.stack([overlap_share(start_s, task.window_s, one) for one in spans], axis=1)


def require_classes(labelled: LabelledWindows, task: TaskConfig, split: str) -> None:
    """Raise InputError unless labels of this split can be learned, or decided by.

    Training needs every class of the task (numbers: two that differ); so does another split of
    two classes, and of more classes any two.
    """
    source = "events.parquet" if task.table is None else "the labels table"
    advice = (
        f"check {source} (eegssl info --task counts what each split has), or split the subjects "
        "otherwise (--set splits.file=… or --seed, in preprocess)"
    )
    corpus = labelled.windows.corpus
    if task.table is None and not any(r.events for r in corpus.recordings):
        advice = (
            "no recording here has any event (events.parquet is empty): bring labels, as "
            "annotations in the EDF or a TSV beside it, and preprocess again"
        )
    if task.target == "number":
        if len(np.unique(labelled.truth)) < 2:
            raise InputError(
                f"task {task.name}: split {split} has {len(labelled)} windows and fewer than two "
                f"different numbers; {advice}"
            )
        return
    counts = labelled.counts(len(task.classes))
    missing = [name for name, count in zip(task.classes, counts, strict=True) if count == 0]
    enough = len(task.classes) - len(missing) >= 2 and len(task.classes) > 2 and split != "train"
    if missing and not enough:
        raise InputError(
            f"task {task.name}: split {split} has {len(labelled)} windows and none of class "
            f"{', '.join(missing)}; {advice}"
        )


def warn_left_out(labelled: LabelledWindows, split: str, context: Context) -> None:
    """Warn of what is labelled and not among the windows, by reason."""
    for why, n in sorted(labelled.left_out.items()):
        context.warn(f"split {split}: {n} {why} are left out")


def warn_unlabelled(corpus: Corpus, task: TaskConfig, context: Context) -> None:
    """Warn when a task takes labels from events and a folder has none at all."""
    if not task.detects:
        return
    for artifact in corpus.artifacts:
        if not artifact.manifest.facts["events"]:
            context.warn(
                f"recordings {artifact.manifest.id[:12]}… have no events at all: every window "
                f"of them counts as "
                f"{task.classes[0]}, which is wrong where nobody looked for events"
            )


def warn_untested(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig, context: Context
) -> None:
    """Warn of recordings to be scored in which nobody looked for a task's events."""
    if task.detects and not any(one.labelled_for(task.event_types) for one in recordings):
        context.warn(
            f"no labels: nothing can be scored; {len(recordings)} recording(s) have no events at "
            "all, or sleep stages and artifacts alone, and no list that says so. What is detected "
            "in them stands on the page and in detections/"
        )
    else:
        warn_unlabelled(corpus, task, context)
