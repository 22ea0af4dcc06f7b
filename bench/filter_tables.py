"""What the filters do: prints the two tables of docs/filters.md.

Run ``python bench/filter_tables.py`` (some minutes). The first describes the filters; the second
measures how far they are from MNE-Python's chain at each sampling rate, in microvolts on EEG-like
noise that is faded in and out, and in the transfer function of an impulse.
"""

import mne
import numpy as np
import scipy.signal
from filter_response import describe

from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import Chain, chain

BANDS_HZ = ((0.1, 75.0), (0.5, 70.0))
RATES_HZ = (100, 128, 160, 199.7, 200, 250, 256, 400, 500, 512, 1000, 1024, 2048, 5000)
LINE_HZ = 60.0
EDGE = 5000
"""Samples at 200 Hz that are left out at either end."""


def filters_of(sfreq_hz: float, band_hz: tuple[float, float], phase: str = "zero") -> Chain:
    """The chain for a rate, a band and a phase, with the notch at 60 Hz."""
    low_hz, high_hz = band_hz
    config = FilterConfig(low_hz=low_hz, high_hz=high_hz, notch="60", phase=phase)
    return chain(sfreq_hz, config)


def by_mne(x: np.ndarray, filters: Chain) -> np.ndarray:
    """The same chain by mne, in float64."""
    sfreq_hz, (low_hz, high_hz) = filters.sfreq_hz, filters.band_hz
    x = mne.filter.filter_data(x - x.mean(), sfreq_hz, low_hz, high_hz, verbose="error")
    if min(1.25 * high_hz, 100.0, sfreq_hz / 2) > LINE_HZ:
        x = mne.filter.notch_filter(x, sfreq_hz, LINE_HZ, verbose="error")
    up, down = filters.filters.up, filters.filters.down
    if up == down:
        return x
    npad = down * max(1, round(10 * sfreq_hz / down))  # so that the ratio of rates is exact
    return mne.filter.resample(x, 200.0, sfreq_hz, npad=npad, method="fft", verbose="error")


def noise_uv(samples: int) -> np.ndarray:
    """A random walk of 50 uV and white noise of 5 uV, faded in and out, [T]."""
    rng = np.random.default_rng(0)
    walk = np.cumsum(rng.standard_normal(samples))
    mixed = 50 * walk / walk.std() + 5 * rng.standard_normal(samples)
    return mixed * scipy.signal.windows.tukey(samples, 0.3)


def describe_all() -> None:
    """Print type, length, bands and delay of the filters from 256 Hz."""
    head = ("phase", "band Hz", "taps", "length s", "pass Hz", "stop Hz", "ripple dB")
    print("|", " | ".join((*head, "stop dB", "60 Hz dB", "delay s")), "|")
    print("|---" * 10 + "|")
    for phase in ("zero", "causal"):
        for band_hz in BANDS_HZ:
            d = describe(filters_of(256.0, band_hz, phase))
            cells = [phase, f"{band_hz[0]:g}-{band_hz[1]:g}", d["taps"], f"{d['length_s']:.2f}"]
            cells += [f"{d['pass_hz'][0]:g}-{d['pass_hz'][1]:g}"]
            cells += [f"≤ {d['stop_hz'][0]:g}, ≥ {d['stop_hz'][1]:g}", f"{d['ripple_db']:.3f}"]
            cells += [f"{d['attenuation_db']:.1f}", f"{d['notch_attenuation_db'][0]:.1f}"]
            cells += [f"{d['delay_s']:.3f}"]
            print("|", " | ".join(map(str, cells)), "|")


def compare_all() -> None:
    """Print the distance from mne's chain at each rate."""
    print("\n| rate Hz | band Hz | taps | most uV | most dB, .5-74 Hz |\n|---|---|---|---|---|")
    for sfreq_hz in map(float, RATES_HZ):
        for band_hz in BANDS_HZ:
            filters = filters_of(sfreq_hz, band_hz)
            second = round(10 * sfreq_hz) / 10
            x = noise_uv(round(second * (120 if sfreq_hz > 600 else 300)))
            apart_uv = (filters.apply(x) - by_mne(x, filters))[EDGE:-EDGE]
            impulse = np.zeros(round(second * 120))
            impulse[impulse.size // 2] = sfreq_hz
            apart = filters.apply(impulse) - by_mne(impulse, filters)
            gain = np.abs(np.fft.rfft(apart)) / 200
            freqs_hz = np.fft.rfftfreq(apart.size, 1 / 200)
            inside = (freqs_hz >= 0.5) & (freqs_hz <= min(74.0, filters.band_hz[1]))
            worst_db = 20 * np.log10(gain[inside].max())
            band = f"{filters.band_hz[0]:g}-{filters.band_hz[1]:g}"
            print(
                f"| {sfreq_hz:g} | {band} | {len(filters.filters.taps)} "
                f"| {np.abs(apart_uv).max():.1e} | {worst_db:.0f} |"
            )


if __name__ == "__main__":
    describe_all()
    compare_all()
