"""Masked validation windows: fixed masks, scores by region and band, shares that say what leaks."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from montage_names import CHBMIT, TEN_TWENTY
from objective_grains import codes_model

from eegssl.corpus.signals import Pieces
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.masking.config import MaskingConfig
from eegssl.masking.entropy import patch_entropy
from eegssl.objectives.objective import Known
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.electrodes import Geometry, geometry
from eegssl.signal.channels.regions import REGIONS
from eegssl.training.pretraining.grain_reader import GrainReader
from eegssl.training.pretraining.validation import validation_scores

ENCODER = EncoderConfig(layers=1, width=16, heads=2, ffn=32)
KINDS = ("region", "region-time", "block", "random", "entropy")
N_CODES = 5
COUNTS = np.ones(N_CODES, dtype=np.int64)


def reader(montages, config, signal_uv=None):
    """Windows of these montages, 8 patches each, all of code 3, under masks of these settings."""
    rng = np.random.default_rng(len(montages))
    placed = [geometry(names) for names in montages]
    shape = (len(montages), len(montages[0]), 1600)
    if signal_uv is None:
        signal_uv = rng.standard_normal(shape).astype(np.float32)
    entropy = patch_entropy(signal_uv, 200)
    windows = SimpleNamespace(
        recordings=[SimpleNamespace(channels=names) for names in montages],
        length=1600,
        locate=lambda index: (index, np.zeros_like(index)),
        in_order=lambda _size: iter([np.arange(len(montages))]),
        geometry=lambda index: Geometry(
            *(np.stack([getattr(placed[k], n) for k in index]) for n in Geometry._fields)
        ),
        pieces=lambda index: Pieces(signal_uv[index], np.ones(shape[:2], np.float32)[index]),
    )
    codes = SimpleNamespace(
        entropy_of=lambda index: entropy[index],
        of=lambda index: np.full((len(index), shape[1], 8), 3),
    )
    return GrainReader(windows, codes, ENCODER, config)


def model_that_says(code):
    model = codes_model(build_encoder(ENCODER, 0), N_CODES, known=Known(COUNTS, N_CODES))
    with torch.no_grad():
        model.objectives["codes"].head.bias[code] = 1e3
    return model


def masks(read, index, *, seed=1, step=2):
    return read.plan(np.array(index), seed=seed, step=step, number=0).mask


@pytest.mark.parametrize("kind", KINDS)
def test_masks_of_a_batch_follow_seed_step_and_window(kind):
    read = reader([CHBMIT] * 8, MaskingConfig(kind=kind, ratio=0.4))
    first = masks(read, [0, 1, 2])
    assert first.shape == (3, 23, 8)
    assert first.mean() == pytest.approx(0.4, abs=0.1)
    assert np.array_equal(first, masks(read, [0, 1, 2]))
    assert not np.array_equal(first, masks(read, [0, 1, 2], step=3))
    other = masks(read, [7, 1, 2])
    assert np.array_equal(first[1:], other[1:])
    assert not np.array_equal(first[0], other[0])


def test_entropy_masks_hide_irregular_patches_more_often():
    signal_uv = np.random.default_rng(4).standard_normal((4, 19, 1600)).astype(np.float32)
    signal_uv[:, :9] = np.sin(2 * np.pi * 2 * np.arange(1600) / 200)
    entropy = patch_entropy(signal_uv, 200)
    assert entropy[:, :9].max() < entropy[:, 9:].min()
    read = reader([TEN_TWENTY] * 4, MaskingConfig(kind="entropy", ratio=0.3), signal_uv)
    drawn = [masks(read, range(4), seed=0, step=k).mean(axis=(0, 2)) for k in range(20)]
    shares = np.mean(drawn, axis=0)
    assert shares[9:].mean() > 1.5 * shares[:9].mean()


@pytest.mark.parametrize(("said", "accuracy"), [(3, 1.0), (1, 0.0)])
def test_scores_are_told_by_kind_region_and_band(said, accuracy):
    val = reader([CHBMIT] * 40, MaskingConfig(kind="block"))
    model = model_that_says(said)
    scores = validation_scores(model, val, 8)
    assert scores == validation_scores(model, val, 8)
    assert scores["chance_block"] == 1 / N_CODES
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
        validation_scores(model_that_says(0), reader(montages, MaskingConfig(kind="random")), 8)[
            "determined_random"
        ]
        for montages in ([doubled] * 20, [plain] * 20, [doubled, plain] * 10)
    ]
    assert shares[0] > 0.8
    assert shares[1] == 0
    assert shares[2] == pytest.approx(shares[0] / 2, abs=0.05)
