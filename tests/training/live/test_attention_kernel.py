"""A training tells once which attention kernel runs: the one that torch is asked for."""

import pickle
from pathlib import Path

import pytest
import torch
from rank_fits import PLAN, GrainSteps, built_codes
from smalltraining import Regressor, step_of
from torch.utils._python_dispatch import TorchDispatchMode

from eegssl.encoder import transformer
from eegssl.encoder.transformer import Attention
from eegssl.training.fitting.loop import fit
from eegssl.training.live.attention_kernel import kernel_told

PLAIN = "plain, by two matrix products"
TOKENS = torch.randn(2, 30, 16)


class Calls(TorchDispatchMode):
    """The operations that are called."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.names.append(func._schema.name)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    ("dropout", "low", "named", "called"),
    [
        (0.0, False, "torch's flash (2 heads of 8, 30 tokens, float32)", "flash_attention"),
        (0.1, False, "torch's math (2 heads of 8, 30 tokens, float32)", "_softmax"),
        (
            0.0,
            True,
            "plain, by two matrix products (2 heads of 8, 30 tokens, bfloat16)",
            "_softmax",
        ),
        (0.1, True, "torch's math (2 heads of 8, 30 tokens, float32)", "_softmax"),
    ],
)
def test_the_kernel_that_is_named_runs(dropout: float, low: bool, named: str, called: str) -> None:
    attention = Attention(16, 2, dropout).train()
    with torch.autocast("cpu", torch.bfloat16, enabled=low), Calls() as calls:
        assert attention.kernel(TOKENS) == named
        assert not any(called in name for name in calls.names)
        attention(TOKENS)
    assert any(called in name for name in calls.names)


def test_many_tokens_take_the_fused_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformer, "_SHORT", 29)
    with torch.autocast("cpu", torch.bfloat16):
        assert Attention(16, 2, 0.0).kernel(TOKENS).startswith("torch's flash (")


def test_keys_of_each_token_and_of_all_leave_it_fused() -> None:
    for shape in ((2, 30), (1, 30, 30)):
        keys, attention = torch.ones(shape, dtype=torch.bool), Attention(16, 2, 0.0)
        with torch.autocast("cpu", torch.bfloat16):
            assert attention.kernel(TOKENS, keys).startswith("torch's flash (")


def test_a_training_tells_it_once(tmp_path: Path) -> None:
    model, said = built_codes(), list[str]()
    plan = PLAN.model_copy(update={"steps": 3})
    metrics = tmp_path / "metrics.jsonl"
    fit(model, GrainSteps(model), plan, seed=0, folder=tmp_path, metrics=metrics, say=said.append)
    assert said == ["attention: torch's flash (2 heads of 8, 15 tokens, float32), on cpu"]
    assert not model.encoder.transformer._forward_pre_hooks


def test_a_model_without_attention_tells_nothing(tmp_path: Path) -> None:
    model, said = Regressor(), list[str]()
    with kernel_told(model, said.append):
        step_of(model)(0)
    assert said == []


def test_a_model_goes_to_a_data_worker_while_its_kernel_is_to_be_named() -> None:
    """From Python 3.14 on workers are started anew, and get a copy."""
    said: list[str] = []
    model = built_codes()
    with kernel_told(model, said.append):
        copy = pickle.loads(pickle.dumps(model))  # noqa: S301
        for one, words in ((copy, 0), (model, 1)):
            steps = GrainSteps(one)
            steps.terms(*steps.grain(0, 0).inputs)
            assert len(said) == words
