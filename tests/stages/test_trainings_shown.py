"""tokenize, pretrain and finetune show their training beside the artifact, which is the same."""

import json
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of

from eegssl.artifacts.manifest import PROGRESS, SPEED
from eegssl.training.live import live_log, trackers


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("stage", ["tokens", "encoder", "model"])
def test_each_training_leaves_its_speed_beside_the_artifact(tiny: Pipeline, stage: str) -> None:
    folder: Path = getattr(tiny, stage)
    metrics, speed = rows(folder / "metrics.jsonl"), rows(folder / SPEED)
    assert [row["step"] for row in speed] == [row["step"] for row in metrics]
    assert all(row["windows_per_s"] > 0 for row in speed)
    assert not {SPEED, PROGRESS} & set(manifest_of(folder)["files"])
    assert "windows_per_s" not in metrics[0]


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, int]]:
    """The scalars that TensorBoard is given."""
    scalars: list[tuple[str, float, int]] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            pass

        def add_scalar(self, *scalar: Any) -> None:
            scalars.append(scalar)

        def flush(self) -> None:
            pass

        def close(self) -> None:
            scalars.append(("closed", 0.0, 0))

    module = types.ModuleType("torch.utils.tensorboard")
    vars(module)["SummaryWriter"] = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda name: object())
    return scalars


def test_a_tracker_and_a_picture_change_no_byte_of_an_encoder(
    tiny: Pipeline,
    tmp_path: Path,
    board: list[tuple[str, float, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live_log, "FIRST_PICTURE_S", 0.0)
    out = tmp_path / "encoder"
    done(*tiny.command("pretrain", out), "--tracker", "tensorboard")
    assert (out / PROGRESS).exists()
    assert board[-1] == ("closed", 0.0, 0)
    losses = [value for name, value, _ in board if name == "train_loss"]
    assert losses == [r["train_loss"] for r in rows(out / "metrics.jsonl") if "train_loss" in r]
    assert files_of(out) == files_of(tiny.encoder)
    assert done(*tiny.command("pretrain", out))["state"] == "already made"


@pytest.mark.parametrize("stage", ["tokenize", "pretrain", "finetune"])
def test_a_tracker_that_is_not_there_is_told_before_anything_is_made(
    tiny: Pipeline, tmp_path: Path, stage: str
) -> None:
    ran = eegssl(*tiny.command(stage, tmp_path / "out"), "--tracker", "comet")
    assert ran.code == 2
    assert "expected one of tensorboard, wandb, mlflow" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_cross_validation_has_no_tracker(
    tiny: Pipeline, tmp_path: Path, board: list[tuple[str, float, int]]
) -> None:
    command = tiny.command("finetune", tmp_path / "out")
    ran = eegssl(*command, "--folds", "2", "--tracker", "tensorboard")
    assert ran.code == 2
    assert "one training" in ran.err
