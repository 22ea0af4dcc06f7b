"""Write and read training checkpoints, each one safetensors file written atomically.

With several ranks the first writes; each reads, the file that the first found whole.
"""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from eegssl.artifacts.atomic import atomic_path
from eegssl.artifacts.system_errors import system_errors
from eegssl.errors import ArtifactError
from eegssl.regular_files import UnusableFile, require_regular
from eegssl.tokenizer.ranks import gather_rows, is_first, n_ranks, number_of_first, own_rank
from eegssl.training.fitting.optimizer import AdamW, Kind
from eegssl.training.history import History

FILE = "checkpoint.safetensors"
PREVIOUS = "previous-checkpoint.safetensors"
DAMAGED = "damaged-"
"""Begins the name under which a damaged checkpoint is left."""
FOLDER = "checkpoint"
PREVIOUS_FOLDER = "previous-checkpoint"
"""Names where weights are spread over the ranks: folders of a file of each."""
KEPT = "kept"
"""Folder of checkpoints that stay while a training goes on."""
_UNFINISHED = "unfinished"
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
"""Errors of disks that have no hard links, or no more of them."""
_ALL = (FILE, PREVIOUS, FOLDER, PREVIOUS_FOLDER)
_NONE = -1


@dataclass
class Checkpoint:
    """State of a run: steps done, history, best weights, terms since the last logged row."""

    step: int
    history: History
    best: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, Tensor] = field(default_factory=dict)
    """Sum over `n_summed` steps of each term, this rank's share of it."""
    n_summed: int = 0
    skipped: int = 0
    """Steps so far whose gradient was not finite."""


@dataclass(frozen=True)
class Stored:
    """A checkpoint as it was read, not yet taken over."""

    state: dict[str, Any]
    tensors: dict[str, Tensor]

    @property
    def optimizer(self) -> Kind:
        """The kind of optimizer that the run began with."""
        kind: Kind = self.state["optimizer"]
        return kind


S = TypeVar("S", bound=Stored)


def write_checkpoint(folder: Path, model: nn.Module, optimizer: AdamW, point: Checkpoint) -> None:
    """Write a checkpoint atomically; the one before is kept, as the disk may damage this one.

    To be called on all ranks: each gives its sums, the first writes. Raises OSError, with the room
    that was needed, where the disk is full.
    """
    sums = {f"sums.{n}": gather_rows(t[None]) for n, t in sorted(point.sums.items())}
    if not is_first():
        return
    tensors = {f"model.{n}": t for n, t in model.state_dict().items()}
    tensors |= {f"best.{n}": t for n, t in point.best.items()}
    tensors |= sums
    tensors |= {f"optimizer.{k}.{n}": t for k, s in optimizer.state.items() for n, t in s.items()}
    stored = {n: t.detach().cpu().contiguous().clone() for n, t in tensors.items()}
    state = json.dumps(state_of(point, optimizer))
    needed = sum(t.numel() * t.element_size() for t in stored.values())
    with atomic_path(folder / FILE) as path:
        with system_errors(path, needed):
            save_file(stored, path, {"state": state, "sha256": _digest(stored, state)})
        if (folder / FILE).exists():
            (folder / FILE).replace(folder / PREVIOUS)


def state_of(point: Checkpoint, optimizer: AdamW) -> dict[str, Any]:
    """All of a checkpoint but its tensors, as JSON has it; `point_of` reads it."""
    return {
        "step": point.step,
        "rows": point.history.rows,
        "best_step": point.history.best_step,
        "best_value": point.history.best_value,
        "n_summed": point.n_summed,
        "skipped": point.skipped,
        "optimizer": optimizer.kind,
    }


def read_checkpoint(folder: Path, warn: Callable[[str], object]) -> Stored | None:
    """The folder's last whole checkpoint; None if there is none.

    One that is damaged is left under another name, and ``warn`` is told what is taken in its place.
    """
    return first_whole((folder / FILE, folder / PREVIOUS), _read, warn)


def first_whole(
    paths: Sequence[Path], read: Callable[[Path], S], warn: Callable[[str], object]
) -> S | None:
    """Read the first checkpoint of ``paths`` that rank 0 finds whole, on all ranks."""
    place, stored = _first_whole(paths, read, warn) if is_first() else (0, None)
    place = number_of_first(place)
    if is_first() or place == _NONE:
        return stored
    try:
        return read(paths[place])
    except (UnusableFile, SafetensorError, ValueError, OSError) as error:
        raise ArtifactError(
            f"this rank cannot read the checkpoint {paths[place]} that rank 0 goes on from "
            f"({_in_words(error)}): all ranks need the same folder, on a disk that they share"
        ) from error


def _first_whole(
    paths: Sequence[Path], read: Callable[[Path], S], warn: Callable[[str], object]
) -> tuple[int, S | None]:
    """Which of the checkpoints is whole, and what it holds."""
    damaged: list[str] = []
    for place, path in enumerate(paths):
        if not os.path.lexists(path):
            continue
        try:
            stored = read(path)
        except (UnusableFile, SafetensorError, ValueError) as error:
            aside = path.with_name(f"{DAMAGED}{path.name}")
            remove_folder(aside)
            path.replace(aside)
            damaged.append(f"{path} is damaged ({_in_words(error)}), and is left as {aside.name}")
            continue
        if damaged:
            step = stored.state["step"]
            warn(f"{damaged[0]}; training goes on from the one before, of step {step}")
        return place, stored
    if damaged:
        warn("; ".join([*damaged, "training starts again at step 0"]))
    return _NONE, None


def has_checkpoint(folder: Path) -> bool:
    """Tell if there is a checkpoint in a folder, whole or not."""
    return any((folder / name).exists() for name in _ALL)


def keep_checkpoint(folder: Path, step: int) -> None:
    """Let the last checkpoint, of this step, stay under another name.

    By links; a disk without hard links gets copies, which take room. Raises OSError where it has
    none.
    """
    if not is_first():
        return
    kept, name = folder / KEPT, f"step-{step:09d}"
    kept.mkdir(exist_ok=True)
    if (folder / FILE).exists():
        _link(folder / FILE, kept / f"{name}.safetensors")
        return
    unfinished = kept / _UNFINISHED
    remove_folder(unfinished)
    unfinished.mkdir()
    try:
        for path in (folder / FOLDER).iterdir():
            _link(path, unfinished / path.name)
        remove_folder(kept / name)
        unfinished.replace(kept / name)
    finally:
        remove_folder(unfinished)


def _link(path: Path, other: Path) -> None:
    """Give a file another name, or copy it where the disk has no hard links."""
    other.unlink(missing_ok=True)
    try:
        os.link(path, other)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with atomic_path(other) as temporary, system_errors(other, path.stat().st_size):
            shutil.copyfile(path, temporary)


def drop_checkpoints(folder: Path) -> None:
    """Remove the checkpoints in a folder."""
    for name in _ALL:
        remove_folder(folder / name)
        (folder / name).unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder with all that it holds, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)


def _read(path: Path) -> Stored:
    """State and tensors of a checkpoint; ValueError where they do not have the hash it says."""
    with safe_open(require_regular(path), framework="pt") as stream:
        metadata = stream.metadata() or {}
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    state = metadata.get("state", "")
    if metadata.get("sha256") != _digest(tensors, state):
        raise ValueError("its content does not have the hash that it says")
    saved: dict[str, Any] = json.loads(state)
    return Stored(saved, tensors)


def _in_words(error: Exception) -> str:
    if isinstance(error, SafetensorError):
        return "it is cut short, or its header is broken"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def take_over(stored: Stored, model: nn.Module, optimizer: AdamW) -> Checkpoint:
    """Load a checkpoint into model and optimizer."""
    saved, tensors = stored.state, stored.tensors
    model.load_state_dict(_with_prefix("model.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _with_prefix("optimizer.", tensors).items():
        k, key = name.split(".", 1)
        state.setdefault(int(k), {})[key] = tensor
    optimizer.load_state(state)
    device = next(model.parameters()).device
    others = {n: t.to(device) for n, t in tensors.items() if n.startswith(("best.", "sums."))}
    return point_of(saved, others)


def point_of(saved: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Checkpoint:
    """The state of a run from what `state_of` gave, and the tensors of its checkpoint."""
    best = _with_prefix("best.", tensors)
    sums = {name: _own_share(of_ranks) for name, of_ranks in _with_prefix("sums.", tensors).items()}
    history = History(saved["rows"], saved["best_step"], saved["best_value"])
    return Checkpoint(saved["step"], history, best, sums, saved["n_summed"], saved["skipped"])


def _own_share(of_ranks: Tensor) -> Tensor:
    """This rank's own of what each rank summed [R]; with another number of ranks, all by rank 0."""
    if len(of_ranks) == n_ranks():
        return of_ranks[own_rank()]
    return of_ranks.sum() if is_first() else torch.zeros_like(of_ranks[0])


def _digest(tensors: Mapping[str, Tensor], state: str) -> str:
    """The SHA-256 of state, names, types, shapes and bytes of tensors on the CPU."""
    digest = hashlib.sha256(state.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _with_prefix(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
