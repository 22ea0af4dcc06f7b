"""Draw oscillators and random walks of known predictability.

Oscillators of constant amplitude whose phase drifts as a Brownian motion: over a horizon h the
drift has the variance h / coherence_s, so the best forecast explains exp(-h / coherence_s) of an
oscillator's variance, and its phase errors have the resultant length exp(-h / (2 coherence_s)).
Or, with no coherence at all, an autoregression of order 1 so close to a random walk that its last
value is as good a forecast as any. Sizes and places are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from eegssl.synth.anatomy import SCALP

KNOT_S = 0.1
"""Time between the knots of a phase's drift; between knots the drift is a straight line."""

NOISE_UV = 5.0
"""RMS of the 1/f noise of each channel beside the oscillators."""

WALK_UV2_PER_S = 4000.0
"""Growth of the variance of a random walk: about 20 µV are left above .5 Hz."""

WALK_RETURN_S = 60.0
"""Time constant with which a walk returns to 0, so that a recording stays within its range."""

_KINDS = {
    "theta": ((4.8, 6.8), 14.0, {"Fz": 1.0, "F3": 0.7, "F4": 0.7, "Cz": 0.7, "C3": 0.3, "C4": 0.3}),
    "alpha": ((8.8, 11.2), 20.0, {"O1": 1.0, "O2": 1.0, "Pz": 0.6, "P3": 0.6, "P4": 0.6}),
    "beta": ((16.0, 24.0), 8.0, {"C3": 1.0, "C4": -1.0, "P3": 0.4, "P4": -0.4}),
}


@dataclass(frozen=True)
class Oscillator:
    """One oscillator: ``amplitude_uv`` · ``weights`` [C] · cos(phase); drift [K] in radians."""

    band: str
    hz: float
    amplitude_uv: float
    weights: NDArray[np.float64]
    drift_rad: NDArray[np.float64]

    def phase(self, time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The true phase [T] in radians, unwrapped; channels of negative weight are π ahead."""
        knots_s = KNOT_S * np.arange(len(self.drift_rad))
        return 2 * np.pi * self.hz * time_s + np.interp(time_s, knots_s, self.drift_rad)


@dataclass(frozen=True)
class Process:
    """Contents of a recording of the cohort for forecasting: oscillators, or none and a walk."""

    coherence_s: float
    oscillators: tuple[Oscillator, ...]

    def predictable_share(self) -> NDArray[np.float64]:
        """Share [C] of a channel's variance that the oscillators have."""
        power = np.zeros(len(SCALP))
        for one in self.oscillators:
            power += (one.amplitude_uv * one.weights) ** 2 / 2
        return power / (power + NOISE_UV**2)

    def truth(self, labels: Sequence[str]) -> dict[str, Any]:
        """The process as JSON; weights and shares by channel label."""
        if not self.oscillators:
            return {"kind": "walk", "return_s": WALK_RETURN_S, "uv2_per_s": WALK_UV2_PER_S}
        return {
            "kind": "oscillators",
            "coherence_s": self.coherence_s,
            "noise_uv": NOISE_UV,
            "predictable_share": _by_label(labels, self.predictable_share()),
            "oscillators": [
                {
                    "band": one.band,
                    "hz": one.hz,
                    "amplitude_uv": one.amplitude_uv,
                    "weights": _by_label(labels, one.weights),
                    "knot_s": KNOT_S,
                    "drift_rad": one.drift_rad.tolist(),
                }
                for one in self.oscillators
            ],
        }


def draw_process(rng: Generator, traits: Generator, coherence_s: float, duration_s: int) -> Process:
    """The process of one recording; ``traits`` holds what is the same in all of a subject's."""
    if coherence_s == 0:
        return Process(0.0, ())
    return Process(
        coherence_s,
        tuple(_draw(rng, traits, band, coherence_s, duration_s) for band in _KINDS),
    )


def _draw(
    rng: Generator, traits: Generator, band: str, coherence_s: float, duration_s: int
) -> Oscillator:
    range_hz, amplitude_uv, shares = _KINDS[band]
    steps = rng.normal(0, np.sqrt(KNOT_S / coherence_s), round(duration_s / KNOT_S) + 1)
    steps[0] = rng.uniform(-np.pi, np.pi)
    drift_rad = np.round(np.cumsum(steps), 4).astype(np.float64)
    weights = np.array([shares.get(name, 0.0) for name in SCALP])
    return Oscillator(
        band=band,
        hz=round(float(traits.uniform(*range_hz)), 3),
        amplitude_uv=round(amplitude_uv * float(np.exp(traits.normal(0, 0.2))), 2),
        # Against the common average, as in a recording.
        weights=np.round(weights - weights.mean(), 4),
        drift_rad=drift_rad,
    )


def _by_label(labels: Sequence[str], values: NDArray[np.float64]) -> dict[str, float]:
    return {name: round(float(v), 4) for name, v in zip(labels, values, strict=True)}
