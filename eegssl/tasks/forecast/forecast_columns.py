"""Fill a benchmark's rows for forecasts, whose evaluations hold model and baselines."""

from collections.abc import Mapping
from typing import Any

from eegssl.reports.benchmark.score_columns import PerUnit, error
from eegssl.tasks.benchmarked import Benchmarked, Scores
from eegssl.tasks.forecast.config import ForecastTaskConfig

_SOURCES = {
    "mae_uv": ("uv", "mae"),
    "mse_uv": ("uv", "mse"),
    "mae_zscore": ("zscore", "mae"),
    "mse_zscore": ("zscore", "mse"),
    "mae_over_persistence": ("uv", "mae_over_persistence"),
}
"""Column -> unit and score of a method."""


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

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, Scores]:
        """Errors of each method."""
        return {
            method: {name: units[unit][score] for name, (unit, score) in _SOURCES.items()}
            for method, units in facts["forecast"].items()
        }

    def by_subject(self, metrics: Mapping[str, Any]) -> Mapping[str, PerUnit]:
        """Errors of each method and subject."""
        sources = {column.name: _SOURCES[column.name] for column in self.compared}
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
