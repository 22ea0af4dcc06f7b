"""1/f is taken out of signals of known spectrum; rhythms and phases stay."""

import numpy as np
import pytest

from eegssl.signal.aperiodic import (
    SEGMENT_S,
    aperiodic_line,
    flattened,
    in_db,
    line_of,
    power_density,
)

SFREQ_HZ, SECONDS = 200.0, 240
BAND_HZ = (0.5, 70.0)


def coloured(exponent: float, seed: int = 0) -> np.ndarray:
    """Noise [4, T] whose power falls as frequency to the ``exponent``."""
    white = np.random.default_rng(seed).standard_normal((4, int(SECONDS * SFREQ_HZ)))
    hz = np.fft.rfftfreq(white.shape[1], 1 / SFREQ_HZ)
    hz[0] = hz[1]
    return 20 * np.fft.irfft(np.fft.rfft(white) / hz ** (exponent / 2), white.shape[1])


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_the_line_has_the_known_slope(exponent: float) -> None:
    line = line_of(coloured(exponent), SFREQ_HZ)
    np.testing.assert_allclose(line.slope_db, -10 * exponent, atol=0.8)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_a_known_spectrum_becomes_flat_at_the_level(exponent: float) -> None:
    signal = coloured(exponent)
    flat = flattened(signal, SFREQ_HZ, line_of(signal, SFREQ_HZ), 3.0, BAND_HZ)
    line = line_of(flat, SFREQ_HZ)
    assert np.abs(line.slope_db).max() < 0.3
    np.testing.assert_allclose(line.at(np.array([10.0])), 3.0, atol=0.5)


def test_a_peak_at_10_hz_keeps_its_height_and_its_phase() -> None:
    time_s = np.arange(int(SECONDS * SFREQ_HZ)) / SFREQ_HZ
    wave = np.cos(2 * np.pi * 10 * time_s + 0.6)
    signal = coloured(1.5) + 25 * wave
    flat = flattened(signal, SFREQ_HZ, line_of(signal, SFREQ_HZ), 0.0, BAND_HZ)
    heights = []
    for one in (signal, flat):
        hz, density = power_density(one, SFREQ_HZ, SEGMENT_S)
        above = in_db(density) - aperiodic_line(hz, in_db(density)).at(hz)
        heights.append(above[:, np.argmin(np.abs(hz - 10))])
    np.testing.assert_allclose(heights[1], heights[0], atol=0.6)
    assert heights[0].min() > 10
    angle = np.angle(flat @ np.exp(-2j * np.pi * 10 * time_s))
    np.testing.assert_allclose(angle, 0.6, atol=0.1)


def test_what_a_filter_took_away_is_not_lifted() -> None:
    """Above 70 Hz the gain stays that of 70 Hz, and a flat channel stays flat."""
    signal = coloured(2.0)
    hz = np.fft.rfftfreq(signal.shape[1], 1 / SFREQ_HZ)
    spectrum = np.fft.rfft(signal)
    spectrum[:, hz > 70] *= 1e-4
    signal = np.fft.irfft(spectrum, signal.shape[1])
    line = line_of(signal, SFREQ_HZ)
    flat = flattened(signal, SFREQ_HZ, line, 0.0, BAND_HZ)
    gain = np.abs(np.fft.rfft(flat)[:, 1:] / np.fft.rfft(signal)[:, 1:])
    at_top = gain[:, np.argmin(np.abs(hz[1:] - 70))]
    np.testing.assert_allclose(gain[:, hz[1:] > 71].max(axis=1), at_top, rtol=0.1)
    silent = np.full((1, 2000), 5.0)
    assert np.abs(flattened(silent, SFREQ_HZ, line_of(silent, SFREQ_HZ), 0.0, BAND_HZ)).max() < 1e-3
