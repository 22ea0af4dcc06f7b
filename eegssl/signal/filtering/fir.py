"""Design the taps of MNE-Python's FIR filters (band-pass, mains notch).

Equal to ``mne.filter.create_filter`` and ``mne.filter.notch_filter`` with their defaults (method
``fir``, design ``firwin``, Hamming window), to rounding: a test compares them at many rates.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
import scipy

Array = npt.NDArray[np.float64]

HAMMING_LENGTH = 3.3
"""Length of a Hamming-windowed FIR in units of sampling rate over transition width (as in mne)."""

NOTCH_SIDE_HZ = 0.5
"""Width of each of a notch's transitions: half of mne's ``trans_bandwidth`` of 1 Hz."""


def low_transition_hz(low_hz: float) -> float:
    """Width of the lower transition, as mne's ``l_trans_bandwidth="auto"``; ends at ``low_hz``."""
    return min(max(0.25 * low_hz, 2.0), low_hz)


def high_transition_hz(high_hz: float, stop_hz: float) -> float:
    """Width of the upper transition, as mne's ``"auto"`` where ``stop_hz`` is half the rate.

    Ours: ``stop_hz`` may be the new Nyquist frequency where that is lower, so that the transition
    ends there. mne lets it run on, and its resampling cuts it off; the two differ for an upper
    edge above .8 of the new Nyquist frequency only.
    """
    return min(max(0.25 * high_hz, 2.0), stop_hz - high_hz)


def line_harmonics_hz(line_hz: float | None, stop_hz: float, sfreq_hz: float) -> list[float]:
    """The mains frequency and its harmonics up to ``stop_hz``, as far as a notch fits there."""
    if line_hz is None:
        return []
    harmonics = [line_hz * k for k in range(1, int(stop_hz // line_hz) + 1)]
    return [f for f in harmonics if f * (1 + 1 / 400) + NOTCH_SIDE_HZ < sfreq_hz / 2]


@lru_cache(maxsize=64)
def design(
    sfreq_hz: float, band_hz: tuple[float, float], line_hz: float | None, stop_hz: float
) -> Array:
    """Symmetric FIR taps (odd number) of band-pass and notches; all stops by ``stop_hz``.

    Transitions as in mne: ``min(max(.25 low, 2), low)`` and ``min(max(.25 high, 2), stop - high)``;
    notches at the mains frequency and its harmonics below the stop band, f/200 wide with
    transitions of .5 Hz a side, all in one filter that is convolved into the band-pass.
    """
    low_hz, high_hz = band_hz
    end_hz = high_hz + high_transition_hz(high_hz, min(stop_hz, sfreq_hz / 2))
    taps = _sum(
        _low_pass(high_hz, end_hz, sfreq_hz),
        -_low_pass(low_hz - low_transition_hz(low_hz), low_hz, sfreq_hz),
    )
    centres_hz = line_harmonics_hz(line_hz, end_hz, sfreq_hz)
    if centres_hz:
        taps = scipy.signal.fftconvolve(taps, _notches(sfreq_hz, centres_hz))
    taps = (taps + taps[::-1]) / 2
    taps.setflags(write=False)
    return taps


def _notches(sfreq_hz: float, centres_hz: list[float]) -> Array:
    """One filter with a stop band at each of the frequencies."""
    taps = np.ones(1)
    for centre_hz in centres_hz:
        below_hz, above_hz = centre_hz * (1 - 1 / 400), centre_hz * (1 + 1 / 400)
        taps = _sum(taps, _low_pass(below_hz - NOTCH_SIDE_HZ, below_hz, sfreq_hz))
        taps = _sum(taps, -_low_pass(above_hz, above_hz + NOTCH_SIDE_HZ, sfreq_hz))
    return taps


def _low_pass(pass_hz: float, stop_hz: float, sfreq_hz: float) -> Array:
    """A Hamming-windowed low-pass of odd length; gain 1 at 0 Hz, .5 between pass and stop."""
    length = round(HAMMING_LENGTH * sfreq_hz / (stop_hz - pass_hz))
    length += 1 - length % 2
    return scipy.signal.firwin(length, (pass_hz + stop_hz) / 2, window="hamming", fs=sfreq_hz)


def _sum(one: Array, other: Array) -> Array:
    """Sum of two centred filters of odd lengths."""
    length = max(len(one), len(other))
    return np.pad(one, (length - len(one)) // 2) + np.pad(other, (length - len(other)) // 2)
