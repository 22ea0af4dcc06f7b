"""Compiled blocks train as others do, and are as before afterwards."""

import json
from pathlib import Path

import pytest
import rank_fits
import torch
from objective_grains import codes_model

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.training.fitting import compiling
from eegssl.training.fitting.loop import fit


def losses(folder: Path, compile_blocks: bool) -> list[float]:
    folder.mkdir()
    encoder = build_encoder(EncoderConfig(layers=2, width=16, heads=2, ffn=32), 0)
    model = codes_model(encoder, rank_fits.N_CODES)
    plan = rank_fits.PLAN.model_copy(update={"steps": 3, "compile": compile_blocks})
    steps, metrics = rank_fits.GrainSteps(model), folder / "metrics.jsonl"
    fit(model, steps, plan, seed=0, folder=folder, metrics=metrics)
    assert all(block._compiled_call_impl is None for block in model.encoder.blocks)
    return [json.loads(line)["train_loss"] for line in metrics.read_text().splitlines()]


def test_compiled_blocks_learn_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By torch's tracer; the compiler behind it may be missing where tests run."""
    graphs = []

    def backend(graph: torch.fx.GraphModule, _inputs: list[torch.Tensor]) -> object:
        graphs.append(graph)
        return graph.forward

    monkeypatch.setattr(compiling, "BACKEND", backend)
    plain, traced = losses(tmp_path / "plain", False), losses(tmp_path / "compiled", True)
    assert len(graphs) > 0
    assert traced == pytest.approx(plain, rel=1e-6)
