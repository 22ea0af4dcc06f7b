"""Flat, saturated and broken channels are reported; large EEG is not."""

import numpy as np

from eegssl.signal.quality import channel_quality


def test_each_fault_is_told_apart():
    rng = np.random.default_rng(0)
    eeg_uv = 50 * rng.standard_normal((6, 5000))
    eeg_uv[1] = 187_000.0
    eeg_uv[2] = np.clip(eeg_uv[2], -60, 60)
    eeg_uv[2, 1000:1500] = 60
    eeg_uv[3, 7] = np.nan
    eeg_uv[4] *= 1000
    eeg_uv[5] = np.round(eeg_uv[5] / 5) * 5
    quality = channel_quality(eeg_uv)
    assert quality.flat.tolist() == [False, True, False, False, False, False]
    assert quality.saturated.tolist() == [False, False, True, False, False, False]
    assert quality.non_finite.tolist() == [False, False, False, True, False, False]
    assert 0.1 < quality.saturated_share[2] < 0.2


def test_single_samples_at_the_extreme_are_not_saturation():
    square = np.tile([0.0, 1.0, 0.0, -1.0], 500)[None]
    assert channel_quality(square).saturated_share.tolist() == [0.0]
