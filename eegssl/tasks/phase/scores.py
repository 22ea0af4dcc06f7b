"""Score a table of forecast phases."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.reports.benchmark.score_columns import PerUnit, ScoreColumn, error
from eegssl.scoring.compare import compare_pairs
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.forecasts.circular import phase_scores, phase_scores_by_amplitude
from eegssl.scoring.means import mean_of_defined
from eegssl.tasks.benchmarked import MODEL_METHOD, Benchmarked, ColumnScores
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import BASES
from eegssl.tasks.phase.phase_rows import PhasePredictions

HORIZONS_S = (0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 12.0, 20.0, 30.0)
"""Where the stretches of the horizon end (ours)."""
METHOD_WORDS = {"rotation": "φ₀ + 2πft", "ar": "AR + Hilbert", MODEL_METHOD: "model"}
"""What a method is called on a page."""
SCORES = ("mae_deg", "bias_deg", "phase_locking", "share_within_45_deg")
NEAR_S = 1.0
"""Differences by subject are of errors up to this lead time, and of all (ours)."""
_COMPARED = ("mae_deg", "near_mae_deg", "frequency_mae_hz")

BandScores = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """The model's score less a baseline's in one band: its mean over subjects, below 0 is better.

    The interval is a bootstrap over subjects (BCa), p that of a paired permutation over subjects,
    ``p_holm`` adjusted for all differences of this score.
    """

    score: str
    band: str
    against: str
    n_subjects: int
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class AllPhaseScores:
    """Scores of each method and band (`eegssl.tasks.phase.scores`), of each subject too."""

    methods: dict[str, dict[str, BandScores]]
    per_subject: dict[str, dict[str, dict[str, dict[str, float | None]]]]
    """Subject -> method -> band -> a few scores."""
    differences: list[Difference]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return {
            "methods": self.methods,
            "per_subject": self.per_subject,
            "differences": [one.as_dict() for one in self.differences],
        }

    def facts(self) -> dict[str, Any]:
        """Method -> band -> the scores over all lead times, for a manifest."""
        return {
            method: {
                band: {name: scores["phase"][name] for name in SCORES}
                | {"frequency_mae_hz": scores["frequency_mae_hz"]}
                for band, scores in bands.items()
            }
            for method, bands in self.methods.items()
        }


def score_phase_table(table: PhasePredictions, config: ScoringConfig, seed: int) -> AllPhaseScores:
    """Score a table of forecast phases; nothing but the table is read."""
    bands, subjects = list(table.bands), sorted(set(table.subject))
    names, of_band = np.array(table.subject), np.array(table.band)
    methods: dict[str, dict[str, BandScores]] = {name: {} for name in table.methods}
    per_subject: dict[str, dict[str, dict[str, dict[str, float | None]]]] = {
        subject: {name: {} for name in table.methods} for subject in subjects
    }
    for band in bands:
        part, who = table.subset(of_band == band), names[of_band == band]
        for name in table.methods:
            methods[name][band] = _of_band(part, name)
            for subject in subjects:
                own = _of_subject(part, name, who == subject)
                per_subject[subject][name][band] = own
    differences = [
        one
        for score in _COMPARED
        for one in _differences(per_subject, score, bands, list(table.methods), config, seed)
    ]
    return AllPhaseScores(methods, per_subject, differences)


def rate_of(table: PhasePredictions) -> float:
    """Lead times a second."""
    lead_s = table.lead_s
    return 1.0 if len(lead_s) < 2 else float(1 / (lead_s[1] - lead_s[0]))


def band_scores(
    true_rad: NDArray[np.float64],
    true_uv: NDArray[np.float64],
    rad: NDArray[np.float64],
    off_hz: NDArray[np.float64],
    oscillates: NDArray[np.bool_],
    rate_hz: float,
    strata: int,
) -> dict[str, Any]:
    """Scores of one band: phases and amplitudes [n, T] at a rate, frequency errors [n], and whether
    each series oscillates [n].

    - ``phase``: all samples; ``by_amplitude``: by strata of the true amplitude; ``per_horizon``:
      by stretches that say ``from_s`` and ``to_s`` (see `eegssl.scoring.forecasts.circular`).
    - ``frequency_mae_hz``, over the ``n_oscillating`` series that oscillate in this band over the
      target; None where none does. ``phase_where_oscillating`` is of the same series.
    """
    n_samples = true_rad.shape[-1]
    inner = {round(s * rate_hz) for s in HORIZONS_S}
    edges = [0, *sorted(e for e in inner if 0 < e < n_samples), n_samples]
    by_amplitude = phase_scores_by_amplitude(true_rad, rad, true_uv, strata)
    return {
        "n_series": len(true_rad),
        "n_oscillating": int(oscillates.sum()),
        "frequency_mae_hz": float(off_hz[oscillates].mean()) if oscillates.any() else None,
        "phase": asdict(phase_scores(true_rad, rad)),
        "phase_where_oscillating": asdict(phase_scores(true_rad[oscillates], rad[oscillates])),
        "by_amplitude": [asdict(stratum) for stratum in by_amplitude],
        "per_horizon": [
            {"from_s": a / rate_hz, "to_s": b / rate_hz}
            | asdict(phase_scores(true_rad[:, a:b], rad[:, a:b]))
            for a, b in pairwise(edges)
        ],
    }


def _of_band(part: PhasePredictions, method: str) -> BandScores:
    forecast = part.methods[method]
    off_hz = np.abs(forecast.hz - part.true_hz)
    strata = int(part.about["strata"])
    return band_scores(
        part.true_rad, part.true_uv, forecast.rad, off_hz, part.oscillates, rate_of(part), strata
    )


def _of_subject(
    part: PhasePredictions, method: str, mine: NDArray[np.bool_]
) -> dict[str, float | None]:
    """A subject's scores in one band, over all lead times, and the error of the first second."""
    forecast, near = part.methods[method], part.lead_s < NEAR_S
    truth, rad = part.true_rad[mine], forecast.rad[mine]
    off_hz = np.abs(forecast.hz - part.true_hz)[mine & part.oscillates]
    scores = asdict(phase_scores(truth, rad))
    return {name: scores[name] for name in SCORES} | {
        "near_mae_deg": phase_scores(truth[:, near], rad[:, near]).mae_deg,
        "frequency_mae_hz": float(off_hz.mean()) if len(off_hz) else None,
    }


def _differences(
    per_subject: Mapping[str, Mapping[str, Mapping[str, Mapping[str, float | None]]]],
    score: str,
    bands: list[str],
    methods: list[str],
    config: ScoringConfig,
    seed: int,
) -> list[Difference]:
    """The model less each baseline in each band, subject by subject."""
    scores_of = {
        (band, name): [bands_of[name][band][score] for bands_of in per_subject.values()]
        for band in bands
        for name in methods
    }
    pairs = {
        (band, name): (scores_of[band, MODEL_METHOD], scores)
        for (band, name), scores in scores_of.items()
        if name != MODEL_METHOD
    }
    compared = compare_pairs(pairs, seed=seed, n_resamples=config.bootstrap_resamples)
    return [
        Difference(score, band, against, one.n, **one.statistics())
        for (band, against), one in compared.items()
    ]


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
