"""Score curves over the severity of corruptions, and the areas under them."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.corrupted.subject_weights import deciding, scores_of
from eegssl.scoring.corrupted.system_answers import EVENT_SCORES, SystemAnswers
from eegssl.scoring.statistics.bootstrap import all_weights, intervals_of

Floats = NDArray[np.float64]
Curve = Mapping[int, SystemAnswers]
"""Severity, 0 for the clean recordings -> answers for the same units."""
Curves = Mapping[str, Curve]
"""Kind of corruption -> curve."""
AREA = "area"
"""In place of a severity: the mean score over all of them, by the area under the curve."""

MEAN = "mean"
"""In place of a kind: the mean score over all kinds."""


@dataclass(frozen=True)
class Point:
    """A score at one severity, or the area under its curve."""

    kind: str
    severity: str
    """0 to 5, or `AREA`."""
    metric: str
    score: float | None
    low: float | None
    high: float | None
    """Ends of the 95 % interval (percentiles of a bootstrap over subjects)."""
    units: int
    subjects: int
    note: str
    """Why there is no interval; empty where there is one."""


POINT_NAMES = tuple(f.name for f in fields(Point))


@dataclass(frozen=True)
class Counts:
    """What a score is of: ``units``, ``subjects`` that have some, and those that ``decide`` it.

    Of events, units are recordings, and the subjects those with the score at every severity.
    """

    units: int
    subjects: int
    decide: int


@dataclass(frozen=True)
class Drawn:
    """Scores of one system under the same draws of subjects.

    ``values`` [1 + R + S] by (kind, severity or `AREA`, metric): of all subjects, of each resample,
    and without each subject. ``counts`` by kind and metric.
    """

    subjects: tuple[str, ...]
    values: dict[tuple[str, str, str], Floats] = field(repr=False)
    counts: dict[tuple[str, str], Counts]

    def with_mean(self) -> "Drawn":
        """The same with `MEAN`, the mean over kinds, of scores that all of several kinds have."""
        kinds = list(dict.fromkeys(kind for kind, _ in self.counts))
        metrics = list(dict.fromkeys(metric for _, metric in self.counts))
        if len(kinds) < 2:
            return self
        means, counts = dict[tuple[str, str, str], Floats](), dict[tuple[str, str], Counts]()
        for metric in metrics:
            own = [self.counts[kind, metric] for kind in kinds if (kind, metric) in self.counts]
            if len(own) < len(kinds):
                continue
            counts[MEAN, metric] = Counts(
                max(one.units for one in own),
                max(one.subjects for one in own),
                min(one.decide for one in own),
            )
            for severity in dict.fromkeys(severity for _, severity, _ in self.values):
                of_kinds = [self.values[kind, severity, metric] for kind in kinds]
                means[MEAN, severity, metric] = _mean(of_kinds)
        return Drawn(self.subjects, means | self.values, counts | self.counts)

    def points(self) -> list[Point]:
        """All scores with their intervals."""
        return [self._point(*key, values) for key, values in self.values.items()]

    def _point(self, kind: str, severity: str, metric: str, values: Floats) -> Point:
        of = self.counts[kind, metric]
        one = intervals_of(values, len(self.subjects), of.decide)["percentile"]
        ends = (number(values[0]), one.low, one.high)
        return Point(kind, severity, metric, *ends, of.units, of.subjects, one.reason or one.note)


def drawn_scores(
    runs: Mapping[Hashable, Curves], subjects: Sequence[str], seed: int, n_resamples: int
) -> Drawn:
    """Scores of a system under ``n_resamples`` draws of subjects, means over its runs.

    Where a draw leaves a run without a score, its other runs count.
    """
    weights = all_weights(len(subjects), n_resamples, seed)
    parts: dict[tuple[str, str, str], list[Floats]] = {}
    by_kind: dict[str, list[Curve]] = {}
    for curves in runs.values():
        for kind, curve in curves.items():
            by_kind.setdefault(kind, []).append(curve)
            scored = {
                severity: {name: score(weights) for name, score in scores_of(a, subjects).items()}
                for severity, a in curve.items()
            }
            for metric in scored[0]:
                of_metric = {severity: values[metric] for severity, values in scored.items()}
                for severity, values in of_metric.items():
                    parts.setdefault((kind, str(severity), metric), []).append(values)
                parts.setdefault((kind, AREA, metric), []).append(area(of_metric))
    places = dict.fromkeys((kind, metric) for kind, _, metric in parts)
    return Drawn(
        tuple(subjects),
        {key: _mean(values) for key, values in parts.items()},
        {(kind, metric): _counts(by_kind[kind], metric) for kind, metric in places},
    )


def _counts(runs: Sequence[Curve], metric: str) -> Counts:
    """What a score is of, in the curves of several runs of one kind."""
    if metric in EVENT_SCORES:
        events = [[one.events for one in curve.values() if one.events] for curve in runs]
        recordings = {name for own in events for one in own for name in one.recordings}
        having = [set.intersection(*(one.having(metric) for one in own)) for own in events if own]
        n = len(set().union(*having))
        return Counts(len(recordings), n, n)
    clean = [curve[0].units for curve in runs]
    units = {i for one in clean for i in one.ids}
    subjects = {name for one in clean for name in one.subjects}
    return Counts(len(units), len(subjects), deciding(clean))


def area(by_severity: Mapping[int, Floats]) -> Floats:
    """The area [R] under curves of scores [R] by severity, over the span of severities.

    By trapezoids: of a curve that stays as it is, the score itself.
    """
    severities = sorted(by_severity)
    values = np.stack([by_severity[severity] for severity in severities])
    widths = np.diff(severities)[:, None]
    steps = (values[1:] + values[:-1]) / 2 * widths
    return np.asarray(steps.sum(axis=0) / widths.sum())


def subjects_of(curves: Iterable[Curves]) -> tuple[str, ...]:
    """The subjects of these curves, each once, sorted."""
    names = (curve[0].subjects for one in curves for curve in one.values())
    return tuple(sorted(set().union(*names)))


def number(value: Any) -> float | None:
    """A plain number; None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _mean(values: Sequence[Floats]) -> Floats:
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(axis=0)
    n = known.sum(axis=0)
    return np.divide(total, n, out=np.full(len(total), np.nan), where=n > 0)
