"""Filter causally: no output sample depends on later input.

For forecasting: the output up to a time is the same to the bit, whatever comes after. Everything
runs forward in float64: the first sample is the offset, band-pass and notches are recursive, and
a one-sided FIR changes the rate. The design is ours.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy
import scipy.fft

from eegssl.signal.filtering.fir import high_transition_hz, line_harmonics_hz

Array = npt.NDArray[np.float64]
Samples = npt.NDArray[np.integer] | npt.NDArray[np.floating]

ORDER = 4
"""Ours: order of the Butterworth high-pass and low-pass each (24 dB an octave)."""

NOTCH_WIDTH_HZ = 2.0
"""Ours: width of a notch between its -3 dB points."""

RESAMPLER_DB = 80.0
"""Attenuation of the resampler's FIR beyond the lower Nyquist frequency."""


@dataclass(frozen=True, eq=False)
class CausalFilter:
    """Second-order ``sections`` [N,6] at the old rate, then ``taps`` that change it by up/down.

    ``taps`` run at up times the old rate and sum to ``up``.
    """

    sections: Array
    taps: Array
    up: int
    down: int

    def apply(self, signal: Samples, gain: float, out: npt.NDArray[np.float32]) -> None:
        """Filter one channel [T] and fill ``out`` at the new rate, times ``gain``.

        Sample j of ``out`` depends on samples up to the time j / (new rate) only, and is late by
        the chain's delay. Before the recording the signal is taken to be its first value.
        """
        x = signal.astype(np.float64)
        x -= x[0]
        x *= gain
        filtered = scipy.signal.sosfilt(self.sections, x)
        if self.up != self.down:
            filtered = scipy.signal.upfirdn(self.taps, filtered, self.up, self.down)
        out[:] = filtered[: len(out)]

    def response(self, frequencies_hz: Array, sfreq_hz: float) -> npt.NDArray[np.complex128]:
        """The complex response of all but the constant delay of ``taps`` (see `fir_delay_s`)."""
        _, recursive = scipy.signal.sosfreqz(self.sections, frequencies_hz, fs=sfreq_hz)
        step = max(1, self.up // 16)  # the taps are smooth at this scale
        taps = self.taps[len(self.taps) // 2 % step :: step]
        n = scipy.fft.next_fast_len(32 * len(taps), real=True)
        centred = np.zeros(n)
        half = len(taps) // 2
        centred[: half + 1], centred[n - half :] = taps[half:], taps[:half]
        grid_hz = scipy.fft.rfftfreq(n, step / (sfreq_hz * self.up))
        gain = scipy.fft.rfft(centred).real * (step / self.up)
        return recursive * np.interp(frequencies_hz, grid_hz, gain)

    def fir_delay_s(self, sfreq_hz: float) -> float:
        """Delay of the symmetric ``taps``, the same at all frequencies."""
        return (len(self.taps) - 1) / 2 / (sfreq_hz * self.up)

    def group_delay_s(self, band_hz: tuple[float, float], sfreq_hz: float) -> Array:
        """Delay of each frequency in seconds, 1,000 of them evenly spread over the band."""
        frequencies_hz = np.linspace(*band_hz, 1001)
        phase = np.unwrap(np.angle(self.response(frequencies_hz, sfreq_hz)))
        delay_s: Array = -np.diff(phase) / np.diff(frequencies_hz) / (2 * np.pi)
        return delay_s + self.fir_delay_s(sfreq_hz)


def design_causal(
    sfreq_hz: float,
    band_hz: tuple[float, float],
    line_hz: float | None,
    stop_hz: float,
    ratio: tuple[int, int],
) -> CausalFilter:
    """Butterworth band-pass, notches at the mains and its harmonics, and the resampler's FIR.

    -3 dB at the edges of ``band_hz``; the same harmonics as the zero-phase chain; the FIR passes
    the band and stops from the lower Nyquist frequency ``stop_hz`` on. ``ratio`` is (up, down).
    """
    low_hz, high_hz = band_hz
    end_hz = high_hz + high_transition_hz(high_hz, stop_hz)
    sections = [
        scipy.signal.butter(ORDER, low_hz, "highpass", output="sos", fs=sfreq_hz),
        scipy.signal.butter(ORDER, high_hz, "lowpass", output="sos", fs=sfreq_hz),
    ]
    for centre_hz in line_harmonics_hz(line_hz, end_hz, sfreq_hz):
        b, a = scipy.signal.iirnotch(centre_hz, centre_hz / NOTCH_WIDTH_HZ, fs=sfreq_hz)
        sections.append(np.concatenate([b, a])[None])
    return CausalFilter(
        np.concatenate(sections), _resampler(sfreq_hz, high_hz, stop_hz, ratio), *ratio
    )


def _resampler(sfreq_hz: float, pass_hz: float, stop_hz: float, ratio: tuple[int, int]) -> Array:
    """Kaiser-windowed low-pass of odd length at ``up`` times the old rate, gain ``up``."""
    up, down = ratio
    if up == down:
        return np.ones(1)
    rate_hz = sfreq_hz * up
    length, beta = scipy.signal.kaiserord(RESAMPLER_DB, (stop_hz - pass_hz) / (rate_hz / 2))
    taps: Array = scipy.signal.firwin(
        length | 1, (pass_hz + stop_hz) / 2, window=("kaiser", beta), fs=rate_hz
    )
    return taps * up
