"""The decoder's targets, by physics: a sine is a sine, phase has no edge, nothing costs nothing."""

import math

import pytest
import torch

from eegssl.tokenizer.spectrum import (
    Spectrum,
    amplitude_of,
    patches_of,
    spectral_loss,
    spectrum_of,
)


def sine(amplitude, hz, phase, n=200, sfreq_hz=200.0):
    t = torch.arange(n, dtype=torch.float64) / sfreq_hz
    return amplitude * torch.cos(2 * math.pi * hz * t + phase)


@pytest.mark.parametrize(
    ("amplitude", "hz", "phase"), [(0.5, 10, 0.3), (2.0, 40, -3.0), (0.1, 0, 0)]
)
def test_a_sine_has_its_amplitude_and_phase_in_its_bin_and_nothing_elsewhere(amplitude, hz, phase):
    spectrum = spectrum_of(sine(amplitude, hz, phase), 76)
    amplitudes = amplitude_of(spectrum.log_amplitude)
    assert amplitudes[hz].item() == pytest.approx(amplitude)
    assert amplitudes[torch.arange(76) != hz].max() < 1e-9
    angle = torch.atan2(spectrum.sine[hz], spectrum.cosine[hz]).item()
    assert angle == pytest.approx(phase)


@pytest.mark.parametrize(("n", "n_bins"), [(200, 101), (200, 76), (101, 51)])
def test_a_band_limited_patch_comes_back(n, n_bins):
    g = torch.Generator().manual_seed(0)
    bins = torch.zeros(4, n // 2 + 1, dtype=torch.complex128)
    bins[:, :n_bins] = torch.randn(4, n_bins, generator=g, dtype=torch.complex128)
    bins[:, 0] = bins[:, 0].real
    if n % 2 == 0:
        bins[:, -1] = bins[:, -1].real
    patches = torch.fft.irfft(bins, n=n)
    torch.testing.assert_close(patches_of(spectrum_of(patches, n_bins), n), patches)


def test_phases_on_both_sides_of_pi_are_neighbours():
    just_under, just_over = (spectrum_of(sine(1.0, 10, math.pi + e), 76) for e in (-0.01, 0.01))
    assert spectral_loss(just_under, just_over).phase < 1e-3


def test_the_phase_of_nothing_costs_nothing():
    def wrong_phase(patch, bins):
        target = spectrum_of(patch, 76)
        sign = torch.ones(76, dtype=torch.float64)
        sign[bins] = -1
        return spectral_loss(
            Spectrum(target.log_amplitude, sign * target.sine, sign * target.cosine), target
        ).phase

    loud = sine(1.0, 10, 0.3)
    assert wrong_phase(loud, 10) > 3
    assert wrong_phase(loud, 20) < 1e-6
    assert wrong_phase(0 * loud, slice(None)) == 0
