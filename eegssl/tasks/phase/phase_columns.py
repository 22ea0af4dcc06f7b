"""Fill a benchmark's rows for phases, as means over bands."""

from collections.abc import Mapping
from typing import Any

from eegssl.reports.benchmark.score_columns import PerUnit, ScoreColumn, error
from eegssl.scoring.means import mean_of_defined
from eegssl.tasks.benchmarked import Benchmarked, ColumnScores
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import BASES

_SOURCES = {
    "phase_mae_deg": "mae_deg",
    "phase_locking": "phase_locking",
    "share_within_45_deg": "share_within_45_deg",
    "frequency_mae_hz": "frequency_mae_hz",
}
"""Column -> score of a band."""


class PhaseScores(Benchmarked):
    """Errors of phase and frequency, each evaluation shows them band by band."""

    columns = (
        error("phase_mae_deg", "Phase error (°)"),
        ScoreColumn("phase_locking", "Phase locking"),
        ScoreColumn("share_within_45_deg", "Within 45°"),
        error("frequency_mae_hz", "Frequency error (Hz)"),
    )
    compared = tuple(column for column in columns if column.lower_is_better)

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, ColumnScores]:
        """Means over the bands of each method."""
        return {method: _means(bands, _SOURCES) for method, bands in facts["phase"].items()}

    def by_subject(self, metrics: Mapping[str, Any]) -> Mapping[str, PerUnit]:
        """The same of each subject."""
        sources = {column.name: _SOURCES[column.name] for column in self.compared}
        by_method: dict[str, dict[str, ColumnScores]] = {}
        for subject, methods in metrics["per_subject"].items():
            for method, bands in methods.items():
                by_method.setdefault(method, {})[subject] = _means(bands, sources)
        return by_method

    def methods(self, task: PhaseTaskConfig) -> tuple[str, ...]:
        """Both, in every evaluation."""
        return BASES


def _means(bands: Mapping[str, Any], sources: Mapping[str, str]) -> ColumnScores:
    return {
        name: mean_of_defined([scores[score] for scores in bands.values()])
        for name, score in sources.items()
    }
