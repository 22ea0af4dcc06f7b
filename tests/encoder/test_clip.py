"""Clipping cuts artefacts and leaves seizures whole."""

import numpy as np
import pytest
import torch
from fewerexamples import examples
from hypothesis import given as drawn
from hypothesis import strategies as st
from scipy.signal import butter, sosfilt, welch
from smallencoders import given, small

from eegssl.encoder.patches import clip, normalise
from eegssl.synth.waves.seizures import spike_wave

SFREQ_HZ, SECONDS, CHANNELS, RMS_UV = 200, 10, 19, 20.0
RECOMMENDED = 30.0
BANDS_HZ = ((0.5, 4), (4, 8), (8, 13), (13, 30), (30, 70))


def background(rms_uv=RMS_UV):
    """Calm EEG [C, T]: noise with a spectrum that falls from 2 Hz."""
    noise = np.random.default_rng(0).standard_normal((CHANNELS, SECONDS * SFREQ_HZ))
    slow = sosfilt(butter(1, (0.5, 2), "bandpass", fs=SFREQ_HZ, output="sos"), noise)
    return rms_uv * slow / slow.std()


def clipped(signal_uv, sigma=RECOMMENDED):
    patches = torch.from_numpy(signal_uv).float().unflatten(-1, (-1, SFREQ_HZ))[None]
    return clip(patches, None, sigma)[0].flatten(1).numpy()


def band_power(signal_uv):
    hz, power = welch(signal_uv, SFREQ_HZ, nperseg=2 * SFREQ_HZ)
    return np.stack([power[:, (hz >= a) & (hz < b)].sum(axis=1) for a, b in BANDS_HZ])


def seizure(times):
    """Spike-and-wave in 4 channels from second 3 to 7, its RMS so many times the background's."""
    wave = spike_wave(np.random.default_rng(1), 4 * SFREQ_HZ, SFREQ_HZ)
    signal_uv = background()
    signal_uv[2:6, 3 * SFREQ_HZ : 7 * SFREQ_HZ] += times * RMS_UV * wave / wave.std()
    return signal_uv


@pytest.mark.parametrize("times", [5, 10])
def test_a_seizure_keeps_its_power_in_every_band_and_channel(times):
    signal_uv = seizure(times)
    np.testing.assert_allclose(band_power(clipped(signal_uv)), band_power(signal_uv), rtol=0.01)


def test_bursts_in_a_suppressed_eeg_stay_whole():
    signal_uv = background(1.0)
    signal_uv[:, 400:500] *= 80
    np.testing.assert_array_equal(clipped(signal_uv), signal_uv.astype(np.float32))


@pytest.mark.parametrize("rms_uv", [0.0, 2.0, 20.0, 100.0])
def test_clean_eeg_is_left_as_it_was(rms_uv):
    signal_uv = background(rms_uv)
    np.testing.assert_array_equal(clipped(signal_uv), signal_uv.astype(np.float32))


@pytest.mark.parametrize("sign", [-1, 1])
def test_an_electrode_pop_is_cut_to_the_limit_and_nothing_else_is(sign):
    signal_uv, late_s = background(), np.arange(5 * SFREQ_HZ) / SFREQ_HZ
    signal_uv[3, -len(late_s) :] += sign * 5000 * np.exp(-late_s / 0.2)
    low, middle, high = np.percentile(signal_uv, [25, 50, 75])
    limit = RECOMMENDED * (high - low) / 1.349
    after = clipped(signal_uv)
    assert np.abs(signal_uv).max() > 4900
    assert sign * after[3, -len(late_s)] == pytest.approx(sign * middle + limit, rel=1e-3)
    assert np.abs(after).max() < 1.01 * limit < 700
    inside = np.abs(signal_uv - middle) < 0.99 * limit
    np.testing.assert_array_equal(after[inside], signal_uv.astype(np.float32)[inside])


def test_a_pop_no_longer_makes_the_rest_of_a_z_scored_window_small():
    signal_uv = background()
    signal_uv[3, : SFREQ_HZ // 4] += 5000
    patches = torch.from_numpy(signal_uv).float().unflatten(-1, (-1, SFREQ_HZ))[None]
    plain = normalise(patches, None, "zscore", 1.0)[0, 5:]
    mended = normalise(clip(patches, None, RECOMMENDED), None, "zscore", 1.0)[0, 5:]
    assert plain.std() < 0.2
    assert mended.std() > 0.6


@examples(50)
@drawn(st.integers(0, 99), st.floats(0.1, 20), st.floats(0.1, 20))
def test_it_keeps_the_order_of_samples_and_cuts_less_with_a_higher_limit(seed, first, second):
    patches = 50 * torch.randn(1, 3, 2, 50, generator=torch.Generator().manual_seed(seed)) ** 3
    low, high = (clip(patches, None, sigma) for sigma in sorted((first, second)))
    order = patches.flatten().argsort()
    assert (low.flatten()[order].diff() >= 0).all()
    assert ((high - patches).abs() <= (low - patches).abs()).all()


def test_hidden_patches_and_padding_do_not_move_the_limit():
    signal_uv, _, mask = given()
    patches = signal_uv.unflatten(-1, (-1, 200))
    huge = torch.where(mask[..., None], torch.nan, patches)
    cut = clip(huge, ~mask, 1.0)
    assert torch.equal(cut[~mask], clip(patches, ~mask, 1.0)[~mask])
    encoder = small(clip_sigma=1.0)
    _, placed, _ = given()
    present = torch.ones(2, 5, dtype=torch.bool)
    present[:, 3] = False
    loud = signal_uv.clone()
    loud[:, 3] *= 1e4
    out = [encoder(one, *placed, None, present) for one in (signal_uv, loud)]
    assert torch.equal(*out)


def test_it_is_the_setting_that_clips():
    signal_uv, placed, _ = given()
    signal_uv[:, 1, 100] = 5000.0
    less = signal_uv.clone()
    less[:, 1, 100] = 4000.0
    for sigma, same in ((None, False), (RECOMMENDED, True)):
        encoder = small(clip_sigma=sigma)
        assert torch.equal(encoder(signal_uv, *placed), encoder(less, *placed)) == same
