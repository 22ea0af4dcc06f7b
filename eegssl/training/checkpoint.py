"""Write and read training checkpoints, each one safetensors file written atomically."""

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from eegssl.artifacts.atomic import atomic_path
from eegssl.artifacts.system_errors import system_errors
from eegssl.regular_files import UnusableFile, require_regular
from eegssl.training.history import History
from eegssl.training.optimizer import AdamW

FILE = "checkpoint.safetensors"
PREVIOUS = "previous-checkpoint.safetensors"
DAMAGED = "damaged-"
"""Begins the name under which a damaged checkpoint is left."""


@dataclass
class Checkpoint:
    """State of a run: steps done, history, best weights, terms since the last logged row."""

    step: int
    history: History
    best: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)


def write_checkpoint(folder: Path, model: nn.Module, optimizer: AdamW, point: Checkpoint) -> None:
    """Write a checkpoint atomically; the one before is kept, as the disk may damage this one.

    Raises OSError, with the room that was needed, where the disk is full.
    """
    tensors = {f"model.{n}": t for n, t in model.state_dict().items()}
    tensors |= {f"best.{n}": t for n, t in point.best.items()}
    tensors |= {f"optimizer.{k}.{n}": t for k, s in optimizer.state.items() for n, t in s.items()}
    stored = {n: t.detach().cpu().contiguous().clone() for n, t in tensors.items()}
    state = json.dumps(
        {
            "step": point.step,
            "rows": point.history.rows,
            "best_step": point.history.best_step,
            "best_value": point.history.best_value,
            "sums": point.sums,
        }
    )
    needed = sum(t.numel() * t.element_size() for t in stored.values())
    with atomic_path(folder / FILE) as path:
        with system_errors(path, needed):
            save_file(stored, path, {"state": state, "sha256": _digest(stored, state)})
        if (folder / FILE).exists():
            (folder / FILE).replace(folder / PREVIOUS)


def read_checkpoint(
    folder: Path, model: nn.Module, optimizer: AdamW, warn: Callable[[str], object]
) -> Checkpoint | None:
    """Load the folder's last whole checkpoint into model and optimizer; None if there is none.

    One that is damaged is left under another name, and ``warn`` is told what is taken in its place.
    """
    damaged: list[str] = []
    for path in (folder / FILE, folder / PREVIOUS):
        if not os.path.lexists(path):
            continue
        try:
            saved, tensors = _read(path)
        except (UnusableFile, SafetensorError, ValueError) as error:
            aside = path.with_name(f"{DAMAGED}{path.name}")
            path.replace(aside)
            damaged.append(f"{path} is damaged ({_in_words(error)}), and is left as {aside.name}")
            continue
        if damaged:
            warn(f"{damaged[0]}; training goes on from the one before, of step {saved['step']}")
        return _loaded(saved, tensors, model, optimizer)
    if damaged:
        warn("; ".join([*damaged, "training starts again at step 0"]))
    return None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """State and tensors of a checkpoint; ValueError where they do not have the hash it says."""
    with safe_open(require_regular(path), framework="pt") as stream:
        metadata = stream.metadata() or {}
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
    state = metadata.get("state", "")
    if metadata.get("sha256") != _digest(tensors, state):
        raise ValueError("its content does not have the hash that it says")
    saved: dict[str, Any] = json.loads(state)
    return saved, tensors


def _in_words(error: Exception) -> str:
    if isinstance(error, SafetensorError):
        return "it is cut short, or its header is broken"
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _loaded(
    saved: dict[str, Any], tensors: dict[str, Tensor], model: nn.Module, optimizer: AdamW
) -> Checkpoint:
    model.load_state_dict(_with_prefix("model.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in _with_prefix("optimizer.", tensors).items():
        k, key = name.split(".", 1)
        state.setdefault(int(k), {})[key] = tensor
    optimizer.load_state(state)
    device = next(model.parameters()).device
    best = {n: t.to(device) for n, t in _with_prefix("best.", tensors).items()}
    history = History(saved["rows"], saved["best_step"], saved["best_value"])
    return Checkpoint(saved["step"], history, best, saved["sums"])


def _digest(tensors: Mapping[str, Tensor], state: str) -> str:
    """The SHA-256 of state, names, types, shapes and bytes of tensors on the CPU."""
    digest = hashlib.sha256(state.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\0{name} {tensor.dtype} {tuple(tensor.shape)}\0".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
