"""A step of training needs no float64, which Apple's GPUs do not have."""

import re
from pathlib import Path
from typing import Any

import pytest
import rank_fits
import torch
from objective_grains import codes_model
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

import eegssl
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import build_tokenizer
from eegssl.training.fitting.checkpoint import Checkpoint
from eegssl.training.fitting.optimizer import build_optimizer
from eegssl.training.fitting.steps import Part, Steps
from eegssl.training.fitting.update import Terms, Updates
from eegssl.training.history import History

ENCODERS = {
    "default": EncoderConfig(layers=2, width=16, heads=2, ffn=32),
    "all on": EncoderConfig(
        **{"layers": 2, "width": 16, "heads": 2, "ffn": 32, "clip_sigma": 30.0, "summary": True},
        **{"normalise": "robust", "qk_norm": True, "layer_scale": 0.1, "spectral": "fourier"},
    ),
}


class NoFloat64(TorchDispatchMode):
    """Refuses every operation that makes a tensor in float64."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(made):
            if isinstance(leaf, Tensor):
                assert leaf.dtype not in (torch.float64, torch.complex128), func
        return made


class TokenizerGrains(Steps):
    """A grain of noise for a tokenizer."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def read(self, step: int) -> list[Part]:
        signal_uv = 30 * torch.randn(4, 5, 600, generator=torch.Generator().manual_seed(step))
        return [Part((signal_uv,), 60.0, 4)]

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        output = self.model(*inputs)
        return {"loss": output.loss} | output.terms

    def end(self) -> None:
        self.model.settle()


def step_twice(model: torch.nn.Module, steps: Steps) -> dict[str, float]:
    """Two updates as on an Apple GPU; the row of both."""
    groups = [{"params": list(model.parameters()), "lr": 1e-3, "weight_decay": 0.05}]
    optimizer = build_optimizer("torch", groups, 1e-3, (0.9, 0.98))
    terms, point = Terms(model, steps), Checkpoint(0, History())
    updates = Updates(terms, None, optimizer, rank_fits.PLAN, 0, point, lambda text: None)
    updates._sum_type = torch.float32
    with NoFloat64():
        for step in range(2):
            updates.take(steps.read(step))
        return updates.row()


@pytest.mark.parametrize("name", ENCODERS)
def test_pretraining_needs_none(name: str, tmp_path: Path) -> None:
    encoder = build_encoder(ENCODERS[name], 0)
    model = codes_model(encoder, rank_fits.N_CODES, symmetric=True)
    assert step_twice(model, rank_fits.GrainSteps(model))["train_loss"] > 0


MORE = ("reconstruct:target=waveform", "autoregressive:target=patch", "pretext:near=1,far=2")


@pytest.mark.parametrize("name", [*rank_fits.OBJECTIVES, *MORE])
def test_other_objectives_need_none(name: str) -> None:
    model = rank_fits.built(name)
    assert step_twice(model, rank_fits.GrainSteps(model))["train_loss"] > 0


@pytest.mark.parametrize("quantizer", ["cosine", "residual"])
def test_the_tokenizer_needs_none(quantizer: str) -> None:
    settings = {"n_codes": 16, "code_dim": 8, "width": 16, "n_codebooks": 2, "revive_after": 1}
    model = build_tokenizer(TokenizerConfig(quantizer=quantizer, **settings), 0)
    steps = TokenizerGrains(model)
    with NoFloat64():
        model.start_codebook(steps.read(99)[0].inputs[0], seed=0)
    assert step_twice(model, steps)["train_loss"] > 0


def test_what_is_summed_in_float64_is_on_the_cpu_first() -> None:
    package = Path(eegssl.__file__).parent
    texts = "".join(path.read_text() for path in sorted(package.rglob("*.py")))
    assert len(re.findall(r"\.cpu\(\)\.double\(\)", texts)) > 5
    assert re.findall(r".*(?<!\.cpu\(\))\.double\(\).*", texts) == []


def test_the_guard_guards() -> None:
    with NoFloat64(), pytest.raises(AssertionError):
        torch.zeros(3).double()
