"""Embeddings made as they are asked for are those made in advance, and few of them are kept."""

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch
from corpora import corpus, stored
from smallencoders import small

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.corpus.corrupted.corrupted_windows import CorruptedWindows
from eegssl.corpus.corrupted.sites import Sites
from eegssl.corpus.windows import Windows, tile
from eegssl.signal.corruptions.noise import WhiteNoise
from eegssl.tasks.labels.model import logits_of
from eegssl.training import features
from eegssl.training.features import Cache, embed_windows, features_in_order, features_of

CPU = torch.device("cpu")


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    """Windows of three recordings, of two and of three channels."""
    rng = np.random.default_rng(0)
    recordings = [
        stored(tmp_path, k, rng.normal(0, 30, (n_channels, 6_000 + 400 * k)))
        for k, n_channels in enumerate((2, 3, 2))
    ]
    return tile(corpus(*recordings), recordings, 4.0)


@pytest.mark.parametrize("batch_size", [1, 5, 8, 21])
@pytest.mark.parametrize("named", [False, True])
@torch.no_grad()
def test_logits_are_the_same_to_the_last_bit(
    windows: Windows, monkeypatch: pytest.MonkeyPatch, batch_size: int, named: bool
) -> None:
    monkeypatch.setattr(features, "_AT_ONCE", 8)
    channels = ("Fp1", "F7") if named else ()
    config = AdaptationConfig(kind="probe", pooling="channels" if named else "mean_max")
    classifier = build_classifier(small(), 2, config, 0, channels=channels).eval()
    lazily = features_in_order(classifier, windows, CPU)
    batches = list(windows.in_order(batch_size))
    before = [features_of(classifier, windows, CPU)(index) for index in batches]
    n_kept = []
    for index, pooled in zip(batches, before, strict=True):
        assert torch.equal(lazily(index), pooled)
        n_kept.append(len(inspect.getclosurevars(lazily).nonlocals["rows"]))
    assert n_kept[-1] == 0
    if not named:
        assert max(n_kept) < 8
    made = [
        logits_of(classifier, of(classifier, windows, CPU), windows, batch_size)
        for of in (features_in_order, features_of)
    ]
    assert torch.equal(*made)


def test_a_cache_keeps_corrupted_windows_apart_from_clean_ones(
    windows: Windows, tmp_path: Path
) -> None:
    config = AdaptationConfig(kind="probe", pooling="mean_max")
    classifier = build_classifier(small(), 2, config, 0).eval()
    cache = Cache(tmp_path / "cache", 1.0)
    cache.folder.mkdir()
    sites = Sites(windows.corpus, windows.length)
    alike = [
        windows,
        *(CorruptedWindows.of(windows, WhiteNoise(), level, 0, sites) for level in (9.0, 3.0)),
    ]
    embedded = [embed_windows(classifier, some, CPU, cache) for some in alike]
    assert len(list(cache.folder.iterdir())) == len(alike)
    for some, first in zip(alike, embedded, strict=True):
        np.testing.assert_array_equal(embed_windows(classifier, some, CPU, cache), first)
        np.testing.assert_array_equal(embed_windows(classifier, some, CPU), first)
    assert not np.allclose(embedded[0], embedded[1])
    assert not np.allclose(embedded[1], embedded[2])
