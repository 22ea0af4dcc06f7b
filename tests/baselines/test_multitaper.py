"""Multitaper band power: Parseval, a reference implementation, regions of any montage."""

from itertools import pairwise

import numpy as np
import pytest
from mne.time_frequency import psd_array_multitaper

from eegssl.baselines.multitaper import N_BANDS, band_edges_hz, by_region, log_multitaper_power
from eegssl.errors import InputError

SFREQ_HZ = 200.0


def test_a_sine_has_its_power_in_its_band():
    t = np.arange(2000) / SFREQ_HZ
    signal_uv = 20 * np.sin(2 * np.pi * 10.3 * t)[None, None]
    power = 10 ** log_multitaper_power(signal_uv, SFREQ_HZ)[0, 0]
    edges = band_edges_hz()
    band = np.searchsorted(edges, 10.3) - 1
    assert power[band - 1 : band + 2].sum() == pytest.approx(200, rel=0.02)
    assert power[band] == power.max()


def test_white_noise_has_a_flat_density():
    signal_uv = np.random.default_rng(0).normal(0, 10, (8, 4, 6000))
    power = 10 ** log_multitaper_power(signal_uv, SFREQ_HZ).mean(axis=(0, 1))
    expected = 100 / (SFREQ_HZ / 2) * np.diff(band_edges_hz())
    assert np.abs(power / expected - 1)[3:].max() < 0.3
    assert power.sum() == pytest.approx(100 * 69.5 / 100, rel=0.05)


def test_it_is_the_estimate_of_mne_on_one_segment():
    signal_uv = np.random.default_rng(1).normal(0, 10, (3, 2, 800))
    signal_uv -= signal_uv.mean(axis=-1, keepdims=True)
    density, hz = psd_array_multitaper(
        signal_uv, SFREQ_HZ, bandwidth=1.0, adaptive=False, low_bias=False, verbose="error"
    )
    edges = band_edges_hz()
    peer = [density[..., (hz >= a) & (hz < b)].sum(-1) / 4 for a, b in pairwise(edges)]
    ours = 10 ** log_multitaper_power(signal_uv, SFREQ_HZ)
    # MNE has one taper more of the same family (2 NW of them); the means over bands agree
    assert np.corrcoef(np.log(ours).ravel(), np.log(np.stack(peer, -1)).ravel())[0, 1] > 0.97


def test_regions_are_means_and_an_empty_one_has_the_mean_of_all():
    power = np.arange(6.0).reshape(1, 3, 2)
    regions = np.array([[[1, 0, 0], [1, 0, 0], [0, 1, 0]]], dtype=float)
    assert by_region(power, regions).tolist() == [[1, 2, 4, 5, 2, 3]]


def test_every_band_has_a_bin_and_what_is_too_short_is_refused():
    flat = log_multitaper_power(np.zeros((1, 1, 400)), SFREQ_HZ)
    assert flat.shape == (1, 1, N_BANDS)
    assert np.isfinite(flat).all()
    hz = np.fft.rfftfreq(400, 1 / SFREQ_HZ)
    edges = band_edges_hz()
    assert all(((hz >= a) & (hz < b)).any() for a, b in pairwise(edges))
    with pytest.raises(InputError, match="2 s"):
        log_multitaper_power(np.zeros((1, 1, 399)), SFREQ_HZ)
