"""A checkpoint in a folder is taken whole, or passed over for the one before."""

import errno
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
import torch
from torch import distributed, nn
from torch.distributed.checkpoint import CheckpointException

from eegssl.artifacts.system_errors import FullDisk
from eegssl.training.fitting.checkpoint import (
    DAMAGED,
    FOLDER,
    PREVIOUS_FOLDER,
    Checkpoint,
    drop_checkpoints,
    has_checkpoint,
)
from eegssl.training.fitting.optimizer import AdamW, build_optimizer
from eegssl.training.fitting.sharded_checkpoint import (
    MANIFEST,
    UNFINISHED,
    read_shards,
    write_shards,
)
from eegssl.training.history import History

SHARD = "shard-00001-model-00001-of-00001.safetensors"


@pytest.fixture(autouse=True)
def _group() -> Iterator[None]:
    """A group of one: what is saved does not depend on how many save it."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def small() -> tuple[nn.Module, AdamW]:
    model = nn.Linear(3, 2)
    optimizer = build_optimizer("torch", [{"params": list(model.parameters())}], 0.1, (0.9, 0.9))
    return model, optimizer


def update(model: nn.Module, optimizer: AdamW) -> None:
    optimizer.zero_grad()
    model(torch.ones(1, 3)).square().sum().backward()
    optimizer.step()


def written(folder: Path) -> tuple[nn.Module, AdamW]:
    """Two checkpoints, of step 4 and step 5."""
    model, optimizer = small()
    for step in (4, 5):
        update(model, optimizer)
        best = {name: 2 * tensor for name, tensor in model.state_dict().items()}
        sums = {"loss": torch.tensor(float(step), dtype=torch.float64)}
        history = History([{"step": step, "val_loss": 0.5}], step, 0.5)
        write_shards(folder, model, optimizer, Checkpoint(step, history, best, sums, 1, 2))
    return model, optimizer


def read(folder: Path) -> tuple[nn.Module, AdamW, Checkpoint, list[str]]:
    news: list[str] = []
    model, optimizer = small()
    return model, optimizer, read_shards(folder, model, optimizer, news.append), news


def test_all_of_a_run_comes_back(tmp_path: Path) -> None:
    model, optimizer = written(tmp_path)
    again, of_again, point, news = read(tmp_path)
    assert news == []
    assert (point.step, point.n_summed, point.skipped) == (5, 1, 2)
    assert point.history == History([{"step": 5, "val_loss": 0.5}], 5, 0.5)
    assert point.sums == {"loss": torch.tensor(5.0, dtype=torch.float64)}
    for name, tensor in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], tensor)
        assert torch.equal(point.best[name], 2 * tensor)
    for one, other in ((model, optimizer), (again, of_again)):
        update(one, other)
    assert all(map(torch.equal, again.parameters(), model.parameters()))


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "shard": lambda path: flip(path / SHARD),
    "no shard": lambda path: (path / SHARD).unlink(),
    "another shard": lambda path: shutil.copy(path / SHARD, path / "shard-2.safetensors"),
    "manifest": lambda path: flip(path / MANIFEST),
    "no manifest": lambda path: (path / MANIFEST).unlink(),
    "empty manifest": lambda path: (path / MANIFEST).write_text("{}"),
    "list": lambda path: (path / MANIFEST).write_text("[]"),
    "state": lambda path: rewrite(path / MANIFEST, lambda c: c["state"].update(step=6)),
    "no state": lambda path: rewrite(path / MANIFEST, lambda c: c.pop("state")),
    "empty": lambda path: [entry.unlink() for entry in path.iterdir()],
    "a file": lambda path: (shutil.rmtree(path), path.write_text("what?")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_one_before_is_taken_in_place_of_a_damaged_one(tmp_path: Path, damage: str) -> None:
    written(tmp_path)
    DAMAGES[damage](tmp_path / FOLDER)
    _, _, point, news = read(tmp_path)
    assert point.step == 4
    (text,) = news
    assert f"{tmp_path / FOLDER} is damaged" in text
    assert "the one before, of step 4" in text
    assert (tmp_path / f"{DAMAGED}{FOLDER}").exists()


def test_with_none_left_the_training_starts_again(tmp_path: Path) -> None:
    written(tmp_path)
    for name in (FOLDER, PREVIOUS_FOLDER):
        flip(tmp_path / name / SHARD)
    _, _, point, news = read(tmp_path)
    assert (point.step, point.best) == (0, {})
    assert news[0].count("is damaged") == 2
    assert news[0].endswith("training starts again at step 0")


def test_an_unfinished_one_is_no_checkpoint(tmp_path: Path) -> None:
    """What a kill left is written over."""
    written(tmp_path)
    (tmp_path / FOLDER).rename(tmp_path / UNFINISHED)
    assert read(tmp_path)[2].step == 4
    written(tmp_path)
    assert not (tmp_path / UNFINISHED).exists()
    assert read(tmp_path)[2].step == 5


class Killed(BaseException):
    """What comes after it does not happen."""


CALLS = {
    *("pathlib.Path.mkdir", "pathlib.Path.replace", "os.fsync", "shutil.rmtree"),
    "torch.distributed.checkpoint.HuggingFaceStorageWriter.write_data",
}
"""By which a checkpoint is written."""


def kill_at(place: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Have the call of this number killed before it does anything; the list is of those made."""
    made: list[str] = []

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def calling(*what: Any, **more: Any) -> Any:
            if len(made) == place:
                raise Killed
            made.append(name)
            return call(*what, **more)

        return calling

    for name in CALLS:
        owner, _, attribute = name.rpartition(".")
        call = getattr(resolve_name(owner), attribute)
        monkeypatch.setattr(name, counted(attribute, call))
    return made


def test_a_kill_at_any_point_of_a_write_leaves_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the next write is as if nothing had been."""
    steps, place = [], 0
    while True:
        folder = tmp_path / str(place)
        folder.mkdir()
        model, optimizer = written(folder)
        with monkeypatch.context() as patch:
            made = kill_at(place, patch)
            try:
                write_shards(folder, model, optimizer, Checkpoint(6, History()))
            except (Killed, CheckpointException):  # torch tells a kill in a writer's thread so
                pass
            else:
                break
        point, news = read(folder)[2:]
        assert news == []
        steps.append(point.step)
        write_shards(folder, model, optimizer, Checkpoint(7, History()))
        assert read(folder)[2].step == 7
        place += 1
    assert {"mkdir", "write_data", "fsync", "replace", "rmtree"} == set(made)
    assert len(steps) == len(made) > 6
    assert steps == sorted(steps)
    assert set(steps) == {5, 6}


def test_a_full_disk_is_told_and_leaves_the_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, optimizer = written(tmp_path)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("torch.distributed.checkpoint.HuggingFaceStorageWriter.write_data", full)
        with pytest.raises(FullDisk) as caught:
            write_shards(tmp_path, model, optimizer, Checkpoint(6, History()))
    assert caught.value.needed_bytes == 3 * 4 * (6 + 2) + 2 * 4
    assert read(tmp_path)[2].step == 5


def test_resume_never_drops_folders_too(tmp_path: Path) -> None:
    assert not has_checkpoint(tmp_path)
    written(tmp_path)
    assert has_checkpoint(tmp_path)
    drop_checkpoints(tmp_path)
    assert list(tmp_path.iterdir()) == []
