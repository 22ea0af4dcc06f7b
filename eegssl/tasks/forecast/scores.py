"""Score a table of forecasts: every method, unit and grouping."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import Count, OpenPart
from eegssl.reports.benchmark.score_columns import PerUnit, error
from eegssl.scoring.compare import compare_pairs
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.forecasts.forecast_sums import Scores, scores_of
from eegssl.tasks.benchmarked import Benchmarked, ColumnScores
from eegssl.tasks.forecast.config import ForecastTaskConfig
from eegssl.tasks.forecast.error_sums import Forecasts
from eegssl.tasks.jobs import BenchmarkedFacts

COMPARED = ("mae", "mse")
_OVERALL = ("mae", "mse", "mae_over_persistence")
_OF_SUBJECT = (
    *(*_OVERALL, "r2", "pearson", "log_psd_distance_db"),
    *("rmse", "nrmse", "mase", "undefined"),
)
Span = tuple[float, float]


@dataclass(frozen=True)
class ForecastReport:
    """All scores of a table; ``methods`` by name and unit, ``comparisons`` of the model with each
    baseline, subject by subject."""

    methods: dict[str, dict[str, dict[str, Any]]]
    comparisons: list[dict[str, Any]]
    model: str
    n_subjects: int
    n_recordings: int
    n_windows: int

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "methods": self.methods,
            "comparisons": self.comparisons,
            "n_subjects": self.n_subjects,
            "n_recordings": self.n_recordings,
            "n_windows": self.n_windows,
        }

    @property
    def baselines(self) -> tuple[str, ...]:
        """The other methods, in order."""
        return tuple(name for name in self.methods if name != self.model)

    @property
    def spans(self) -> list[Span]:
        """The stretches of the horizon in seconds."""
        rows = self.methods[self.model]["uv"]["per_stretch"]
        return [(row["from_s"], row["to_s"]) for row in rows]

    def comparison(self, baseline: str, unit: str, metric: str, span: Span) -> dict[str, Any]:
        """The model against one baseline over one span."""
        wanted = (baseline, unit, metric, *span)
        names = ("against", "unit", "metric", "from_s", "to_s")
        return next(c for c in self.comparisons if tuple(c[n] for n in names) == wanted)


class _Grouped:
    """A table's rows by method, unit and span, summed as asked."""

    def __init__(self, table: Forecasts) -> None:
        self.table = table
        self.codes = {
            name: np.unique(table.keys[name].astype(str), return_inverse=True)
            for name in ("subject", "channel")
        }

    @cached_property
    def rows(self) -> dict[tuple[str, str, str, float, float], NDArray[np.int64]]:
        """Places of the rows of each method, unit, part and span."""
        keys = self.table.keys
        names = zip(
            *(keys[n].tolist() for n in ("method", "unit", "part", "from_s", "to_s")), strict=True
        )
        places_of: dict[Any, list[int]] = {}
        for k, name in enumerate(names):
            places_of.setdefault(name, []).append(k)
        return {name: np.array(places) for name, places in places_of.items()}

    def scores(self, places: NDArray[np.int64]) -> Scores:
        """The scores of these rows taken together, about the means of each channel."""
        _, code = self.codes["channel"]
        sums = {
            n: np.bincount(code[places], v[places]).astype(np.float64)
            for n, v in self.table.sums.items()
        }
        there = sums["n"] > 0
        return scores_of({n: v[there] for n, v in sums.items()}, self.table.about["bands"])

    def by(self, name: str, places: NDArray[np.int64]) -> dict[str, Scores]:
        """The scores of these rows for each subject or channel."""
        names, code = self.codes[name]
        mine = code[places]
        return {str(names[k]): self.scores(places[mine == k]) for k in np.unique(mine)}


def score_forecasts(table: Forecasts, config: ScoringConfig, seed: int) -> ForecastReport:
    """Every score of a table, the only source of them."""
    grouped, about = _Grouped(table), table.about
    methods: dict[str, dict[str, dict[str, Any]]] = {}
    subjects: dict[tuple[str, str, Span], dict[str, Scores]] = {}
    for (method, unit, part, *ends), places in grouped.rows.items():
        own = methods.setdefault(method, {}).setdefault(unit, {"per_stretch": []})
        span = (float(ends[0]), float(ends[1]))
        scores, per_subject = grouped.scores(places), grouped.by("subject", places)
        if part == "whole":
            own["overall"] = scores
            own["per_channel"] = grouped.by("channel", places)
            own["per_subject"] = {
                s: {n: v for n, v in one.items() if n in _OF_SUBJECT}
                for s, one in per_subject.items()
            }
        else:
            own["per_stretch"].append({"from_s": span[0], "to_s": span[1], **scores})
        subjects[method, unit, span] = per_subject
    for own in (h for of_units in methods.values() for h in of_units.values()):
        own["per_stretch"].sort(key=lambda row: row["from_s"])
    keys = table.keys
    one = (keys["method"] == about["model"]) & (keys["unit"] == "uv") & (keys["part"] == "whole")
    windows = dict(zip(keys["recording"][one], table.sums["n_series"][one], strict=True))
    return ForecastReport(
        {name: methods[name] for name in about["methods"]},
        _comparisons(subjects, about, config, seed),
        about["model"],
        len(set(keys["subject"].tolist())),
        len(windows),
        round(sum(windows.values())),
    )


def _comparisons(
    subjects: Mapping[tuple[str, str, Span], Mapping[str, Scores]],
    about: Mapping[str, Any],
    config: ScoringConfig,
    seed: int,
) -> list[dict[str, Any]]:
    """The model less each baseline, subject by subject: below 0 the model errs less.

    Holm adjusts over the baselines of one unit, metric and span.
    """
    model, compared = about["model"], []
    for unit, span in sorted({(unit, span) for _, unit, span in subjects}):
        own = subjects[model, unit, span]
        for metric in COMPARED:
            ours = [own[subject][metric] for subject in sorted(own)]
            pairs = {
                name: (ours, [subjects[name, unit, span][s][metric] for s in sorted(own)])
                for name in about["methods"]
                if name != model
            }
            resamples = config.bootstrap_resamples
            for name, one in compare_pairs(pairs, seed=seed, n_resamples=resamples).items():
                compared.append(
                    {
                        "against": name,
                        "unit": unit,
                        "metric": metric,
                        "from_s": span[0],
                        "to_s": span[1],
                        "n_subjects": one.n,
                        "n_better": one.n_below,
                        **one.statistics(),
                    }
                )
    return compared


def forecast_facts(table: Forecasts, metrics: Mapping[str, Any]) -> dict[str, Any]:
    """A few scores of each method and unit, for a manifest, of `ForecastReport.as_dict`."""
    overall = {
        method: {unit: {n: own["overall"][n] for n in _OVERALL} for unit, own in of_units.items()}
        for method, of_units in metrics["methods"].items()
    }
    own = metrics["methods"][table.about["model"]]["uv"]
    return {
        "forecast": overall,
        "stretches_s": [[row["from_s"], row["to_s"]] for row in own["per_stretch"]],
        "subjects": sorted(own["per_subject"]),
        "windows": {"n": metrics["n_windows"]},
        "recordings": metrics["n_recordings"],
        "split_hash": table.split_hash,
        **{name: table.about[name] for name in ("synthetic", "within_subject", "leaks")},
    }


_COLUMNS = {
    "mae_uv": ("uv", "mae"),
    "mse_uv": ("uv", "mse"),
    "mae_zscore": ("zscore", "mae"),
    "mse_zscore": ("zscore", "mse"),
    "mae_over_persistence": ("uv", "mae_over_persistence"),
}
"""Column -> unit and score of a method."""


class _Errors(OpenPart):
    mae: float | None
    mse: float | None
    mae_over_persistence: float | None


class _Units(OpenPart):
    uv: _Errors
    zscore: _Errors


class _OfSubject(OpenPart):
    mae: float | None
    mse: float | None


class _OfSubjects(OpenPart):
    per_subject: dict[str, _OfSubject]


class _Method(OpenPart):
    uv: _OfSubjects
    zscore: _OfSubjects


class _Metrics(OpenPart):
    methods: dict[str, _Method]


STORED_SCORES = TypeAdapter(_Metrics)
"""Of ``metrics.json``, what a benchmark reads."""


class ForecastFacts(BenchmarkedFacts):
    """The facts that a benchmark reads."""

    windows: dict[str, Count]
    forecast: dict[str, _Units]


class ForecastScores(Benchmarked):
    """Errors over the whole horizon, of the model and of every baseline."""

    columns = (
        error("mae_uv", "Mean absolute error (µV)"),
        error("mse_uv", "Mean squared error (µV²)"),
        error("mae_zscore", "Mean absolute error (z)"),
        error("mse_zscore", "Mean squared error (z²)"),
        error("mae_over_persistence", "Error over persistence's"),
    )
    compared = tuple(column for column in columns if column.name in ("mae_uv", "mse_zscore"))

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, ColumnScores]:
        """Errors of each method."""
        return {
            method: {name: units[unit][score] for name, (unit, score) in _COLUMNS.items()}
            for method, units in facts["forecast"].items()
        }

    def by_subject(self, metrics: Mapping[str, Any]) -> Mapping[str, PerUnit]:
        """Errors of each method and subject."""
        sources = {column.name: _COLUMNS[column.name] for column in self.compared}
        return {
            method: {
                subject: {
                    name: units[unit]["per_subject"][subject][score]
                    for name, (unit, score) in sources.items()
                }
                for subject in units["uv"]["per_subject"]
            }
            for method, units in metrics["methods"].items()
        }

    def methods(self, task: ForecastTaskConfig) -> tuple[str, ...]:
        """The baselines that the task names."""
        return task.baselines.methods

    def without_baselines(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The cheapest baseline alone."""
        baselines = {**overrides.get("baselines", {}), "methods": ["persistence"]}
        return {**overrides, "baselines": baselines}
