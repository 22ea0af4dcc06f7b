"""Losses of tiny trainings as they were when this was written; a refactoring must keep them."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline

TOLERANCE = 0.02  # other processors round differently, and a code may flip
ENCODER = {2: 2.9931, 4: 2.7940, 6: 2.7824, 8: 2.7976, 10: 2.8359, 12: 2.8151}
TOKENIZER = {2: 2.8604, 4: 2.8639, 6: 2.9035, 8: 2.8630, 10: 2.8672, 12: 3.1093}


def losses(folder: Path) -> dict[int, float]:
    """The training loss by step, as an artifact's log has it."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return {row["step"]: row["train_loss"] for row in rows if "train_loss" in row}


def test_a_tokenizer_learns_as_it_did(tiny: Pipeline) -> None:
    assert losses(tiny.tokens) == pytest.approx(TOKENIZER, abs=TOLERANCE)


def test_an_encoder_learns_as_it_did(tiny: Pipeline) -> None:
    assert losses(tiny.encoder) == pytest.approx(ENCODER, abs=TOLERANCE)
