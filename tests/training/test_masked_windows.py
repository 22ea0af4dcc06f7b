"""Masked validation windows: fixed masks, scores by region and band, shares that say what leaks."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from montage_names import CHBMIT, TEN_TWENTY

from eegssl.corpus.windows import Batch
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.masking.config import MaskingConfig
from eegssl.masking.entropy import patch_entropy
from eegssl.objectives.config import MaskedCodesConfig
from eegssl.objectives.masked_codes import build_masked_codes
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.electrodes import geometry
from eegssl.signal.channels.regions import REGIONS
from eegssl.training.masked_windows import masked_scores, masks_of

ENCODER = EncoderConfig(layers=1, width=16, heads=2, ffn=32)
KINDS = ("region", "region-time", "block", "random", "entropy")
N_CODES = 5
COUNTS = np.ones(N_CODES, dtype=np.int64)


def batch_of(montages, index=None):
    rng = np.random.default_rng(len(montages))
    placed = [geometry(names) for names in montages]
    return Batch(
        signal_uv=rng.standard_normal((len(montages), len(montages[0]), 1600)).astype(np.float32),
        positions=np.stack([g.positions for g in placed]),
        located=np.stack([g.located for g in placed]),
        regions=np.stack([g.regions for g in placed]),
        index=np.arange(len(montages)) if index is None else index,
    )


def codes_of(batch):
    """The entropies of a batch, as they lie beside the codes."""
    entropy = patch_entropy(batch.signal_uv, 200)
    return SimpleNamespace(entropy_of=lambda index: entropy)


def validation(montages):
    """What ``masked_scores`` reads of validation windows: all of them have the same code."""
    windows = SimpleNamespace(
        recordings=[SimpleNamespace(channels=names) for names in montages],
        locate=lambda index: (index, np.zeros_like(index)),
        in_order=lambda _size: iter([np.arange(len(montages))]),
        batch=lambda _index: batch_of(montages),
    )
    shape = (len(montages), len(montages[0]), 8)
    return SimpleNamespace(windows=windows, of=lambda _index: np.full(shape, 3))


def model_that_says(code):
    model = build_masked_codes(build_encoder(ENCODER, 0), N_CODES, MaskedCodesConfig(), seed=0)
    with torch.no_grad():
        model.head.bias[code] = 1e3
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_a_batch_follow_seed_step_and_window(kind):
    config = MaskingConfig(kind=kind, ratio=0.4)
    batch = batch_of([CHBMIT] * 3)
    first = masks_of(config, batch, codes_of(batch), ENCODER, seed=1, step=2)
    assert first.shape == (3, 23, 8)
    assert first.mean() == pytest.approx(0.4, abs=0.1)
    assert np.array_equal(first, masks_of(config, batch, codes_of(batch), ENCODER, seed=1, step=2))
    assert not np.array_equal(
        first, masks_of(config, batch, codes_of(batch), ENCODER, seed=1, step=3)
    )
    again = batch_of([CHBMIT] * 3, index=np.array([7, 1, 2]))
    other = masks_of(config, again, codes_of(again), ENCODER, seed=1, step=2)
    assert np.array_equal(first[1:], other[1:])
    assert not np.array_equal(first[0], other[0])


def test_entropy_masks_hide_irregular_patches_more_often():
    batch = batch_of([TEN_TWENTY] * 4)
    t = np.arange(1600) / 200
    batch.signal_uv[:, :9] = np.sin(2 * np.pi * 2 * t)
    entropy = patch_entropy(batch.signal_uv, 200)
    assert entropy[:, :9].max() < entropy[:, 9:].min()
    config = MaskingConfig(kind="entropy", ratio=0.3)
    shares = np.mean(
        [
            masks_of(config, batch, codes_of(batch), ENCODER, seed=0, step=k).mean(axis=(0, 2))
            for k in range(20)
        ],
        0,
    )
    assert shares[9:].mean() > 1.5 * shares[:9].mean()


@pytest.mark.parametrize(("said", "accuracy"), [(3, 1.0), (1, 0.0)])
def test_scores_are_told_by_kind_region_and_band(said, accuracy):
    val = validation([CHBMIT] * 40)
    model = model_that_says(said)
    scores = masked_scores(model, MaskingConfig(kind="block"), val, 8, COUNTS)
    assert scores == masked_scores(model, MaskingConfig(kind="block"), val, 8, COUNTS)
    assert scores["chance"] == 1 / N_CODES
    for kind in ("region", "random", "block"):
        assert scores[f"accuracy_{kind}"] == accuracy
        assert scores[f"most_frequent_accuracy_{kind}"] == 1
        assert scores[f"ratio_{kind}"] == pytest.approx(0.5, abs=0.03)
        told = {n for n in scores if n.startswith(f"accuracy_{kind}_")}
        assert told >= {f"accuracy_{kind}_{region}" for region in REGIONS}
        assert told <= {f"accuracy_{kind}_{group}" for group in (*REGIONS, *BANDS_HZ)}
        assert all(scores[name] == accuracy for name in told)
    assert scores["determined_random"] == pytest.approx(0.093, abs=0.02)
    assert scores["determined_region"] == scores["determined_block"] == 0
    assert all(type(value) is float for value in scores.values())


def test_each_window_is_judged_by_its_own_montage():
    """Doubled derivations in one recording leak; equally many electrodes in the other don't."""
    doubled, plain = ("T8-P8",) * 4, ("Fp1", "F7", "T7", "P7")
    shares = [
        masked_scores(
            model_that_says(0), MaskingConfig(kind="random"), validation(montages), 8, COUNTS
        )["determined_random"]
        for montages in ([doubled] * 20, [plain] * 20, [doubled, plain] * 10)
    ]
    assert shares[0] > 0.8
    assert shares[1] == 0
    assert shares[2] == pytest.approx(shares[0] / 2, abs=0.05)
