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
from eegssl.corpus.windows import Windows, tile
from eegssl.tasks.labels.model import logits_of
from eegssl.training import features
from eegssl.training.features import features_in_order, features_of

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
