"""Score curves over the severity of corruptions, and the areas under them."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.corrupted.subject_weights import deciding, scores_of
from eegssl.scoring.statistics.bootstrap import all_weights, intervals_of
from eegssl.scoring.unit_effects import UnitAnswers

Floats = NDArray[np.float64]
Curves = Mapping[str, Mapping[int, UnitAnswers]]
"""Kind of corruption -> severity, 0 for the clean recordings -> answers for the same units."""
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
class Drawn:
    """Scores of one system under the same draws of subjects.

    ``values`` [1 + R + S] by (kind, severity or `AREA`, metric): of all subjects, of each resample,
    and without each subject. ``units`` and ``deciding`` subjects are counted by kind.
    """

    subjects: tuple[str, ...]
    values: dict[tuple[str, str, str], Floats] = field(repr=False)
    units: dict[str, int]
    deciding: dict[str, int]
    with_units: dict[str, int]

    def interval(self, kind: str, values: Floats) -> tuple[float | None, float | None, str]:
        """Both ends of the interval of values [1 + R + S], or why there is none."""
        one = intervals_of(values, len(self.subjects), self.deciding[kind])["percentile"]
        return one.low, one.high, one.reason or one.note

    def with_mean(self) -> "Drawn":
        """The same with `MEAN`, the mean over kinds, where there are several."""
        kinds = list(self.units)
        if len(kinds) < 2:
            return self
        mean = {
            (MEAN, severity, metric): _mean([self.values[k, severity, metric] for k in kinds])
            for kind, severity, metric in self.values
            if kind == kinds[0]
        }
        counts = (
            {**of_kinds, MEAN: choose(of_kinds.values())}
            for of_kinds, choose in (
                (self.units, max),
                (self.deciding, min),
                (self.with_units, max),
            )
        )
        return Drawn(self.subjects, {**mean, **self.values}, *counts)

    def points(self) -> list[Point]:
        """All scores with their intervals."""
        return [
            Point(
                kind,
                severity,
                metric,
                number(values[0]),
                *self.interval(kind, values)[:2],
                self.units[kind],
                self.with_units[kind],
                self.interval(kind, values)[2],
            )
            for (kind, severity, metric), values in self.values.items()
        ]


def drawn_scores(
    runs: Mapping[Hashable, Curves], subjects: Sequence[str], seed: int, n_resamples: int
) -> Drawn:
    """Scores of a system under ``n_resamples`` draws of subjects, means over its runs.

    Where a draw leaves a run without a score, its other runs count.
    """
    weights = all_weights(len(subjects), n_resamples, seed)
    parts: dict[tuple[str, str, str], list[Floats]] = {}
    clean: dict[str, list[UnitAnswers]] = {}
    for curves in runs.values():
        for kind, curve in curves.items():
            clean.setdefault(kind, []).append(curve[0])
            scored = {
                severity: {name: score(weights) for name, score in scores_of(a, subjects).items()}
                for severity, a in curve.items()
            }
            for metric in scored[0]:
                of_metric = {severity: values[metric] for severity, values in scored.items()}
                for severity, values in of_metric.items():
                    parts.setdefault((kind, str(severity), metric), []).append(values)
                parts.setdefault((kind, AREA, metric), []).append(area(of_metric))
    return Drawn(
        tuple(subjects),
        {key: _mean(values) for key, values in parts.items()},
        {kind: len({i for one in same for i in one.ids}) for kind, same in clean.items()},
        {kind: deciding(same) for kind, same in clean.items()},
        {
            kind: len({s for one in runs_of for s in one.subjects})
            for kind, runs_of in clean.items()
        },
    )


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
    return tuple(sorted({s for one in curves for curve in one.values() for s in curve[0].subjects}))


def number(value: Any) -> float | None:
    """A plain number; None where it is not finite."""
    return float(value) if np.isfinite(value) else None


def _mean(values: Sequence[Floats]) -> Floats:
    stacked = np.stack(values)
    known = np.isfinite(stacked)
    total = np.where(known, stacked, 0).sum(axis=0)
    n = known.sum(axis=0)
    return np.divide(total, n, out=np.full(len(total), np.nan), where=n > 0)
