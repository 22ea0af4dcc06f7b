"""Compute how much better one system is than another, relatively.

Both are scored under the same draws of subjects, so that intervals are of the paired gain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.corrupted.robustness import Drawn, number
from eegssl.scoring.corrupted.subject_weights import LOWER_IS_BETTER
from eegssl.scoring.corrupted.system_answers import EVENT_SCORES
from eegssl.scoring.statistics.bootstrap import intervals_of

Floats = NDArray[np.float64]
OF_METRICS = ("auroc", "balanced_accuracy", "mae", *EVENT_SCORES)
"""The scores that have a zero to count shares from; a rank correlation may be 0."""


@dataclass(frozen=True)
class Gain:
    """A system's score over another's, at one severity or in the area under the curve."""

    kind: str
    severity: str
    metric: str
    score: float | None
    other: float | None
    gain: float | None
    """Relative: 0.2 is a fifth better, of an error a fifth less."""
    low: float | None
    high: float | None
    subjects: int
    note: str
    """Why there is no interval; empty where there is one."""


def gains(ours: Drawn, theirs: Drawn) -> Iterator[Gain]:
    """Each gain of one system over another that was drawn with the same subjects.

    Raises ValueError where these differ.
    """
    if ours.subjects != theirs.subjects:
        raise ValueError("both systems need the same subjects in the same order")
    for (kind, severity, metric), own in ours.values.items():
        other = theirs.values.get((kind, severity, metric))
        if metric not in OF_METRICS or other is None:
            continue
        values = relative_gain(own, other, metric)
        both = (ours.counts[kind, metric], theirs.counts[kind, metric])
        deciding = min(of.decide for of in both)
        one = intervals_of(values, len(ours.subjects), deciding)["percentile"]
        yield Gain(
            kind,
            severity,
            metric,
            number(own[0]),
            number(other[0]),
            number(values[0]),
            one.low,
            one.high,
            min(of.subjects for of in both),
            one.reason or one.note,
        )


def relative_gain(ours: Floats, theirs: Floats, metric: str) -> Floats:
    """Gains of scores [R] over others, as shares of these; NaN where these are 0 or none."""
    better = theirs - ours if metric in LOWER_IS_BETTER else ours - theirs
    return np.divide(better, theirs, out=np.full(len(theirs), np.nan), where=theirs > 0)
