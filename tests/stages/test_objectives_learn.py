"""Each objective, run small on the tiny corpus, learns what holds for other subjects.

Quick tests of the switch are in ``test_objectives_switch.py``.
"""

from pathlib import Path

import pytest
from clirun import Pipeline, done

pytestmark = pytest.mark.slow

PATCH = ("--set", "objective.autoregressive.target=patch")
BATCH = ("--set", "training.batch_size=16")
RUNS = {
    "autoregressive": ("constant_loss", ("--tokens",)),
    "autoregressive, patch": ("constant_loss", PATCH),
    "pretext": ("chance_loss", ()),
    "contrastive": ("constant_loss", BATCH),
    "contrastive, VICReg": (
        "constant_loss",
        (*BATCH, "--set", "objective.contrastive.loss=vicreg"),
    ),
    "cpc": ("constant_loss", (*BATCH, "--set", "objective.cpc.ahead=1", "--set", "window_s=4")),
}


@pytest.mark.parametrize("run", RUNS)
def test_the_validation_loss_falls_below_that_of_knowing_nothing(
    run: str, tiny: Pipeline, tmp_path: Path
) -> None:
    constant, more = RUNS[run]
    more = (*more, tiny.tokens) if more == ("--tokens",) else more
    plan = {"steps": 150, "validate_every": 50, "checkpoint_every": 150, "lr": 2e-3}
    sets = [word for k, v in plan.items() for word in ("--set", f"training.{k}={v}")]
    source = [tiny.recordings, "--config", tiny.settings, "--objective", run.split(",")[0]]
    val = done("pretrain", *source, *sets, *more, "--out", tmp_path / "e")["facts"]["val"]
    assert val["loss"] < val[constant]
