"""Objectives without tokens learn from the tiny corpus, and a collapse ends a run.

The quick tests are those of ``tests/objectives/test_reconstruct.py`` and ``test_latent.py``.
"""

from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl

pytestmark = pytest.mark.slow
PLAN = {"steps": 400, "validate_every": 100, "lr": 2e-3}


def words(tiny: Pipeline, out: Path, name: str, *sets: str) -> list[object]:
    plan = [f"training.{key}={value}" for key, value in PLAN.items()]
    more = [word for item in (*plan, *sets) for word in ("--set", item)]
    source = [tiny.recordings, "--objective", name, "--config", tiny.settings]
    return ["pretrain", *source, *more, "--out", out]


@pytest.mark.parametrize("name", ["reconstruct", "latent"])
def test_it_knows_more_than_nothing_of_other_subjects(
    name: str, tiny: Pipeline, tmp_path: Path
) -> None:
    scores = done(*words(tiny, tmp_path / "encoder", name))["facts"]["val"]
    assert scores["loss_block"] < scores["constant_loss_block"]
    assert scores["r2_block"] > 0


def test_a_teacher_keeps_the_last_weights(tiny: Pipeline, tmp_path: Path) -> None:
    sets = ("objective.latent.teacher=ema", "training.steps=40")
    facts = done(*words(tiny, tmp_path / "encoder", "latent", *sets))["facts"]
    assert facts["best_step"] == 40


def test_embeddings_that_nothing_keeps_apart_end_a_run(tiny: Pipeline, tmp_path: Path) -> None:
    sets = ("objective.latent.isotropy=0",)
    result = eegssl(*words(tiny, tmp_path / "encoder", "latent", *sets))
    assert result.code == 2
    assert "collapsed" in result.err
    assert "objective.latent.isotropy higher" in result.err
