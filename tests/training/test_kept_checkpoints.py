"""A checkpoint that stays is whole: spread over ranks or not, with hard links and without."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from smalltraining import PLAN, rows, run
from torch import distributed, nn

from eegssl.artifacts.system_errors import FullDisk
from eegssl.training.fitting import checkpoint
from eegssl.training.fitting.checkpoint import FILE, FOLDER, KEPT, Checkpoint, keep_checkpoint
from eegssl.training.fitting.optimizer import build_optimizer
from eegssl.training.fitting.sharded_checkpoint import read_shards, write_shards
from eegssl.training.history import History

KEEPING = PLAN.model_copy(update={"keep_every": 5})


@pytest.fixture(params=["links", "none"])
def links(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the disk has hard links."""
    if request.param == "none":
        monkeypatch.setattr(checkpoint.os, "link", refuse(errno.EOPNOTSUPP))
    return request.param == "links"


def refuse(code: int) -> Any:
    def link(*what: object) -> None:
        raise OSError(code, os.strerror(code))

    return link


@pytest.mark.usefixtures("links")
def test_a_run_begins_again_from_any_that_stayed(tmp_path: Path) -> None:
    model, _ = run(tmp_path / "whole", KEEPING)
    kept = sorted((tmp_path / "whole" / KEPT).iterdir())
    assert [path.name for path in kept] == [f"step-{k:09d}.safetensors" for k in (5, 10, 15, 20)]
    for path in kept[:2]:
        folder = tmp_path / path.stem
        folder.mkdir()
        path.rename(folder / FILE)
        again, _ = run(folder, KEEPING)
        assert all(map(torch.equal, again.parameters(), model.parameters()))
        assert rows(folder) == rows(tmp_path / "whole")


@pytest.fixture
def _group() -> Iterator[None]:
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.usefixtures("_group")
def test_one_in_a_folder_stays_too(tmp_path: Path, links: bool) -> None:
    """Twice of one step, as after a run that went on; what was left half done is cleared."""
    model = nn.Linear(3, 2)
    optimizer = build_optimizer("torch", [{"params": list(model.parameters())}], 0.1, (0.9, 0.9))
    write_shards(tmp_path, model, optimizer, Checkpoint(5, History()))
    (tmp_path / KEPT / "unfinished").mkdir(parents=True)
    (tmp_path / KEPT / "unfinished" / "shard.safetensors").write_text("half")
    for _ in range(2):
        keep_checkpoint(tmp_path, 5)
    (kept,) = (tmp_path / KEPT).iterdir()
    assert kept.name == "step-000000005"
    assert {path.name for path in kept.iterdir()} == {
        path.name for path in (tmp_path / FOLDER).iterdir()
    }
    assert all(path.stat().st_nlink == 1 + links for path in kept.iterdir())
    weights = model.weight.detach().clone()
    nn.init.zeros_(model.weight)
    folder = tmp_path / "again"
    folder.mkdir()
    kept.rename(folder / FOLDER)
    assert read_shards(folder, model, optimizer, pytest.fail).step == 5
    assert torch.equal(model.weight, weights)


def test_a_disk_too_full_to_copy_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(tmp_path)
    monkeypatch.setattr(checkpoint.os, "link", refuse(errno.EPERM))
    monkeypatch.setattr(checkpoint.shutil, "copyfile", refuse(errno.ENOSPC))
    with pytest.raises(FullDisk) as caught:
        keep_checkpoint(tmp_path, 20)
    assert caught.value.needed_bytes == (tmp_path / FILE).stat().st_size
    assert not list((tmp_path / KEPT).iterdir())


@pytest.mark.usefixtures("_group")
def test_a_folder_that_is_not_copied_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = nn.Linear(3, 2)
    optimizer = build_optimizer("torch", [{"params": list(model.parameters())}], 0.1, (0.9, 0.9))
    write_shards(tmp_path, model, optimizer, Checkpoint(5, History()))
    monkeypatch.setattr(checkpoint.os, "link", refuse(errno.EPERM))
    monkeypatch.setattr(checkpoint.shutil, "copyfile", refuse(errno.ENOSPC))
    with pytest.raises(FullDisk):
        keep_checkpoint(tmp_path, 5)
    assert not list((tmp_path / KEPT).iterdir())


def test_other_errors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    monkeypatch.setattr(checkpoint.os, "link", refuse(errno.EIO))
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        keep_checkpoint(tmp_path, 20)
