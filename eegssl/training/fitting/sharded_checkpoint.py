"""Write and read checkpoints of weights that are spread over the ranks.

A checkpoint is a folder: of each rank a file of its parts (safetensors, by torch's distributed
checkpoints), and a manifest with the files' hashes, which is written last.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn

from eegssl.artifacts.atomic import atomic_path, canonical_json, hash_file, hash_json
from eegssl.artifacts.system_errors import system_errors
from eegssl.regular_files import read_text
from eegssl.tokenizer.ranks import gather_rows, is_first, n_ranks, number_of_first, own_rank
from eegssl.training.fitting.checkpoint import (
    FOLDER,
    PREVIOUS_FOLDER,
    Checkpoint,
    Stored,
    first_whole,
    point_of,
    remove_folder,
    state_of,
)
from eegssl.training.fitting.optimizer import AdamW
from eegssl.training.history import History

UNFINISHED = "unfinished-checkpoint"
"""The folder that is being written; a killed run may leave it behind."""
MANIFEST = "manifest.json"
_FILES = "*.safetensors"


@dataclass(frozen=True)
class StoredShards(Stored):
    """A checkpoint whose manifest was read; its tensors are in the files of its folder."""

    path: Path
    shapes: dict[str, list[int]]
    """Of every tensor, whole."""


def write_shards(folder: Path, model: nn.Module, optimizer: AdamW, point: Checkpoint) -> None:
    """Write a checkpoint, each rank its parts; the one before is kept.

    To be called on all ranks. Raises OSError, with the room that was needed, where the disk is
    full.
    """
    from torch.distributed import checkpoint

    tensors = {f"model.{n}": t for n, t in model.state_dict().items()}
    tensors |= {f"best.{n}": t for n, t in point.best.items()}
    tensors |= {f"sums.{n}": gather_rows(t[None]) for n, t in sorted(point.sums.items())}
    tensors |= {f"optimizer.{k}.{n}": t for k, s in optimizer.state.items() for n, t in s.items()}
    path = folder / UNFINISHED
    if is_first():
        remove_folder(path)
        path.mkdir(parents=True)
    number_of_first(0)  # what an earlier run left is gone
    needed = sum(t.numel() * t.element_size() for t in tensors.values())
    with system_errors(path, needed), _errors_of_ranks():
        writer = checkpoint.HuggingFaceStorageWriter(str(path), save_distributed=True)
        checkpoint.save(tensors, storage_writer=writer)
    content = {
        "state": state_of(point, optimizer) | {"ranks": n_ranks()},
        "shapes": {name: list(tensor.shape) for name, tensor in tensors.items()},
        "files": _hashes(path),
    }
    if is_first():
        with atomic_path(path / MANIFEST) as manifest:
            text = canonical_json(content | {"sha256": hash_json(content)})
            manifest.write_text(text, encoding="utf-8")
        _take_place(path, folder)


def read_shards(
    folder: Path, model: nn.Module, optimizer: AdamW, warn: Callable[[str], object]
) -> Checkpoint:
    """Load the folder's last whole checkpoint into model and optimizer; else begin at step 0.

    One that is damaged is left under another name, and ``warn`` is told. It may be of another
    number of ranks.
    """
    from torch.distributed import checkpoint

    stored = first_whole((folder / FOLDER, folder / PREVIOUS_FOLDER), _read, warn)
    if stored is None:
        return Checkpoint(0, History())
    tensors = _room(stored, model, optimizer)
    with _errors_of_ranks():
        reader = checkpoint.HuggingFaceStorageReader(str(stored.path))
        checkpoint.load(tensors, storage_reader=reader)
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, k, key = name.split(".", 2)
            state.setdefault(int(k), {})[key] = tensor
    optimizer.load_state(state)
    return point_of(stored.state, tensors)


def _room(stored: StoredShards, model: nn.Module, optimizer: AdamW) -> dict[str, Tensor]:
    """Tensors to load into: those of the model themselves, others new, spread as its weights."""
    weights, parameters = model.state_dict(), optimizer.parameters
    device, room = next(model.parameters()).device, dict[str, Tensor]()
    for name, shape in stored.shapes.items():
        part, _, own = name.partition(".")
        if part == "model":
            room[name] = weights[own]
        elif part == "best":
            room[name] = torch.empty_like(weights[own])
        elif part == "optimizer" and shape:
            room[name] = torch.empty_like(parameters[int(own.split(".")[0])].detach())
        elif part == "optimizer":
            room[name] = torch.empty(())
        else:
            room[name] = torch.empty(shape, dtype=torch.float64, device=device)
    return room


def _read(path: Path) -> StoredShards:
    """A checkpoint's manifest; ValueError where a file does not have the hash that it says."""
    try:
        content: dict[str, Any] = json.loads(read_text(path / MANIFEST))
        digest = content.pop("sha256")
        state, shapes, files = (content[name] for name in ("state", "shapes", "files"))
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError("it has no manifest") from None
    except (KeyError, TypeError, AttributeError):
        raise ValueError("its manifest is not one of a checkpoint") from None
    if digest != hash_json(content):
        raise ValueError("its manifest does not have the hash that it says")
    if is_first():
        _require_whole(path, files)
    return StoredShards(state, {}, path, shapes)


def _require_whole(path: Path, files: dict[str, str]) -> None:
    """Raise ValueError unless these are the folder's files, with these hashes."""
    there = {entry.name for entry in path.glob(_FILES)}
    if there != set(files):
        raise ValueError(f"it has {len(there)} of the {len(files)} files that its manifest names")
    for name, expected in files.items():
        if hash_file(path / name) != expected:
            raise ValueError(f"{name} does not have the hash that the manifest says")


def _hashes(path: Path) -> dict[str, str]:
    """The hashes of all ranks' files, each computed by the rank that wrote it."""
    own = {entry.name: hash_file(entry) for entry in path.glob(f"shard-{own_rank() + 1:05d}-*")}
    of_all: list[dict[str, str]] = [{} for _ in range(n_ranks())]
    distributed.all_gather_object(of_all, own)
    return {name: value for of_rank in of_all for name, value in of_rank.items()}


def _take_place(path: Path, folder: Path) -> None:
    """Make a whole checkpoint the last one; at each moment there is one."""
    _sync(path)
    if (folder / FOLDER).exists():
        remove_folder(folder / PREVIOUS_FOLDER)
        (folder / FOLDER).replace(folder / PREVIOUS_FOLDER)
    path.replace(folder / FOLDER)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Let the disk have a folder's list of files."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _errors_of_ranks() -> Iterator[None]:
    """Raise the first error of any rank as itself: torch wraps them all in one."""
    from torch.distributed.checkpoint import CheckpointException

    try:
        yield
    except CheckpointException as error:
        first, _ = error.failures[min(error.failures)]
        raise first from None
