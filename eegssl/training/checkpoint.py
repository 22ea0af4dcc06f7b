"""Write and read training checkpoints, each one safetensors file written atomically."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from eegssl.artifacts.atomic import atomic_path
from eegssl.regular_files import require_regular
from eegssl.training.history import History
from eegssl.training.optimizer import AdamW

FILE = "checkpoint.safetensors"


@dataclass
class Checkpoint:
    """State of a run: steps done, history, best weights, terms since the last logged row."""

    step: int
    history: History
    best: dict[str, Tensor] = field(default_factory=dict)
    sums: dict[str, list[float]] = field(default_factory=dict)


def write_checkpoint(folder: Path, model: nn.Module, optimizer: AdamW, point: Checkpoint) -> None:
    """Replace the folder's checkpoint atomically."""
    tensors = {f"model.{n}": t for n, t in model.state_dict().items()}
    tensors |= {f"best.{n}": t for n, t in point.best.items()}
    tensors |= {f"optimizer.{k}.{n}": t for k, s in optimizer.state.items() for n, t in s.items()}
    state = {
        "step": point.step,
        "rows": point.history.rows,
        "best_step": point.history.best_step,
        "best_value": point.history.best_value,
        "sums": point.sums,
    }
    with atomic_path(folder / FILE) as path:
        save_file(
            {n: t.detach().cpu().contiguous().clone() for n, t in tensors.items()},
            path,
            metadata={"state": json.dumps(state)},
        )


def read_checkpoint(folder: Path, model: nn.Module, optimizer: AdamW) -> Checkpoint | None:
    """Load the folder's checkpoint into model and optimizer; None if there is none."""
    if not (folder / FILE).exists():
        return None
    with safe_open(require_regular(folder / FILE), framework="pt") as stream:
        saved = json.loads(stream.metadata()["state"])
        tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
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


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
