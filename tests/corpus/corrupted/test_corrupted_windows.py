"""Corrupted windows are the same for every system, and clean ones where nothing is changed."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planted_windows import planted, windows_of
from sklearn.metrics import roc_auc_score

from eegssl.corpus.corrupted.corrupted_windows import CorruptedWindows
from eegssl.corpus.corrupted.sites import Sites
from eegssl.corpus.windows import Windows
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS

CHANNELS = ("F7", "Fp1", "T7", "O2")


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    return windows_of([planted(tmp_path, k, CHANNELS) for k in range(2)]).windows


def corrupted(windows: Windows, name: str, level: float, seed: int = 0) -> CorruptedWindows:
    sites = Sites(windows.corpus, windows.length)
    return CorruptedWindows.of(windows, CORRUPTIONS[name](), level, seed, sites)


def test_a_corruption_of_level_zero_is_the_clean_signal_bit_for_bit(windows: Windows) -> None:
    index = np.arange(0, len(windows), 7)
    clean, same = windows.batch(index), corrupted(windows, "pops", 0.0).batch(index)
    for a, b in zip(vars(clean).values(), vars(same).values(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_same_eeg_at_any_batch_size_in_any_order_and_of_any_channels(
    windows: Windows, name: str
) -> None:
    noisy = corrupted(windows, name, CORRUPTIONS[name].levels[2])
    index = np.array([50, 3, 77, 4])
    together = noisy.batch(index).signal_uv
    for row, place in zip(together, index, strict=True):
        np.testing.assert_array_equal(noisy.batch(np.array([place])).signal_uv[0], row)
    some = noisy.of_channels(("T7", "F7")).batch(index)
    np.testing.assert_array_equal(some.signal_uv, together[:, [2, 0]])
    np.testing.assert_array_equal(noisy.subset(index).batch(np.arange(4)).signal_uv, together)
    again = corrupted(windows, name, CORRUPTIONS[name].levels[2]).batch(index)
    np.testing.assert_array_equal(again.signal_uv, together)


def test_windows_with_channels_of_their_own_get_the_same_draws(windows: Windows) -> None:
    montages = replace(
        windows,
        montages=((), ("O2", "T7")),
        montage=np.arange(len(windows)) % 2,
    )
    whole, some = (corrupted(w, "white", 0.0) for w in (windows, montages))
    index = np.array([1, 5, 61])
    rows = whole.batch(index).signal_uv[:, [3, 2]]
    np.testing.assert_array_equal(some.batch(index).signal_uv, rows)


def test_noise_is_measured_against_the_typical_window_of_its_channel(windows: Windows) -> None:
    index = np.arange(60)
    clean, noisy = windows.batch(index), corrupted(windows, "white", 6.0).batch(index)
    noise = noisy.signal_uv.astype(np.float64) - clean.signal_uv
    typical = np.median(clean.signal_uv.std(axis=2), axis=0)
    ratio_db = 20 * np.log10(typical / noise.std(axis=(0, 2)))
    np.testing.assert_allclose(ratio_db, 6.0, atol=0.7)


def test_the_alteration_is_told_for_caches(windows: Windows) -> None:
    assert windows.alteration == {}
    told = [dict(corrupted(windows, *how).alteration) for how in (("white", 5.0), ("pink", 5.0))]
    told += [dict(corrupted(windows, "white", 5.0, seed=1).alteration)]
    assert len({str(one) for one in told}) == 3


def test_a_planted_detector_gets_worse_with_every_severity(tmp_path: Path) -> None:
    labelled = windows_of([planted(tmp_path, k, CHANNELS) for k in range(3)])
    truth = labelled.truth

    def auroc(windows: Windows) -> float:
        signal_uv = windows.batch(np.arange(len(windows))).signal_uv
        spectrum = np.abs(np.fft.rfft(signal_uv, axis=2)) ** 2
        return float(roc_auc_score(truth, spectrum[:, :, 6].sum(axis=1)))  # 3 Hz

    scores = [auroc(labelled.windows)]
    for level in (-10.0, -20.0, -26.0, -32.0):
        scores.append(auroc(corrupted(labelled.windows, "white", level)))
    assert scores[0] > 0.99
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.75


def test_windows_keep_their_class_and_their_channels(windows: Windows) -> None:
    noisy = corrupted(windows, "drop-channels", 0.5)
    assert replace(noisy, channels=("T7",)).channels_of(0) == ("T7",)
    assert len(noisy) == len(windows)
    assert noisy.shared_channels() == windows.shared_channels()
