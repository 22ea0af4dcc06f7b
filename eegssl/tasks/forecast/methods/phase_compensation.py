"""Compensate causal-filter phase in forecasts (ours).

A causal chain turns each frequency by an angle of its own; targets that were filtered without delay
are not turned. So a forecast of the context's continuation is turned back, at all frequencies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from eegssl.signal.filtering.causal import CausalFilter
from eegssl.signal.filtering.filters import Chain
from eegssl.tasks.forecast.data import Context, context_scale

Floats = NDArray[np.float64]

_PERIODS = 2.5  # of the high-pass's edge: after so long less than e^-6 of its response is left


class Forecaster(Protocol):
    """A method that can forecast."""

    def forecast(self, context: Context) -> NDArray[np.floating]:
        """Forecast the signal after contexts [B, C, Tc], in µV: [B, C, T]."""


def filter_phase_rad(chain: Chain, frequencies_hz: Floats) -> Floats:
    """The phase that a causal chain adds at each frequency [...]; below 0 where it is late.

    Subtract it from phases that were forecast from causally filtered contexts, when the truth comes
    from targets that were filtered without delay.
    """
    if not isinstance(chain.filters, CausalFilter):
        return np.zeros_like(frequencies_hz)
    flat = frequencies_hz.ravel()
    angle = np.angle(chain.filters.response(flat, chain.sfreq_hz))
    late = 2 * np.pi * flat * chain.filters.fir_delay_s(chain.sfreq_hz)
    return np.asarray((angle - late).reshape(frequencies_hz.shape))


@dataclass(frozen=True)
class PhaseCompensated:
    """A method whose forecasts fit targets filtered with or without delay.

    ``made(n)`` forecasts n samples. Where contexts went through causal chains and targets did not,
    the phase of the chains is compensated; the forecast is then longer than the horizon, as a
    sample without delay depends on later ones.
    """

    made: Callable[[int], Forecaster]
    n_samples: int
    sfreq_hz: float

    def forecast(self, context: Context) -> NDArray[np.floating]:
        """Forecast the signal after [B, C, Tc]: [B, C, T]."""
        if context.chains is None:
            return self.made(self.n_samples).forecast(context)
        margin = settling_samples(context.chains, self.sfreq_hz)
        ahead_uv = self.made(self.n_samples + margin).forecast(context)
        return without_delay(context, ahead_uv, self.sfreq_hz)[..., : self.n_samples]


def settling_samples(chains: Sequence[Chain], sfreq_hz: float) -> int:
    """Samples until the slowest of these chains has forgotten its input."""
    lowest_hz = min(chain.band_hz[0] for chain in chains)
    return round(_PERIODS / lowest_hz * sfreq_hz)


def without_delay(context: Context, ahead_uv: NDArray[np.floating], sfreq_hz: float) -> Floats:
    """Continuations [B, C, T] of contexts [B, C, Tc] as filters without delay would show them.

    The last `settling_samples` of them are not as good: what comes after them counts as 0.
    """
    chains = context.chains or ()
    margin = settling_samples(chains, sfreq_hz)
    mean = context_scale(context.signal_uv)[0]
    recent = context.signal_uv[..., -margin:]
    joined = np.concatenate([recent, ahead_uv], axis=-1) - mean
    n = joined.shape[-1]
    size = scipy.fft.next_fast_len(n + margin, real=True)
    frequencies_hz = scipy.fft.rfftfreq(size, 1 / sfreq_hz)
    turns = {c: np.exp(-1j * filter_phase_rad(c, frequencies_hz)) for c in set(chains)}
    spectrum = scipy.fft.rfft(joined, size) * np.stack([turns[c] for c in chains])[:, None]
    whole = scipy.fft.irfft(spectrum, size)[..., :n] + mean
    return np.asarray(whole[..., recent.shape[-1] :])
