"""A step asks for no value of a GPU: nothing that it does there has the host wait.

No GPU is needed: what would wait there is refused here.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rank_fits
import torch
from numpy.typing import NDArray
from smalltraining import Regressor
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.encoder import epilepsyfm
from eegssl.tasks.labels.learning.label_steps import LabelSteps, Truth
from eegssl.tokenizer import codebook
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.kmeans import count_codes, sums_in_order
from eegssl.tokenizer.tokenizer import build_tokenizer
from eegssl.training import features
from eegssl.training.fitting import update
from eegssl.training.fitting.checkpoint import Checkpoint
from eegssl.training.fitting.optimizer import TorchAdamW
from eegssl.training.fitting.steps import OneBatch, Steps
from eegssl.training.fitting.update import Terms, Updates
from eegssl.training.history import History

CPU = torch.device("cpu")
WAITING = {
    *("aten::_local_scalar_dense", "aten::nonzero", "aten::bincount", "aten::masked_select"),
    *("aten::_unique2", "aten::multinomial", "aten::equal", "aten::is_nonzero"),
}
"""Operations whose result, or its shape, a GPU's host has to wait for."""
TO_HOST = ("cpu", "numpy", "tolist", "item")


class NoWaits(TorchDispatchMode):
    """Refuses operations that wait for a GPU, and indices that are masks."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func._schema.name
        assert name not in WAITING, f"{name} waits for a GPU"
        if name in ("aten::index", "aten::index_put_"):
            assert all(i is None or i.dtype != torch.bool for i in args[1]), "a mask as an index"
        if name == "aten::segment_reduce":
            assert kwargs["unsafe"], "its check of lengths waits for a GPU"
        return func(*args, **(kwargs or {}))


def sums_on_a_gpu(vectors: Tensor, codes: Tensor, n_codes: int) -> tuple[Tensor, Tensor]:
    """`sums_per_code` of a GPU."""
    counts = count_codes(codes, n_codes)
    return sums_in_order(vectors, codes, counts), counts


@contextmanager
def as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No value is known, and none may be asked for."""

    def refuse(*what: Any) -> None:
        raise AssertionError("a value is brought to the host")

    with monkeypatch.context() as patched, NoWaits():
        for module in (codebook, update):
            patched.setattr(module, "is_known", lambda tensor: False)
        patched.setattr(codebook, "sums_per_code", sums_on_a_gpu)
        patched.setattr(epilepsyfm, "_COUNTING", ())
        for name in TO_HOST:
            patched.setattr(Tensor, name, refuse)
        yield


def updates_of(model: torch.nn.Module, steps: Steps) -> Updates:
    """Updates as on a GPU: by the fused optimizer."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = TorchAdamW([{"params": trained}], lr=1e-3, betas=(0.9, 0.98))
    optimizer.inner, optimizer._fused = torch.optim.AdamW(trained, fused=True), True
    point = Checkpoint(0, History())
    return Updates(Terms(model, steps), None, optimizer, rank_fits.PLAN, 0, point, print)


def take(model: torch.nn.Module, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Three steps, the first freely: a run may ask once where it begins; then the row of all."""
    updates = updates_of(model, steps)
    updates.take(steps.read(0))
    for step in (1, 2):
        parts = steps.read(step)
        with as_on_a_gpu(monkeypatch):
            updates.take(parts)
    return updates.row()


def test_pretraining_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = rank_fits.built_codes()
    assert take(model, rank_fits.GrainSteps(model), monkeypatch)["train_loss"] > 0


@pytest.mark.parametrize("name", rank_fits.OBJECTIVES)
def test_other_objectives_wait_for_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = rank_fits.built(name)
    assert take(model, rank_fits.GrainSteps(model), monkeypatch)["train_loss"] > 0


@pytest.mark.parametrize("quantizer", ["cosine", "residual", "random-projection"])
def test_a_tokenizer_waits_for_nothing(quantizer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Codes die and are revived meanwhile."""
    settings = {"n_codes": 64, "code_dim": 8, "width": 16, "n_codebooks": 2, "revive_after": 1}
    model = build_tokenizer(TokenizerConfig(quantizer=quantizer, **settings), 0).train()
    model.start_codebook(rank_fits.signals(99, 0)[0], seed=0)
    assert take(model, rank_fits.TokenizerGrains(model), monkeypatch)["train_loss"] > 0


class TwentyWindows:
    """Windows of 5 channels and 3 patches, as far as labels and features ask for them."""

    window_s, length, total_channels, n_channels = 3.0, 600, 100, np.full(20, 5)

    def __len__(self) -> int:
        return 20

    def in_order(self, most: int) -> list[NDArray[np.int64]]:
        return [np.arange(20)]

    def draw(self, n: int, *, step: int, **_: object) -> NDArray[np.int64]:
        return np.random.default_rng(step).integers(20, size=n)


@pytest.mark.parametrize("truth", ["classes", "partly known", "weighted", "numbers"])
def test_a_head_on_cached_features_waits_for_nothing(
    truth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some windows have no label."""
    g, windows = torch.Generator().manual_seed(0), TwentyWindows()
    cached = {5: torch.randn(20, 5, 3, 16, generator=g).numpy()}
    monkeypatch.setattr(features, "_by_bucket", lambda *what: cached)
    n_outputs = 1 if truth == "numbers" else 3
    settings = AdaptationConfig(kind="attention", attention_heads=2)
    model = build_classifier(rank_fits.built_codes().encoder, n_outputs, settings, 0).train()
    read: Any = features.features_of(model, windows, CPU, features.Cache(Path(), 1.0))
    values = torch.randint(-1, 3, (20,), generator=g)
    possible = torch.rand(20, 3, generator=g) < 0.6 if truth == "partly known" else None
    weights = torch.tensor([1.0, 2.0, 3.0]) if truth == "weighted" else None
    labels = Truth(values.float() if truth == "numbers" else values, possible, weights)
    train: Any = SimpleNamespace(windows=windows)
    steps = LabelSteps(model, read, train, labels, np.ones(20), 16, 0)
    assert take(model, steps, monkeypatch)["train_loss"] > 0


def test_a_training_of_whole_batches_waits_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forecasts and phases: a step is asked for by its number."""
    model = Regressor()
    x = torch.ones(8, 4)

    def step(k: int) -> dict[str, Tensor]:
        return {"loss": (model(x) - k).square().mean()}

    assert take(model, OneBatch(step, 8), monkeypatch)["train_loss"] > 0


def test_a_skipped_step_moves_no_codebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU decides whether it is skipped, and the host does not hear of it before a row."""
    settings = {"n_codes": 16, "code_dim": 8, "width": 16, "revive_after": 1}
    model = build_tokenizer(TokenizerConfig(**settings), 0).train()
    model.start_codebook(rank_fits.signals(99, 0)[0], seed=0)
    steps = rank_fits.TokenizerGrains(model)
    updates = updates_of(model, steps)
    updates.take(steps.read(0))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    parts = steps.read(1)
    parts[0].inputs[0][0] = math.nan
    with as_on_a_gpu(monkeypatch):
        updates.take(parts)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    updates.take(steps.read(2))
    assert not torch.equal(model.quantizer.codebook, before["quantizer.book.codebook"])
    assert updates.row()["skipped"] == 1


def test_the_guard_guards(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.arange(3.0)
    waiting: list[Callable[[], object]] = [
        *(lambda: bool(x.sum() > 0), lambda: x[x > 1], lambda: x.nonzero(), lambda: x.tolist()),
    ]
    for asks in waiting:
        with as_on_a_gpu(monkeypatch), pytest.raises(AssertionError):
            asks()
    with as_on_a_gpu(monkeypatch):
        x.sum()
