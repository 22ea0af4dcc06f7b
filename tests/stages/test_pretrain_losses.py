"""Pretraining keeps the weights with the lowest validation loss, and says when that loss is bad."""

import json
from pathlib import Path

import numpy as np
import pytest
from clirun import Pipeline, done
from safetensors.numpy import load_file

from eegssl.config.corpus_stages import PretrainConfig
from eegssl.training.history import History
from eegssl.training.pretraining.loss_concerns import loss_concerns

CONFIG = PretrainConfig()
NAME = f"loss_{CONFIG.masking.kind}"


def history(*losses: float) -> History:
    rows = [{"step": 10 * k, f"val_{NAME}": loss} for k, loss in enumerate(losses, start=1)]
    best = min(range(len(losses)), key=lambda k: losses[k])
    return History(rows, 10 * (best + 1), losses[best])


def scores(loss: float, unigram: float) -> dict[str, float]:
    return {NAME: loss, f"unigram_{NAME}": unigram}


def concerns(course: History, last: dict[str, float]) -> list[str]:
    return list(loss_concerns(CONFIG.objective, CONFIG.masking, course, last))


def test_a_loss_that_falls_below_the_frequencies_of_codes_is_no_concern() -> None:
    assert not concerns(history(4.2, 4.0, 3.9), scores(3.9, 4.1))


def test_a_loss_that_rises_names_both_steps_and_what_mends_it() -> None:
    (concern,) = concerns(history(4.22, 4.38), scores(4.22, 4.5))
    for part in ("4.220 at step 10", "4.380 at step 20", "step 10 are kept", "training.steps"):
        assert part in concern


def test_a_loss_above_the_frequencies_of_codes_is_a_concern() -> None:
    (concern,) = concerns(history(4.3, 4.2), scores(4.2, 4.0))
    assert "4.200, is not below 4.000" in concern


def trained(tiny: Pipeline, out: Path, **plan: float) -> tuple[dict, dict[int, float]]:
    """The facts of a pretraining of 12 steps, and the validation loss by step."""
    plan = {"steps": 12, "validate_every": 2, "checkpoint_every": 4} | plan
    more = [w for k, v in plan.items() for w in ("--set", f"training.{k}={v}")]
    source = [tiny.recordings, "--tokens", tiny.tokens, "--config", tiny.settings]
    facts = done("pretrain", *source, *more, "--out", out)["facts"]
    rows = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    name = f"val_loss_{facts['masking']}"
    return facts, {row["step"]: row[name] for row in rows if name in row}


def test_the_best_weights_by_validation_loss_are_kept(tiny: Pipeline, tmp_path: Path) -> None:
    facts, losses = trained(tiny, tmp_path / "encoder", lr=0.5)
    assert len(losses) == 6
    assert facts["best_step"] == min(losses, key=lambda step: losses[step])
    loss = facts["val"][f"loss_{facts['masking']}"]
    assert loss == pytest.approx(min(losses.values()), rel=1e-5)


def test_patience_ends_a_training_that_gets_no_better(tiny: Pipeline, tmp_path: Path) -> None:
    facts, losses = trained(tiny, tmp_path / "encoder", lr=1e-12, patience=2)
    assert list(losses) == [2, 4, 6]
    assert facts["best_step"] == 2
    kept = load_file(tmp_path / "encoder" / "encoder.safetensors")
    assert all(np.isfinite(one).all() for one in kept.values())
