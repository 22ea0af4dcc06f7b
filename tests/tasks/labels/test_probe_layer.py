"""A probe reads the layer that validation windows choose, and embeds each window once for all."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from corpora import corpus, stored
from slowparams import slow_except
from torch import Tensor, nn

from eegssl.adaptation.classifier import Classifier, build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.corpus.labelled import LabelledWindows
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows
from eegssl.tasks.labels.model import predict
from eegssl.tasks.labels.probe import fit_probe
from eegssl.training.features import Cache

TASK = TaskConfig(name="t", labels="events", classes=("background", "seizure"), window_s=2.0)
DEPTH, PATCH, SECONDS = 3, 100, 80
LAYERS = range(DEPTH + 1)
CPU = torch.device("cpu")
CONFIG = EncoderConfig(
    layers=DEPTH, width=4, heads=1, ffn=4, patch_samples=PATCH, sfreq_hz=100.0, top_hz=40.0
)


class Scripted(Encoder):
    """Layer k is sample k of each patch; whatever lies above a layer knows nothing of it."""

    def __init__(self) -> None:
        super().__init__()
        self.config = CONFIG
        self.mask_token = nn.Parameter(torch.zeros(CONFIG.width))
        self.n_embedded, self.deepest = 0, 0

    def forward(self, *window: Tensor, **hidden: Tensor) -> Tensor:
        *_, last = self.layers(*window)
        return last

    def layers(self, signal_uv: Tensor, *geometry: Tensor) -> Iterator[Tensor]:
        self.n_embedded += len(signal_uv)
        patches = signal_uv.unflatten(-1, (-1, PATCH))
        for layer in LAYERS:
            self.deepest = max(self.deepest, layer)
            yield patches[..., layer, None] * torch.tensor([1.0, -1.0, 0.5, 2.0])

    def summarise(self, *window: Tensor) -> Tensor:
        raise NotImplementedError

    embedders = property(lambda self: [])
    blocks = property(lambda self: [nn.Identity() for _ in range(DEPTH)])
    norm = property(lambda self: nn.Identity())


def windows(folder: Path, k: int, held: Collection[int], same: bool = False) -> LabelledWindows:
    """Forty windows of a subject, the last twenty in a seizure that the layers ``held`` show."""
    rng = np.random.default_rng(k)
    ictal = np.arange(SECONDS) >= SECONDS // 2
    patches = rng.normal(0, 5, (1, SECONDS, PATCH))
    for layer in LAYERS:
        if layer in held:
            patches[..., layer] += 30 * ictal
        if same:
            patches[..., layer] = patches[..., 0]
    sz = (SECONDS / 2, SECONDS / 2, "sz")
    one = stored(folder, k, patches.reshape(1, -1), events=[sz])
    return labelled_windows(corpus(one), [one], TASK, None, seed=0)


def fitted(
    train: LabelledWindows, val: LabelledWindows, cache: Path, **settings: Any
) -> tuple[Classifier, dict[str, Any]]:
    """A classifier, and what is told of its probe."""
    config = AdaptationConfig(probe_c=(0.01, 1.0), **settings)
    classifier = build_classifier(Scripted(), 2, config, seed=0)
    facts = fit_probe(classifier, TASK, train, val, True, CPU, Cache(cache, 1.0))
    return classifier.eval(), facts["probe"]


def right(classifier: Classifier, tested: LabelledWindows) -> float:
    """The share of windows that are told rightly."""
    answers = predict(classifier, tested.windows, 16, CPU)
    return float((answers.argmax(axis=1) == tested.truth).mean())


@pytest.mark.parametrize("held", slow_except(LAYERS, 1))
def test_validation_chooses_the_layer_and_neither_training_nor_test_does(
    tmp_path: Path, held: int
) -> None:
    train = windows(tmp_path, 0, LAYERS)
    val = windows(tmp_path, 1, {held})
    classifier, facts = fitted(train, val, tmp_path / "cache", layer="best")
    assert facts["layer"] == classifier.layer == held
    assert np.argmax(facts["by_layer"]) == held
    assert facts["by_layer"][held] == 1.0
    assert len(facts["by_layer"]) == DEPTH + 1
    assert right(classifier, windows(tmp_path, 2, {held})) == 1.0
    others = windows(tmp_path, 3, set(LAYERS) - {held})
    assert right(classifier, others) < 0.7  # a layer that is not read tells nothing


def test_a_layer_that_was_chosen_is_the_probe_of_that_layer_alone(tmp_path: Path) -> None:
    train, val = windows(tmp_path, 0, LAYERS), windows(tmp_path, 1, {1})
    best, told = fitted(train, val, tmp_path / "a", layer="best")
    again, told_again = fitted(train, val, tmp_path / "b", layer="best")
    alone, told_alone = fitted(train, val, tmp_path / "c", layer=1)
    assert told == told_again
    assert told_alone == {name: told[name] for name in told_alone}
    for other in (again, alone):
        assert other.config == best.config
        assert other.config.layer == 1
        for name, value in best.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_of_layers_that_validate_alike_the_lowest_is_read(tmp_path: Path) -> None:
    train, val = (windows(tmp_path, k, LAYERS, same=True) for k in (0, 1))
    assert fitted(train, val, tmp_path / "cache", layer="best")[1]["layer"] == 0


def test_each_window_is_embedded_once_for_all_layers(tmp_path: Path) -> None:
    train, val = windows(tmp_path, 0, LAYERS), windows(tmp_path, 1, {2})
    classifier, _ = fitted(train, val, tmp_path / "cache", layer="best")
    encoder = classifier.encoder
    assert encoder.n_embedded == len(train) + len(val)
    cached = predict(classifier, val.windows, 64, CPU, Cache(tmp_path / "cache", 1.0))
    assert encoder.n_embedded == len(train) + len(val)
    np.testing.assert_array_equal(cached, predict(classifier, val.windows, 64, CPU))


def test_nothing_above_the_layer_that_is_read_is_computed(tmp_path: Path) -> None:
    train, val = windows(tmp_path, 0, {1}), windows(tmp_path, 1, {1})
    classifier, _ = fitted(train, val, tmp_path / "cache", layer=1)
    assert classifier.encoder.deepest == 1


def test_the_last_layer_is_read_unless_another_is_named(tmp_path: Path) -> None:
    train, val = windows(tmp_path, 0, {DEPTH}), windows(tmp_path, 1, {DEPTH})
    usual, told = fitted(train, val, tmp_path / "cache")
    named, told_named = fitted(train, val, tmp_path / "cache", layer=DEPTH)
    assert usual.config.layer == "last"
    assert named.encoder.n_embedded == 0  # it is the same embedding, and was cached
    assert told == told_named
    assert told["layer"] == DEPTH
    assert "by_layer" not in told
    assert torch.equal(usual.head.weight, named.head.weight)
