"""Score forecast frequencies and phases by band, horizon and amplitude."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import Count, OpenPart
from eegssl.reports.benchmark.score_columns import PerUnit, ScoreColumn, error
from eegssl.scoring.compare import compare_pairs
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.forecasts.circular import phase_scores, phase_scores_by_amplitude
from eegssl.scoring.means import mean_of_defined
from eegssl.tasks.benchmarked import MODEL_METHOD, Benchmarked, ColumnScores
from eegssl.tasks.jobs import BenchmarkedFacts
from eegssl.tasks.phase.config import PhaseTaskConfig
from eegssl.tasks.phase.data import BASES
from eegssl.tasks.phase.phase_rows import PhasePredictions

HORIZONS_S = (0.125, 0.25, 0.5, 1.0, 2.0, 5.0, 12.0, 20.0, 30.0)
"""Ends of the stretches of the horizon (ours)."""
METHOD_WORDS = {"rotation": "φ₀ + 2πft", "ar": "AR + Hilbert", MODEL_METHOD: "model"}
"""Names of methods on a page."""
SCORES = ("mae_deg", "bias_deg", "phase_locking", "share_within_45_deg")
NEAR_S = 1.0
"""Differences by subject are of errors up to this lead time, and of all (ours)."""
_COMPARED = ("mae_deg", "near_mae_deg", "frequency_mae_hz")

SubjectScores = dict[str, dict[str, dict[str, ColumnScores]]]
"""Subject -> method -> band -> a few scores."""


@dataclass(frozen=True)
class AllPhaseScores:
    """Scores of each method and band (`band_scores`), of each subject too.

    ``differences`` are of the model's ``score`` less that of the method it stands ``against`` in a
    ``band``, over ``n_subjects``: `PairedDifference.statistics`; below 0 the model is better.
    """

    methods: dict[str, dict[str, dict[str, Any]]]
    per_subject: SubjectScores
    differences: list[dict[str, Any]]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values for JSON."""
        return dict(vars(self))


def phase_facts(methods: Mapping[str, Any]) -> dict[str, Any]:
    """Method -> band -> the scores over all lead times, for a manifest."""
    return {
        method: {
            band: {name: scores["phase"][name] for name in SCORES}
            | {"frequency_mae_hz": scores["frequency_mae_hz"]}
            for band, scores in bands.items()
        }
        for method, bands in methods.items()
    }


def score_phase_table(table: PhasePredictions, config: ScoringConfig, seed: int) -> AllPhaseScores:
    """Score a table of forecast phases; nothing but the table is read."""
    bands, subjects = list(table.bands), sorted(set(table.subject))
    names, of_band = np.array(table.subject), np.array(table.band)
    lead_s, strata = table.lead_s, int(table.about["strata"])
    rate_hz = 1.0 if len(lead_s) < 2 else float(1 / (lead_s[1] - lead_s[0]))
    methods: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in table.methods}
    per_subject: SubjectScores = {
        subject: {name: {} for name in table.methods} for subject in subjects
    }
    for band in bands:
        part, who = table.subset(of_band == band), names[of_band == band]
        truth = (part.true_rad, part.true_uv)
        for name, forecast in part.methods.items():
            off_hz = np.abs(forecast.hz - part.true_hz)
            methods[name][band] = band_scores(
                *truth, forecast.rad, off_hz, part.oscillates, rate_hz, strata
            )
            for subject in subjects:
                own = _of_subject(part, name, who == subject)
                per_subject[subject][name][band] = own
    baselines = [name for name in table.methods if name != MODEL_METHOD]
    places = [(band, name) for band in bands for name in baselines]
    differences = [
        one for score in _COMPARED for one in _differences(per_subject, score, places, config, seed)
    ]
    return AllPhaseScores(methods, per_subject, differences)


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


def _of_subject(part: PhasePredictions, method: str, mine: NDArray[np.bool_]) -> ColumnScores:
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
    per_subject: SubjectScores,
    score: str,
    places: Sequence[tuple[str, str]],
    config: ScoringConfig,
    seed: int,
) -> list[dict[str, Any]]:
    """The model less each baseline at these bands and baselines, subject by subject."""

    def of(method: str, band: str) -> list[float | None]:
        return [methods[method][band][score] for methods in per_subject.values()]

    pairs = {(band, name): (of(MODEL_METHOD, band), of(name, band)) for band, name in places}
    compared = compare_pairs(pairs, seed=seed, n_resamples=config.bootstrap_resamples)
    return [
        {"score": score, "band": band, "against": name, "n_subjects": one.n, **one.statistics()}
        for (band, name), one in compared.items()
    ]


_SOURCES = {
    "phase_mae_deg": "mae_deg",
    "phase_locking": "phase_locking",
    "share_within_45_deg": "share_within_45_deg",
    "frequency_mae_hz": "frequency_mae_hz",
}
"""Column -> score of a band."""


class _Band(OpenPart):
    mae_deg: float | None
    phase_locking: float | None
    share_within_45_deg: float | None
    frequency_mae_hz: float | None


class _OfSubject(OpenPart):
    mae_deg: float | None
    frequency_mae_hz: float | None


class _Metrics(OpenPart):
    per_subject: dict[str, dict[str, dict[str, _OfSubject]]]


STORED_SCORES = TypeAdapter(_Metrics)
"""Of ``metrics.json``, what a benchmark reads."""


class PhaseFacts(BenchmarkedFacts):
    """The facts that a benchmark reads."""

    windows: dict[str, Count]
    phase: dict[str, dict[str, _Band]]


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
