"""State which scores evaluations of labels store."""

from functools import partial
from typing import Any, Literal

from pydantic import TypeAdapter

from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import HASHED_ID, Count, OpenPart, Part, read_json
from eegssl.artifacts.table_parts import ANY, Cells, read_text_table
from eegssl.tasks.base import EVALUATION, PREDICTIONS, SCORES, require_facts
from eegssl.tasks.benchmarked import BASELINE
from eegssl.tasks.jobs import BenchmarkedFacts, ScoredFacts
from eegssl.tasks.labels.corrupted.robustness_part import ROBUSTNESS_PARTS
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import score_facts
from eegssl.tasks.table import read_table

FAULTS = "faults.tsv"
FAULTS_CELLS: Cells = {
    "recording": HASHED_ID,
    "kind": "missing|unreadable|wrong-length|no-reference",
    "reason": ANY,
}

Scores = dict[str, Any]
"""Score -> value, or more of it; scores that are undefined are null."""
Numbers = dict[str, float | None]


class StoredLevel(Part):
    """Scores of units at one level of classes."""

    classes: tuple[str, ...]
    scores: Scores | None
    intervals: Scores
    n_unknown: Count
    confusion: tuple[tuple[Count, ...], ...]


class StoredUnits(StoredLevel):
    """Scores of units: those of the finest level, and of every level by name."""

    name: Literal["event", "recording", "patient"]
    n: Count
    levels: dict[str, StoredLevel]


class StoredEvents(Part):
    """Scores of detections."""

    scorers: dict[str, Scores]
    agreement: Scores
    latency: Numbers
    alarm_curve: Scores | None
    n_seizures: Count
    n_subjects_with_seizures: Count
    ilae: str
    nan_policy: str
    standard: str
    undefined: str | None
    n_subjects: Count
    n_recordings_scored: Count
    n_recordings_too_short: Count
    n_seizures_too_short: Count
    n_detections_too_short: Count
    shortest_s: float
    n_outside: dict[Literal["reference", "hypothesis"], Count]


class StoredDetections(Part):
    """What was detected, whether or not there is a reference."""

    n: Count
    n_recordings: Count
    n_recordings_with: Count
    n_recordings_unlabelled: Count
    n_in_unlabelled: Count
    duration_s: float
    per_day: float | None


class StoredScores(Part):
    """All scores of an evaluation, as ``metrics.json`` holds them."""

    windows: Scores
    window_intervals: Scores
    per_subject: dict[str, Scores]
    subject_means: dict[str, Scores]
    units: StoredUnits | None
    events: StoredEvents | None
    detections: StoredDetections | None
    subgroups: tuple[Scores, ...]


class _Levels(OpenPart):
    levels: dict[str, Numbers]


class LabelFacts(BenchmarkedFacts):
    """Scores in short that the manifest holds, and a benchmark reads."""

    windows: Scores
    units: _Levels | None
    events: Numbers | None
    detections: StoredDetections | None


class _TreeScores(Part):
    events: StoredEvents
    detections: StoredDetections


STORED_SCORES = TypeAdapter(StoredScores)


BASELINE_CONTRACT = Contract(
    BASELINE,
    parts={
        PREDICTIONS: partial(read_table, view=Predictions),
        SCORES: partial(read_json, schema=STORED_SCORES),
    },
    others=ROBUSTNESS_PARTS,
    facts=LabelFacts,
    whole=partial(require_facts, view=Predictions, facts=score_facts),
)
"""What a cell of a benchmark holds that a baseline made."""
TREES_CONTRACT = Contract(
    EVALUATION,
    parts={SCORES: partial(read_json, schema=TypeAdapter(_TreeScores))},
    others={FAULTS: partial(read_text_table, cells=FAULTS_CELLS)},
    facts=ScoredFacts,
)
"""What an evaluation of event tables of another system holds, which has no windows."""
