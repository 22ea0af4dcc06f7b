"""Predict corrupted recordings, and keep a table of each kind and severity."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from eegssl.artifacts.context import Context
from eegssl.artifacts.contract import Reader
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.corrupted.corrupted_windows import CorruptedWindows
from eegssl.corpus.corrupted.sites import Sites
from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import InputError
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.corrupted.robustness import Curves
from eegssl.scoring.corrupted.system_answers import SystemAnswers, event_answers
from eegssl.signal.corruptions.config import CorruptionName, CorruptionsConfig
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS, levels_of
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.labels.measures.unit_answers import unit_answers
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import NO_LABELS, detected_events, none_labelled, threshold_of
from eegssl.tasks.table import read_table, write_table

FOLDER = "corrupted"
SEVERITIES = range(1, 6)
Answer = Callable[[LabelledWindows], Predictions]
"""A system's predictions of labelled windows."""


def table_name(kind: str, severity: int) -> str:
    """The file of the predictions of recordings that were corrupted so."""
    return f"{FOLDER}/{kind}-{severity}.parquet"


CORRUPTED_PARTS: Mapping[str, Reader] = {
    table_name(kind, severity): partial(read_table, view=Predictions)
    for kind in get_args(CorruptionName)
    for severity in SEVERITIES
}
"""The tables that an evaluation may have beside its predictions."""


def write_corrupted(
    writer: ArtifactWriter,
    labelled: LabelledWindows,
    answer: Answer,
    config: CorruptionsConfig,
    context: Context,
) -> None:
    """Predict the windows of each kind and severity; threshold and rules stay as they are.

    Recordings that a corruption means nothing for are left out of its tables, and told. Raises
    InputError where that is all of them, unless all kinds were asked for, and where nothing is
    labelled.
    """
    if none_labelled(read_table(writer / PREDICTIONS, Predictions)):
        raise InputError(f"corruptions: {NO_LABELS}; leave --corruptions out")
    chosen = levels_of(config)
    sites = Sites(labelled.windows.corpus, labelled.windows.length)
    ready = {k: some for k in chosen if (some := _that_take(k, labelled, sites, config, context))}
    advance = context.progress.track("corruptions", len(ready) * len(config.severities))
    done = 0
    for kind, some in ready.items():
        for severity, level in chosen[kind].items():
            windows = CorruptedWindows.of(
                some.windows, CORRUPTIONS[kind](), level, config.seed, sites
            )
            table = answer(replace(some, windows=windows))
            about = {"corruption": {"kind": kind, "severity": severity, "level": level}}
            with writer.writing(table_name(kind, severity)) as path:
                write_table(path, replace(table, about=table.about | about))
            done += 1
            advance(done)


def _that_take(
    kind: str,
    labelled: LabelledWindows,
    sites: Sites,
    config: CorruptionsConfig,
    context: Context,
) -> LabelledWindows | None:
    """The windows of the recordings that a corruption can be done to; None for none."""
    windows, corruption = labelled.windows, CORRUPTIONS[kind]()
    places = np.unique(windows.owner)
    used = [windows.recordings[k] for k in places]
    lacking = sites.lacking(corruption, used)
    for reason, n in sorted(Counter(lacking.values()).items()):
        words = f"corruption {kind} can't be done to {n} of {len(used)} recording(s): {reason}"
        if n == len(used) and config.kinds != "all":
            raise InputError(f"{words}; leave it out of corruptions.kinds (--corruptions)")
        context.warn(f"{words}; they are left out of its scores")
    for reason, n in sorted(Counter(corruption.assumed(sites.of(r)) for r in used).items()):
        if reason:
            context.warn(f"corruption {kind}: {reason} in {n} of {len(used)} recording(s)")
    takes = [k for k in places if windows.recordings[k].id not in lacking]
    if len(takes) == len(used):
        return labelled
    return labelled.subset(np.flatnonzero(np.isin(windows.owner, takes))) if takes else None


def read_curves(folder: Path, scoring: ScoringConfig) -> Curves:
    """The answers of a finished evaluation by kind and severity; 0 is of the clean recordings.

    The clean answers are those for the same units. Events are scored where the task detects and a
    recording is long enough.
    """
    clean = read_table(folder / PREDICTIONS, Predictions)
    return {kind: curve for kind in get_args(CorruptionName)
            if (curve := dict(_of_kind(folder, kind, clean, scoring)))}  # fmt: skip


def _of_kind(
    folder: Path, kind: str, clean: Predictions, scoring: ScoringConfig
) -> Iterator[tuple[int, SystemAnswers]]:
    paths = {severity: folder / table_name(kind, severity) for severity in SEVERITIES}
    tables = {k: read_table(path, Predictions) for k, path in paths.items() if path.exists()}
    if tables:
        there = set(next(iter(tables.values())).recording)
        same = clean.subset(np.isin(np.array(clean.recording), sorted(there)))
        tables = {0: same, **tables}
    for severity, table in tables.items():
        detected = detected_events(table)
        events = None if detected is None else event_answers(detected, scoring)
        yield severity, SystemAnswers(unit_answers(table, threshold_of(table)), events)
