"""Clean a recording: offset, band-pass, mains notch and one sampling rate.

Zero-phase by default: taps as MNE-Python designs them (`eegssl.signal.filtering.fir`), applied
with a resampling by FFT (`eegssl.signal.filtering.kernel`); off the edges within 1e-3 uV of
``filter_data``, ``notch_filter`` and ``resample`` (a test). Causal by choice
(`eegssl.signal.filtering.causal`). Channels go one by one, so that memory stays bounded.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from eegssl.errors import RecordingRefused
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.causal import CausalFilter, design_causal
from eegssl.signal.filtering.fir import HAMMING_LENGTH, design, low_transition_hz
from eegssl.signal.filtering.kernel import MARGIN_S, BlockFilter, rate_ratio

Samples = npt.NDArray[np.integer] | npt.NDArray[np.floating]

NYQUIST_SHARE = 0.9375
"""Ours: the pass band ends at this share of the lower Nyquist frequency, to leave a transition.

15/16, so that recordings at 160 Hz (many public ones) still reach 75 Hz.
"""

LARGEST_TERM = {"zero": 250_000, "causal": 20_000}
"""Rates that are no fraction of such terms are taken as the nearest one, see `Chain.drift`."""


@dataclass(frozen=True, eq=False)
class Chain:
    """All filters for recordings of one rate, designed once: see `chain`.

    ``band_hz`` is the pass band in force, ``line_hz`` the mains frequency removed or None,
    ``delay_s`` by how much the output is late: 0, or for causal filters the median group delay
    over the band. ``filters`` do the work.
    """

    sfreq_hz: float
    new_sfreq_hz: float
    band_hz: tuple[float, float]
    line_hz: float | None
    delay_s: float
    filters: BlockFilter | CausalFilter

    @property
    def drift(self) -> float:
        """Seconds gained per second because the rates' ratio is no fraction of small terms.

        0 but for rounding where they are; else below 2e-6 (7 ms an hour) with zero phase, 3e-5 for
        causal filters: what the clocks of amplifiers are off by.
        """
        return self.filters.up / self.filters.down * self.sfreq_hz / self.new_sfreq_hz - 1

    def n_out(self, n_samples: int) -> int:
        """Samples after resampling: the rounded duration times the new rate."""
        return round(n_samples * self.new_sfreq_hz / self.sfreq_hz)

    def apply(
        self,
        signal: Samples,
        gain: float = 1.0,
        out: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Clean one channel [T]: offset removed, filtered, resampled, times ``gain``; float32 [T'].

        Integers as stored in a file may come as they are, with ``gain`` in uV a step. ``out`` is
        filled where given (a row of the recording's array: fresh memory for each channel costs
        a quarter of the time). Samples must be finite, and enough: `require_long_enough`.
        """
        if out is None:
            out = np.empty(self.n_out(len(signal)), np.float32)
        self.filters.apply(signal, gain, out)
        return out

    def require_long_enough(self, n_samples: int) -> None:
        """Raise RecordingRefused ``too-short`` for recordings shorter than the high-pass."""
        low_hz = self.band_hz[0]
        shortest_s = HAMMING_LENGTH / low_transition_hz(low_hz)
        if n_samples < shortest_s * self.sfreq_hz:
            raise RecordingRefused(
                "too-short",
                f"got {n_samples / self.sfreq_hz:.2f} s of signal, expected at least "
                f"{shortest_s:g} s, the length of the high-pass filter at {low_hz:g} Hz",
            )


@lru_cache(maxsize=64)
def chain(sfreq_hz: float, config: FilterConfig, line_hz: float | None = None) -> Chain:
    """The filters from ``sfreq_hz`` to ``config.sfreq_hz``; ``line_hz`` is the mains, where known.

    A notch of 50, 60 or off in ``config`` goes before ``line_hz``. Raises RecordingRefused
    ``sampled-too-slowly`` when no pass band is left.
    """
    band_hz = effective_band(sfreq_hz, config)
    if config.notch in ("off", "50", "60"):
        line_hz = None if config.notch == "off" else float(config.notch)
    stop_hz = min(sfreq_hz, config.sfreq_hz) / 2
    ratio = rate_ratio(sfreq_hz, config.sfreq_hz, LARGEST_TERM[config.phase])
    filters: BlockFilter | CausalFilter
    if config.phase == "causal":
        filters = design_causal(sfreq_hz, band_hz, line_hz, stop_hz, ratio)
        delay_s = float(np.median(filters.group_delay_s(band_hz, sfreq_hz)))
    else:
        taps = design(sfreq_hz, band_hz, line_hz, stop_hz)
        filters = BlockFilter(taps, *ratio, margin=round(MARGIN_S * sfreq_hz))
        delay_s = 0.0
    return Chain(sfreq_hz, config.sfreq_hz, band_hz, line_hz, delay_s, filters)


def effective_band(sfreq_hz: float, config: FilterConfig) -> tuple[float, float]:
    """The pass band [Hz, Hz]: its upper edge lowered where half the sampling rate is near."""
    nyquist_hz = min(sfreq_hz, config.sfreq_hz) / 2
    high_hz = min(config.high_hz, NYQUIST_SHARE * nyquist_hz)
    if not high_hz > 2 * config.low_hz:
        raise RecordingRefused(
            "sampled-too-slowly",
            f"got {sfreq_hz:g} Hz, expected at least {4 * config.low_hz / NYQUIST_SHARE:g} Hz",
        )
    return config.low_hz, high_hz
