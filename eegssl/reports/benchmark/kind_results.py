"""Rows of a benchmark for tasks of forecasting, whose evaluations hold model and baselines.

Scores of phases are means over bands (ours); each evaluation shows them band by band.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from eegssl.scoring.means import mean_of_defined

Row = Mapping[str, Any]
Scores = dict[str, float | None]
MODEL = "model"
"""What an evaluation calls the model among the methods."""
PHASE_BASELINES = ("rotation", "ar")
"""What every evaluation of phases shows beside the model."""
_FORECAST = {
    "mae_uv": ("uv", "mae"),
    "mse_uv": ("uv", "mse"),
    "mae_zscore": ("zscore", "mae"),
    "mse_zscore": ("zscore", "mse"),
    "mae_over_persistence": ("uv", "mae_over_persistence"),
}
_PHASE = {
    "phase_mae_deg": "mae_deg",
    "phase_locking": "phase_locking",
    "share_within_45_deg": "share_within_45_deg",
    "frequency_mae_hz": "frequency_mae_hz",
}
KIND_SCORES = (*_FORECAST, *_PHASE)
"""Columns of a table of results that such tasks fill."""
SHOWN = {"forecast": tuple(_FORECAST), "phase": tuple(_PHASE)}
"""Those of a kind on a page, the first of which ranks."""
COMPARED = {"forecast": ("mae_uv", "mse_zscore"), "phase": ("phase_mae_deg", "frequency_mae_hz")}
"""Those of a kind by which systems are compared, subject by subject."""
KIND_WORDS = {
    "mae_uv": "Mean absolute error (µV)",
    "mse_uv": "Mean squared error (µV²)",
    "mae_zscore": "Mean absolute error (z)",
    "mse_zscore": "Mean squared error (z²)",
    "mae_over_persistence": "Error over persistence's",
    "phase_mae_deg": "Phase error (°)",
    "phase_locking": "Phase locking",
    "share_within_45_deg": "Within 45°",
    "frequency_mae_hz": "Frequency error (Hz)",
}
LOWER_IS_BETTER = tuple(n for n in KIND_SCORES if n not in ("phase_locking", "share_within_45_deg"))


def kind_of(facts: Row) -> str | None:
    """The kind of task that an evaluation is of; None for labels."""
    return next((kind for kind in SHOWN if kind in facts), None)


def rows_of_methods(facts: Sequence[Row]) -> dict[str, dict[str, Any]]:
    """Method -> its counts and scores, means over the folds whose evaluations say ``facts``."""
    kind = kind_of(facts[0])
    assert kind is not None
    counts = {
        "folds": len(facts),
        "windows": sum(f["windows"]["n"] for f in facts),
        "subjects": len({subject for f in facts for subject in f["subjects"]}),
    }
    told = {"leaks": "; ".join(sorted({leak for f in facts for leak in f["leaks"]})), "not_run": ""}
    found = {}
    for method in facts[0][kind]:
        per_fold = [_READ[kind](f[kind][method]) for f in facts]
        scores = {name: mean_of_defined([s[name] for s in per_fold]) for name in SHOWN[kind]}
        found[method] = counts | scores | told
    return found


def subjects_of_methods(metrics: Row, kind: str) -> dict[str, dict[str, Scores]]:
    """Method -> subject -> scores that are compared, from an evaluation's ``metrics.json``."""
    if kind == "forecast":
        return {
            method: {
                subject: {
                    name: units[unit]["per_subject"][subject][score]
                    for name, (unit, score) in _FORECAST.items()
                }
                for subject in units["uv"]["per_subject"]
            }
            for method, units in metrics["methods"].items()
        }
    found: dict[str, dict[str, Scores]] = {}
    for subject, methods in metrics["per_subject"].items():
        for method, bands in methods.items():
            found.setdefault(method, {})[subject] = _of_phase(bands)
    return found


def _of_forecast(units: Row) -> Scores:
    return {name: units[unit][score] for name, (unit, score) in _FORECAST.items()}


def _of_phase(bands: Row) -> Scores:
    return {
        name: mean_of_defined([scores[score] for scores in bands.values()])
        for name, score in _PHASE.items()
    }


_READ: dict[str, Callable[[Row], Scores]] = {"forecast": _of_forecast, "phase": _of_phase}
