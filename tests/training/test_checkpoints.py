"""A damaged checkpoint is named and left; the run goes on from the one before, to the same bits."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from smalltraining import PLAN, bits, rows, run

from eegssl.artifacts.system_errors import FullDisk, system_errors
from eegssl.errors import Preempted
from eegssl.training.fitting import checkpoint
from eegssl.training.fitting.checkpoint import DAMAGED, FILE, KEPT, PREVIOUS

Damage = Callable[[Path], object]


def flip(path: Path, place: int) -> None:
    """Change one bit of a file; its time and size stay."""
    before, data = path.stat(), bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def rewrite(path: Path, change: Callable[[dict[str, Any], dict[str, str]], object]) -> None:
    """Change tensors or metadata of a checkpoint, so that it is a whole file of its format."""
    with safe_open(path, framework="pt") as stream:
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        metadata = dict(stream.metadata())
    change(tensors, metadata)
    save_file(tensors, path, metadata)


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


DAMAGES: dict[str, Damage] = {
    "cut": lambda path: os.truncate(path, 500),
    "empty": lambda path: os.truncate(path, 0),
    "weights": lambda path: flip(path, -5),
    "header": lambda path: flip(path, 40),
    "length": lambda path: flip(path, 0),
    "grown": lambda path: path.write_bytes(path.read_bytes() + b"\0"),
    "text": lambda path: path.write_text("what?"),
    "state": lambda path: rewrite(path, lambda _, m: m.update(state=m["state"].replace("8", "9"))),
    "no hash": lambda path: rewrite(path, lambda _, m: m.pop("sha256")),
    "no tensor": lambda path: rewrite(path, lambda t, _: t.popitem()),
    "shape": lambda path: rewrite(path, lambda t, _: t.update({k: t[k][None] for k in t})),
    "pipe": to_pipe,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], list[Any]]:
    """Weights and log of a run without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    return bits(run(folder)[0]), rows(folder)


def stopped(folder: Path) -> None:
    """Two checkpoints of a run that was stopped: of step 8, and of step 4 before it."""
    with pytest.raises(Preempted):
        run(folder, stop=8)
    assert (folder / FILE).exists()
    assert (folder / PREVIOUS).exists()


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_one_before_is_taken_in_place_of_a_damaged_one(
    whole: tuple[dict[str, bytes], list[Any]], tmp_path: Path, damage: str
) -> None:
    stopped(tmp_path)
    DAMAGES[damage](tmp_path / FILE)
    news: list[str] = []
    model, _ = run(tmp_path, warn=news.append)
    (text,) = news
    assert f"{tmp_path / FILE} is damaged" in text
    assert "the one before, of step 4" in text
    assert (tmp_path / f"{DAMAGED}{FILE}").exists()
    assert (bits(model), rows(tmp_path)) == whole


def test_with_none_left_the_training_starts_again(
    whole: tuple[dict[str, bytes], list[Any]], tmp_path: Path
) -> None:
    stopped(tmp_path)
    for name in (FILE, PREVIOUS):
        os.truncate(tmp_path / name, 500)
    news: list[str] = []
    model, _ = run(tmp_path, warn=news.append)
    (text,) = news
    assert text.count("is damaged") == 2
    assert text.endswith("training starts again at step 0")
    assert (bits(model), rows(tmp_path)) == whole


def test_a_kill_between_two_checkpoints_leaves_one(
    whole: tuple[dict[str, bytes], list[Any]], tmp_path: Path
) -> None:
    """The last has its new name already, and the next not yet its own."""
    stopped(tmp_path)
    (tmp_path / FILE).unlink()
    news: list[str] = []
    model, _ = run(tmp_path, warn=news.append)
    assert news == []
    assert (bits(model), rows(tmp_path)) == whole


def test_a_run_can_go_back_to_a_kept_one(
    whole: tuple[dict[str, bytes], list[Any]], tmp_path: Path
) -> None:
    plan = PLAN.model_copy(update={"keep_every": 6})
    run(tmp_path, plan)
    kept = sorted(path.name for path in (tmp_path / KEPT).iterdir())
    assert kept == [f"step-{step:09d}.safetensors" for step in (6, 12, 18)]
    shutil.copy(tmp_path / KEPT / kept[1], tmp_path / FILE)
    seen: list[int] = []
    model, _ = run(tmp_path, plan, report=lambda step, loss: seen.append(step))
    assert seen[0] == 13
    assert (bits(model), rows(tmp_path)) == whole


def test_a_damaged_one_never_replaces_the_one_before(tmp_path: Path) -> None:
    stopped(tmp_path)
    before = (tmp_path / PREVIOUS).read_bytes()
    flip(tmp_path / FILE, -5)
    with pytest.raises(Preempted):
        run(tmp_path, stop=5)
    assert (tmp_path / PREVIOUS).read_bytes() == before


def test_a_full_disk_is_told_with_what_was_needed(
    whole: tuple[dict[str, bytes], list[Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full)
        with pytest.raises(FullDisk) as caught:
            run(tmp_path)
    assert caught.value.errno == errno.ENOSPC
    assert caught.value.needed_bytes == 3 * 4 * (4 * 8 + 8 + 8 + 1) + 4 * 4 + 3 * 8
    assert (bits(run(tmp_path)[0]), rows(tmp_path)) == whole


def test_other_errors_of_a_library_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(SafetensorError), system_errors(tmp_path):
        raise SafetensorError("invalid shape")
    with pytest.raises(PermissionError), system_errors(tmp_path):
        raise SafetensorError("I/O error: Permission denied (os error 13)")
    with pytest.raises(FullDisk), system_errors(tmp_path):
        raise OSError(errno.EDQUOT, "Disk quota exceeded")


def test_every_type_and_shape_of_tensor_is_hashed() -> None:
    tensors = {
        "a": torch.tensor(1.0),
        "b": torch.zeros(0, 3),
        "c": torch.tensor([True, False]),
        "d": torch.ones(2, 2, dtype=torch.bfloat16),
        "e": torch.arange(3),
    }
    digest = checkpoint._digest(tensors, "{}")
    for name, tensor in tensors.items():
        other = torch.zeros(0, 4) if name == "b" else ~tensor if name == "c" else tensor + 1
        assert checkpoint._digest({**tensors, name: other}, "{}") != digest
    assert checkpoint._digest(tensors, "{ }") != digest
