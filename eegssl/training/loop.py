"""Train any model by one loop, from its step's loss.

``step(k)`` depends on the model's weights and on ``k`` alone (it draws its own batch), so an
interrupted run resumes from its last checkpoint and ends in the same weights, bit for bit.
"""

import math
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from eegssl.adaptation.groups import by_decay
from eegssl.artifacts.atomic import append_line, atomic_path
from eegssl.errors import ConfigError, Preempted
from eegssl.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from eegssl.training.config import TrainingConfig
from eegssl.training.devices import chosen_precision
from eegssl.training.history import History, as_line
from eegssl.training.optimizer import AdamW
from eegssl.training.preemption import on_sigterm
from eegssl.training.schedule import rate_factor

Step = Callable[[int], dict[str, Tensor]]
"""Step number -> terms; ``loss`` is minimised, the others are logged."""
Validate = Callable[[], Mapping[str, float | None]]
"""Scores by name; None where one is undefined."""


def fit(
    model: nn.Module,
    step: Step,
    config: TrainingConfig,
    *,
    seed: int,
    folder: Path,
    metrics: Path,
    parameters: Iterable[dict[str, Any]] | None = None,
    validate: Validate | None = None,
    monitor: str | None = None,
    lower_is_better: bool = False,
    on_step: Callable[[int], None] | None = None,
    warn: Callable[[str], object] = lambda text: None,
    report: Callable[[int, float], None] | None = None,
) -> History:
    """Train ``model`` in place for ``config.steps`` steps, or until patience ends.

    ``folder`` is scratch for the checkpoint; ``metrics`` gets a line for each row of the history
    (a resumed run first rewrites it up to its checkpoint). With ``monitor`` (a term of
    ``validate``; higher is better, unless ``lower_is_better``) the model ends with its best
    weights, otherwise with its last. ``on_step`` is called with the steps done, ``report`` with
    them and the loss of the last one; ``warn`` is told of checkpoints that are damaged.

    Raises ConfigError if the loss is not finite, Preempted after SIGTERM; KeyboardInterrupt is not
    caught. After either the same call resumes from the checkpoint.
    """
    groups = list(parameters) if parameters is not None else weight_groups(model, config)
    for group in groups:
        group["peak_lr"] = group.get("lr", config.lr)
    optimizer = AdamW(groups, lr=config.lr, betas=config.betas)
    point = read_checkpoint(folder, model, optimizer, warn) or Checkpoint(0, History())
    history = point.history
    with atomic_path(metrics) as path:
        path.write_text(history.as_lines(), encoding="utf-8")
    stop = threading.Event()
    with torch.random.fork_rng(devices=[]), on_sigterm(stop.set):
        while point.step < config.steps and not _is_stale(history, monitor, config):
            lr = _set_lr(optimizer, config, point.step)
            loss = _one_step(model, optimizer, step, config, seed, point)
            row = _logged(point, config, lr)
            if validate and _is_due(point.step, config.validate_every, config):
                row |= {f"val_{n}": v for n, v in _validated(model, validate).items()}
                if history.is_best(row.get(f"val_{monitor}"), lower_is_better):
                    history.best_step, history.best_value = point.step, row[f"val_{monitor}"]
                    point.best = {n: t.detach().clone() for n, t in model.state_dict().items()}
            _require_finite(model if point.step == config.steps else None, row, point.step)
            if row:
                history.rows.append({"step": point.step} | row)
                append_line(metrics, as_line(history.rows[-1]))
            if on_step:
                on_step(point.step)
            if report:
                report(point.step, loss)
            if stop.is_set() or _is_due(point.step, config.checkpoint_every, config):
                write_checkpoint(folder, model, optimizer, point)
            if stop.is_set():
                raise Preempted(
                    f"stopped by a signal after step {point.step}; run the same command to go on"
                )
    if point.best:
        model.load_state_dict(point.best)
    return history


def _one_step(
    model: nn.Module,
    optimizer: AdamW,
    step: Step,
    config: TrainingConfig,
    seed: int,
    point: Checkpoint,
) -> float:
    """Forward, backward, update; adds the terms to the checkpoint's sums. Returns the loss."""
    device = next(model.parameters()).device
    torch.manual_seed((seed << 32) + point.step)
    low = chosen_precision(config, device) == "bfloat16"
    with torch.autocast(device.type, torch.bfloat16, enabled=low):
        terms = step(point.step)
    loss = terms["loss"]
    if not math.isfinite(loss.item()):
        raise ConfigError(
            f"training diverged: the loss is {loss.item()} at step {point.step}; lower training.lr"
        )
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(optimizer.parameters, config.clip_norm)
    optimizer.step()
    for name, value in terms.items():
        point.sums.setdefault(name, []).append(value.item())
    point.step += 1
    return float(point.sums["loss"][-1])


def _logged(point: Checkpoint, config: TrainingConfig, lr: float) -> dict[str, Any]:
    """Means of the terms since the last row, if a row is due; else nothing."""
    if not _is_due(point.step, config.log_every, config):
        return {}
    row = {f"train_{n}": math.fsum(v) / len(v) for n, v in point.sums.items()}
    point.sums = {}
    return row | {"lr": lr}


def _is_due(step: int, every: int, config: TrainingConfig) -> bool:
    return step % every == 0 or step == config.steps


def _is_stale(history: History, monitor: str | None, config: TrainingConfig) -> bool:
    """Tell if none of the last ``config.patience`` validations beat the best one."""
    return config.patience is not None and history.since_best(f"val_{monitor}") >= config.patience


def _require_finite(model: nn.Module | None, row: dict[str, Any], step: int) -> None:
    numbers = [value for value in row.values() if isinstance(value, float)]
    whole = model is None or all(bool(p.isfinite().all()) for p in model.parameters())
    if not whole or not all(map(math.isfinite, numbers)):
        raise ConfigError(
            f"training diverged: a weight or score is not finite at step {step}; lower training.lr"
        )


def weight_groups(model: nn.Module, config: TrainingConfig) -> list[dict[str, Any]]:
    """Trainable parameters in two groups: those that weight decay shrinks, and the others."""
    decayed, others = by_decay([model])
    return [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]


def _set_lr(optimizer: AdamW, config: TrainingConfig, k: int) -> float:
    """Set each group's learning rate at step ``k``; returns the rate of ``config.lr``."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_lr"] * rate_factor(config, k)
    return config.lr * rate_factor(config, k)


def _validated(model: nn.Module, validate: Validate) -> Mapping[str, float | None]:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        scores = validate()
    model.train(was_training)
    return scores
