"""A training says before its first step what its checkpoints take of the disk."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from clirun import Pipeline, eegssl
from smalltraining import Regressor, run

from eegssl.training.fitting.checkpoint import FILE
from eegssl.training.ranks.checkpoint_room import checkpoint_bytes

HEADER = 5000  # at most: names, history and numbers of steps


@pytest.mark.parametrize("with_best", [False, True])
def test_the_size_is_that_of_the_file(tmp_path: Path, with_best: bool) -> None:
    more = {"validate": lambda: {"score": 1.0}, "monitor": "score"} if with_best else {}
    run(tmp_path, **more)
    size = (tmp_path / FILE).stat().st_size
    assert 0 < size - checkpoint_bytes(Regressor(), with_best=with_best) < HEADER


@pytest.mark.parametrize(("free", "told"), [(1 << 40, False), (1000, True)])
def test_too_little_room_is_told_before_the_first_step(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, told: bool
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    ran = eegssl(*tiny.command("pretrain", tmp_path / "out"), "--set", "training.steps=1")
    assert ran.code == 0, ran.err
    (line,) = [line for line in ran.err.splitlines() if "checkpoints take" in line]
    assert f"{free:,} are free there" in line
    assert ("make room" in line) == told
