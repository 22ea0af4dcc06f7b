"""Train any model by one loop, from its batches and their loss.

A step depends on the model's weights and on its number alone (it draws its own batch), so an
interrupted run resumes from its last checkpoint and ends in the same weights, bit for bit. Several
ranks take steps together; the first alone validates and writes.
"""

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from eegssl.adaptation.groups import by_decay
from eegssl.artifacts.atomic import append_line, atomic_path
from eegssl.errors import ConfigError, OtherRankFailed, Preempted
from eegssl.tokenizer.ranks import any_rank, is_first, n_ranks
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.checkpoint import (
    Checkpoint,
    keep_checkpoint,
    read_checkpoint,
    take_over,
    write_checkpoint,
)
from eegssl.training.fitting.compiling import compiled
from eegssl.training.fitting.devices import chosen_precision, in_precision
from eegssl.training.fitting.learning_rate import rate_factor
from eegssl.training.fitting.loader import deaths_of_workers, read_ahead
from eegssl.training.fitting.optimizer import AdamW, build_optimizer, choose_optimizer
from eegssl.training.fitting.peak_rate import peak_flops
from eegssl.training.fitting.preemption import on_sigterm
from eegssl.training.fitting.sharded_checkpoint import read_shards, write_shards
from eegssl.training.fitting.sharding import Shards, in_full, require_shardable
from eegssl.training.fitting.speed_clock import Clock
from eegssl.training.fitting.steps import OneBatch, Part, Step, Steps
from eegssl.training.fitting.update import Terms, Updates
from eegssl.training.history import History, as_line
from eegssl.training.live.attention_kernel import kernel_told

Validate = Callable[[], Mapping[str, float | None]]
"""Scores by name; None where one is undefined."""
Rows = Callable[[Mapping[str, Any], Mapping[str, Any]], None]
"""Gets each row of the history, and the speed since the one before."""


def fit(
    model: nn.Module,
    step: Steps | Step,
    config: TrainingConfig,
    *,
    seed: int,
    folder: Path,
    metrics: Path,
    parameters: Iterable[dict[str, Any]] | None = None,
    validate: Validate | None = None,
    monitor: str | None = None,
    lower_is_better: bool = False,
    useless: Callable[[Mapping[str, Any]], str | None] = lambda scores: None,
    num_workers: int = 0,
    on_step: Callable[[int], None] | None = None,
    on_row: Rows | None = None,
    warn: Callable[[str], object] = lambda text: None,
    say: Callable[[str], object] = lambda text: None,
    report: Callable[[int, float], None] | None = None,
) -> History:
    """Train ``model`` in place for ``config.steps`` steps, or until patience ends.

    ``step`` gives the batches and their terms, or the terms of a step's whole batch at once.
    ``folder`` is scratch for the checkpoint; ``metrics`` gets a line for each row of the history
    (a resumed run first rewrites it up to its checkpoint). With ``monitor`` (a term of
    ``validate``; higher is better, unless ``lower_is_better``) the model ends with its best
    weights, otherwise with its last; on other ranks than the first always with its last.
    ``useless`` words why validation scores, named ``val_…``, make it pointless to go on.
    ``num_workers`` processes read ahead. ``on_step`` is called with the steps done, ``report`` with
    them and the last known loss; ``warn`` is told of checkpoints that are damaged, and of steps
    that are skipped, ``say`` of the attention kernel that runs.

    Raises ConfigError if too many gradients are not finite, or scores are useless; Preempted after
    SIGTERM or SIGUSR1, on all ranks after the same step; KeyboardInterrupt is not caught. After any
    but useless scores the same call resumes from the checkpoint.
    """
    steps = step if isinstance(step, Steps) else OneBatch(step, config.batch_size)
    groups = list(parameters) if parameters is not None else weight_groups(model, config)
    terms = Terms(model, steps)
    require_shardable(config, n_ranks())
    shards = Shards(terms, model) if config.shard == "fsdp2" else None
    optimizer, point = _begun(model, config, groups, folder, warn, shards)
    if is_first():
        with atomic_path(metrics) as path:
            path.write_text(point.history.as_lines(), encoding="utf-8")
    updates = Updates(terms, shards, optimizer, config, seed, point, warn)
    peak = peak_flops(updates.device, chosen_precision(config, updates.device))
    clock = Clock(updates.device, steps.window_s, peak)
    hooks = _Hooks(validate, monitor, lower_is_better, useless, metrics, on_step, on_row, report)
    run, stop = _Run(model, updates, clock, config, hooks), threading.Event()
    last = point.step if run.is_stale() else config.steps
    with (
        torch.random.fork_rng(devices=[]),
        on_sigterm(stop.set),
        deaths_of_workers(),
        compiled(model, config.compile),
        kernel_told(model, say),
        closing(read_ahead(steps, point.step, last, updates.device, num_workers)) as ahead,
    ):
        for parts in clock.waiting(ahead):
            run.step(parts)
            stopping = any_rank(stop.is_set())
            keeping = config.keep_every is not None and point.step % config.keep_every == 0
            if stopping or keeping or _is_due(point.step, config.checkpoint_every, config):
                updates.settle()
                (write_shards if shards else write_checkpoint)(folder, model, optimizer, point)
                if keeping:
                    keep_checkpoint(folder, point.step)
            if stopping:
                raise Preempted(
                    f"stopped by a signal after step {point.step}; run the same command to go on"
                )
            if run.is_stale():
                break
    if point.best:
        model.load_state_dict(point.best)
    if shards:
        shards.join()
    return point.history


@dataclass(frozen=True)
class _Hooks:
    """Whom a training asks and tells; as `fit` says."""

    validate: Validate | None
    monitor: str | None
    lower_is_better: bool
    useless: Callable[[Mapping[str, Any]], str | None]
    metrics: Path
    on_step: Callable[[int], None] | None
    on_row: Rows | None
    report: Callable[[int, float], None] | None


class _Run:
    """A training under way: takes steps, validates and logs them."""

    def __init__(
        self,
        model: nn.Module,
        updates: Updates,
        clock: Clock,
        config: TrainingConfig,
        hooks: _Hooks,
    ) -> None:
        self.model, self.updates, self.clock = model, updates, clock
        self.config, self.hooks = config, hooks
        self.point, self.history = updates.point, updates.point.history
        self.loss = math.nan

    def step(self, parts: Sequence[Part]) -> None:
        """Take one step; then log it and validate, as far as either is due."""
        lr = _set_lr(self.updates.optimizer, self.config, self.point.step)
        self.updates.take(parts)
        flops = self.updates.steps.flops(parts) if self.clock.peak else None
        self.clock.count(sum(part.n_windows for part in parts), flops)
        row = self._logged(lr) | self._validated()
        self._require_useful(row)
        self._tell(row)

    def is_stale(self) -> bool:
        """Tell, on all ranks, if none of the last validations in patience beat the best one."""
        patience, name = self.config.patience, f"val_{self.hooks.monitor}"
        return any_rank(patience is not None and self.history.since_best(name) >= patience)

    def _logged(self, lr: float) -> dict[str, Any]:
        """Means of the terms since the last row, if a row is due; else nothing."""
        if self._is_due(self.config.log_every):
            row = self.updates.row() | {"lr": lr}
            self.loss = row.get("train_loss", self.loss)
            return row
        if self.updates.device.type == "cpu" and n_ranks() == 1:
            self.loss = self.updates.last_loss
        return {}

    def _validated(self) -> dict[str, Any]:
        """Scores, if they are due; the weights are kept where they are the best so far."""
        hooks, point, shards = self.hooks, self.point, self.updates.shards
        if not hooks.validate or not self._is_due(self.config.validate_every):
            return {}
        with self.clock.paused(), shards.whole() if shards else nullcontext():
            precision = in_precision(self.config, self.updates.device)
            scores = _scores_of_first(self.model, hooks.validate, precision)
        value = scores.get(f"val_{hooks.monitor}")
        best = self.history.is_best(value, hooks.lower_is_better)
        if best:
            self.history.best_step, self.history.best_value = point.step, value
        if any_rank(best) if shards else best:
            state = self.model.state_dict()
            point.best = {name: tensor.detach().clone() for name, tensor in state.items()}
        return scores

    def _is_due(self, every: int) -> bool:
        return _is_due(self.point.step, every, self.config)

    def _require_useful(self, row: dict[str, Any]) -> None:
        """Raise on all ranks where a number of a row, or a last weight, is not finite on one, or
        the first rank's scores are useless."""
        step, whole = self.point.step, True
        if step == self.config.steps:
            whole = all(bool(in_full(p.isfinite().all())) for p in self.model.parameters())
        numbers = [value for value in row.values() if isinstance(value, float)]
        useless = self.hooks.useless(row)
        finite = whole and all(map(math.isfinite, numbers))
        bad = not finite or useless is not None
        if self.hooks.validate and self._is_due(self.config.validate_every):
            bad = any_rank(bad)  # the first alone knows the scores
        if bad and not is_first():
            raise OtherRankFailed(ConfigError.exit_code)
        if useless is not None and finite:
            raise ConfigError(f"training stopped at step {step}: {useless}")
        if bad:
            raise ConfigError(
                f"training diverged: a weight or score is not finite at step {step}; "
                "lower training.lr"
            )

    def _tell(self, row: dict[str, Any]) -> None:
        """Write a row, and tell those who wait for it and for the step."""
        step, hooks = self.point.step, self.hooks
        if row and is_first():
            self.history.rows.append({"step": step} | row)
            append_line(hooks.metrics, as_line(self.history.rows[-1]))
            if hooks.on_row:
                hooks.on_row(self.history.rows[-1], self.clock.row(step))
        if hooks.on_step:
            hooks.on_step(step)
        if hooks.report and is_first():
            hooks.report(step, self.loss)


def _begun(
    model: nn.Module,
    config: TrainingConfig,
    groups: list[dict[str, Any]],
    folder: Path,
    warn: Callable[[str], object],
    shards: Shards | None,
) -> tuple[AdamW, Checkpoint]:
    """The optimizer and the state of a run at its start, or at its last checkpoint."""
    for group in groups:
        group["peak_lr"] = group.get("lr", config.lr)
    if shards:
        optimizer = build_optimizer("torch", shards.groups(groups), config.lr, config.betas)
        return optimizer, read_shards(folder, model, optimizer, warn)
    stored = read_checkpoint(folder, warn)
    device = next(model.parameters()).device
    kind = stored.optimizer if stored else choose_optimizer(config.steps, device, n_ranks())
    optimizer = build_optimizer(kind, groups, config.lr, config.betas)
    point = take_over(stored, model, optimizer) if stored else Checkpoint(0, History())
    return optimizer, point


def _is_due(step: int, every: int, config: TrainingConfig) -> bool:
    return step % every == 0 or step == config.steps


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


def _scores_of_first(
    model: nn.Module, validate: Validate, precision: torch.autocast
) -> dict[str, float | None]:
    """Scores of the first rank, which the others wait for."""
    if not is_first():
        return {}
    was_training = model.training
    model.eval()
    with torch.no_grad(), precision:
        scores = validate()
    model.train(was_training)
    return {f"val_{name}": value for name, value in scores.items()}
