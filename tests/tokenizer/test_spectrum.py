"""The decoder's targets, by physics: a sine is a sine, phase has no edge, nothing costs nothing."""

import math

import pytest
import torch

from eegssl.tokenizer.spectrum import (
    Spectrum,
    amplitude_of,
    patches_of,
    powers_of,
    spectral_loss,
    spectrum_of,
)


def sine(amplitude, hz, phase, n=200, sfreq_hz=200.0):
    t = torch.arange(n, dtype=torch.float64) / sfreq_hz
    return amplitude * torch.cos(2 * math.pi * hz * t + phase)


@pytest.mark.parametrize(
    ("amplitude", "hz", "phase"), [(0.5, 10, 0.3), (2.0, 40, -3.0), (0.1, 0, 0)]
)
def test_a_sine_has_its_amplitude_and_phase_in_its_bin_and_half_of_it_beside(amplitude, hz, phase):
    spectrum = spectrum_of(sine(amplitude, hz, phase), 76)
    amplitudes = amplitude_of(spectrum.log_amplitude)
    assert amplitudes[hz].item() == pytest.approx(amplitude)
    away = (torch.arange(76) - hz).abs()
    assert amplitudes[away > 1].max() < 1e-9
    half = amplitude / 2 if hz else 0  # the mean is taken off before the taper
    assert amplitudes[away == 1].tolist() == pytest.approx([half] * int((away == 1).sum()))
    angle = torch.atan2(spectrum.sine[hz], spectrum.cosine[hz]).item()
    assert angle == pytest.approx(phase)


def band_limited(n, n_bins):
    """Random patches [4, n] with nothing above their lowest bins."""
    g = torch.Generator().manual_seed(0)
    bins = torch.zeros(4, n // 2 + 1, dtype=torch.complex128)
    bins[:, :n_bins] = torch.randn(4, n_bins, generator=g, dtype=torch.complex128)
    bins[:, 0] = bins[:, 0].real
    if n % 2 == 0:
        bins[:, -1] = bins[:, -1].real
    return torch.fft.irfft(bins, n=n)


@pytest.mark.parametrize(("n", "n_bins"), [(200, 101), (200, 76), (101, 51)])
def test_a_band_limited_patch_comes_back_under_the_taper(n, n_bins):
    whole = n_bins == n // 2 + 1
    patches = band_limited(n, n_bins if whole else n_bins - 1)  # the taper adds a bin
    mean = patches.mean(dim=-1, keepdim=True)
    taper = 1 - torch.cos(2 * math.pi * torch.arange(n, dtype=torch.float64) / n)
    tapered = taper * (patches - mean)
    expected = mean + tapered - tapered.mean(dim=-1, keepdim=True)  # the mean stays
    torch.testing.assert_close(patches_of(spectrum_of(patches, n_bins), n), expected)


def test_without_its_phase_a_slow_wave_peaks_in_the_middle_and_others_come_back():
    patches = band_limited(200, 70)
    spectrum = spectrum_of(patches, 71, n_phases=68)
    assert spectrum.sine.shape == spectrum.cosine.shape == (4, 68)
    back = torch.fft.rfft(patches_of(spectrum, 200), norm="forward")
    true = torch.fft.rfft(patches_of(spectrum_of(patches, 71), 200), norm="forward")
    torch.testing.assert_close(back[:, 3:], true[:, 3:])
    assert back[:, 0].abs().max() < 1e-9
    torch.testing.assert_close(back[:, 1:3].abs(), true[:, 1:3].abs())
    slow = torch.fft.irfft(torch.nn.functional.pad(back[:, 1:2], (1, 99)), n=200)
    assert slow.argmax(dim=-1).tolist() == [100] * 4


def test_powers_without_a_taper_are_those_of_the_signal():
    patches = band_limited(200, 71)
    powers = powers_of(patches, 71)
    powers[:, 1:] /= 2  # the mean square of a sine is half its amplitude squared
    torch.testing.assert_close(powers.sum(dim=-1), patches.square().mean(dim=-1))


def test_every_bin_counts_by_its_own_deviation():
    target = spectrum_of(sine(1.0, 10, 0.3), 71)
    deviation = torch.linspace(0.5, 2, 71)
    off = Spectrum(target.log_amplitude + 3 * deviation, target.sine, target.cosine)
    assert spectral_loss(off, target, deviation).amplitude.item() == pytest.approx(9)


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
    assert wrong_phase(loud, slice(9, 12)) > 3  # under the taper a sine is in three bins
    assert wrong_phase(loud, 20) < 1e-6
    assert wrong_phase(0 * loud, slice(None)) == 0
