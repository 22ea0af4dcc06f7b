"""Measure what a chain of filters does, from its response."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft

from eegssl.signal.filtering.causal import ORDER, RESAMPLER_DB, CausalFilter
from eegssl.signal.filtering.filters import Chain
from eegssl.signal.filtering.fir import (
    NOTCH_SIDE_HZ,
    high_transition_hz,
    line_harmonics_hz,
    low_transition_hz,
)
from eegssl.signal.filtering.kernel import BlockFilter

Array = npt.NDArray[np.float64]

STOP_DB = 40.0
"""Ours: a recursive filter's stop band begins where it attenuates by this much."""


def describe(chain: Chain) -> dict[str, Any]:
    """Type, length, pass and stop bands (Hz), ripple and attenuation (dB) and delay of a chain.

    Figures are measured on the response, to two decimals; all values are fit for JSON.
    ``attenuation_db``: zero phase, the least of the FIR in its stop bands, before what lies above
    the new Nyquist frequency is cut off; causal, that of what would fold back (or be mirrored) into
    the new band. A causal chain's ``delay_range_s`` spans twice the lower to half the upper edge.
    """
    if isinstance(chain.filters, BlockFilter):
        measured = _describe_zero_phase(chain, chain.filters)
    else:
        measured = _describe_causal(chain, chain.filters)
    shared = {
        "sfreq_hz": chain.sfreq_hz,
        "new_sfreq_hz": chain.new_sfreq_hz,
        "ratio": [chain.filters.up, chain.filters.down],
        "drift": 0.0 if abs(chain.drift) < 1e-14 else chain.drift,
        "notches_hz": _notches_hz(chain),
        "delay_s": round(chain.delay_s, 4),
    }
    return measured | shared


def _describe_zero_phase(chain: Chain, block: BlockFilter) -> dict[str, Any]:
    low_hz, high_hz = chain.band_hz
    nyquist_hz = min(chain.sfreq_hz, chain.new_sfreq_hz) / 2
    low_stop_hz = low_hz - low_transition_hz(low_hz)
    high_stop_hz = high_hz + high_transition_hz(high_hz, nyquist_hz)
    n = 2 * scipy.fft.next_fast_len(4 * len(block.taps))
    gain = np.abs(scipy.fft.rfft(block.taps, n))
    frequencies_hz = scipy.fft.rfftfreq(n, 1 / chain.sfreq_hz)
    stopped = (frequencies_hz <= low_stop_hz) | (frequencies_hz >= high_stop_hz)
    return {
        "phase": "zero",
        "type": "linear-phase FIR, Hamming window; resampled by FFT in blocks",
        "taps": len(block.taps),
        "length_s": round(len(block.taps) / chain.sfreq_hz, 3),
        "pass_hz": [low_hz, high_hz],
        "stop_hz": [round(low_stop_hz, 4), round(high_stop_hz, 4)],
        "ripple_db": _ripple_db(chain, frequencies_hz, gain, NOTCH_SIDE_HZ),
        "attenuation_db": _attenuation_db(gain[stopped]),
        "notch_attenuation_db": _attenuation_at(chain, frequencies_hz, gain),
    }


def _describe_causal(chain: Chain, causal: CausalFilter) -> dict[str, Any]:
    low_hz, high_hz = chain.band_hz
    nyquist_hz = min(chain.sfreq_hz, chain.new_sfreq_hz) / 2
    frequencies_hz = np.linspace(0, chain.sfreq_hz / 2, 2**17)
    gain = np.abs(causal.response(frequencies_hz, chain.sfreq_hz))
    quiet = gain < 10 ** (-STOP_DB / 20)
    low_stop_hz = frequencies_hz[np.flatnonzero(quiet & (frequencies_hz < low_hz))[-1]]
    above = np.flatnonzero(quiet & (frequencies_hz > high_hz))
    high_stop_hz = frequencies_hz[above[0]] if above.size else nyquist_hz
    inner = (2 * low_hz, high_hz / 2)
    inside = (frequencies_hz >= inner[0]) & (frequencies_hz <= inner[1])
    delays_s = causal.group_delay_s(inner, chain.sfreq_hz)
    folding_db = RESAMPLER_DB
    if chain.new_sfreq_hz < chain.sfreq_hz:
        folding_db = _attenuation_db(gain[frequencies_hz >= nyquist_hz])
    return {
        "phase": "causal",
        "type": "Butterworth high-pass and low-pass, notches (recursive); Kaiser FIR for the rate",
        "order": ORDER,
        "taps": len(causal.taps),
        "length_s": round(len(causal.taps) / chain.sfreq_hz / causal.up, 3),
        "pass_hz": [low_hz, high_hz],
        "stop_hz": [round(float(low_stop_hz), 4), round(float(high_stop_hz), 4)],
        "stop_db": STOP_DB,
        "ripple_db": round(float(-20 * np.log10(gain[inside].min())), 2),
        "attenuation_db": folding_db,
        "notch_attenuation_db": _attenuation_at(chain, frequencies_hz, gain),
        "delay_range_s": [round(float(np.quantile(delays_s, q)), 4) for q in (0.01, 0.99)],
    }


def _notches_hz(chain: Chain) -> list[float]:
    nyquist_hz = min(chain.sfreq_hz, chain.new_sfreq_hz) / 2
    high_hz = chain.band_hz[1]
    end_hz = high_hz + high_transition_hz(high_hz, nyquist_hz)
    return line_harmonics_hz(chain.line_hz, end_hz, chain.sfreq_hz)


def _ripple_db(chain: Chain, frequencies_hz: Array, gain: Array, side_hz: float) -> float:
    """Greatest deviation from 1 in the pass band, apart from the notches."""
    inside = (frequencies_hz >= chain.band_hz[0]) & (frequencies_hz <= chain.band_hz[1])
    for centre_hz in _notches_hz(chain):
        inside &= np.abs(frequencies_hz - centre_hz) > centre_hz / 400 + side_hz
    return round(float(np.abs(20 * np.log10(gain[inside])).max()), 4)


def _attenuation_db(gain: Sequence[float] | Array) -> float:
    return round(float(-20 * np.log10(max(np.max(gain), 1e-10))), 2)


def _attenuation_at(chain: Chain, frequencies_hz: Array, gain: Array) -> list[float]:
    """Attenuation at the centre of each notch."""
    centres_hz = _notches_hz(chain)
    return [_attenuation_db(np.interp([f], frequencies_hz, gain)) for f in centres_hz]
