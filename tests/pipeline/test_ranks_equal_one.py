"""Two ranks learn what one does, by the command line; ``test_ranks_pipeline.py`` is quick."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline
from trained_ranks import training

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("stage", ["tokenize", "pretrain"])
@pytest.mark.parametrize("batch_size", [8, 7])
def test_the_losses_are_equal_to_rounding(
    tiny: Pipeline, tmp_path: Path, stage: str, batch_size: int
) -> None:
    """Several grains a rank, the last one uneven; recordings of six channels and of eight.

    Weights are not compared: Adam magnifies rounding where a true gradient is zero.
    """
    rows = []
    for n_ranks in (1, 2):
        out = tmp_path / f"ranks{n_ranks}"
        more = ("--set", f"training.batch_size={batch_size}")
        ends = training(tiny, stage, out).end(*more, n_ranks=n_ranks)
        assert [end.code for end in ends] == [0] * n_ranks, ends
        rows.append([json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()])
    assert len(rows[0]) == len(rows[1]) == 12
    for one, two in zip(*rows, strict=True):
        assert two["train_loss"] == pytest.approx(one["train_loss"], rel=1e-5)
        assert two["grad_norm"] == pytest.approx(one["grad_norm"], rel=1e-4)
