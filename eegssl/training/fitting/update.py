"""Take one optimizer step on all ranks together.

Nothing here waits for a GPU: what is logged stays on the device until a row is due.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from eegssl.errors import ConfigError, OtherRankFailed
from eegssl.tokenizer.ranks import (
    is_first,
    is_known,
    n_ranks,
    own_rank,
    sum_over_ranks,
    take_from_first,
)
from eegssl.training.config import TrainingConfig
from eegssl.training.fitting.checkpoint import Checkpoint
from eegssl.training.fitting.devices import in_precision
from eegssl.training.fitting.optimizer import AdamW
from eegssl.training.fitting.sharding import Shards, in_full
from eegssl.training.fitting.steps import Part, Steps

_SHOWN = 6
NORM = "grad_norm"
"""Name of the gradient's norm, before clipping, among the terms."""


class Terms(nn.Module):
    """Calls `Steps.terms`, as the forward pass of a module that holds the weights."""

    def __init__(self, model: nn.Module, steps: Steps) -> None:
        super().__init__()
        self.model = model
        self.steps = steps

    def forward(self, *inputs: Any) -> dict[str, Tensor]:
        """Terms of a part, given its inputs; or of a whole batch, given those of each part."""
        steps = self.steps
        return steps.terms_together(inputs) if steps.of_whole_batch else steps.terms(*inputs)


class Updates:
    """Takes the steps of a training, and sums its terms until they are read.

    A part's loss and terms are means over what it counts; those of a step are the weighed means
    over all parts of all ranks, or this rank's share of a whole batch's, so that they do not depend
    on the number of ranks, but for rounding. A step whose gradient is not finite is skipped.
    """

    def __init__(
        self,
        terms: Terms,
        shards: Shards | None,
        optimizer: AdamW,
        config: TrainingConfig,
        seed: int,
        point: Checkpoint,
        warn: Callable[[str], object],
    ) -> None:
        self.steps, self.optimizer, self.config = terms.steps, optimizer, config
        self.seed, self.point, self.warn = seed, point, warn
        self.device = next(terms.parameters()).device
        self._sum_type = torch.float32 if self.device.type == "mps" else torch.float64
        self._finite: list[tuple[int, Tensor]] = []
        self.terms: nn.Module = terms
        self.shards = shards
        if n_ranks() > 1 and shards is None:
            take_from_first(*terms.buffers())
            with warnings.catch_warnings():  # of another name that torch 2.10 does not know
                warnings.simplefilter("ignore", FutureWarning)
                self.terms = DistributedDataParallel(
                    self.terms, broadcast_buffers=False, gradient_as_bucket_view=True
                )

    def take(self, parts: Sequence[Part]) -> None:
        """Go forward and backward through this rank's parts, then update the weights once."""
        step = self.point.step
        sums: dict[str, Tensor] = {}
        total = self._joined(math.fsum(part.count for part in parts))
        self.optimizer.zero_grad()
        runs = [parts] if self.steps.of_whole_batch else [[part] for part in parts]
        for place, run in enumerate(runs):
            share = 1.0 if self.steps.of_whole_batch else run[0].count / total
            with self._on_its_own(place < len(runs) - 1):
                self._seed(step, place)
                with in_precision(self.config, self.device):
                    terms = self.terms(*self._given(run))
                (terms["loss"] * (share * n_ranks())).backward()  # ranks' gradients are averaged
            for name, value in terms.items():
                value = value.detach().to(self._sum_type) * share
                sums[name] = sums[name] + value if name in sums else value
        norm = in_full(nn.utils.clip_grad_norm_(self.optimizer.parameters, self.config.clip_norm))
        finite = norm.isfinite()
        self.optimizer.step(skip=~finite)
        sums[NORM] = norm.detach().to(self._sum_type) / n_ranks()
        self._keep(step, sums, finite)
        self.point.step += 1

    def row(self) -> dict[str, float]:
        """Means of all terms since the last row, and the steps skipped so far; then begin anew.

        Where every step was skipped there are no means.
        """
        self.settle()
        point, sums, n = self.point, self.point.sums, self.point.n_summed
        point.sums, point.n_summed = {}, 0
        if not n:
            return {"skipped": point.skipped}
        names = sorted(sums)
        joined = sum_over_ranks(torch.stack([sums[name] for name in names]) / n).tolist()
        means = dict(zip(names, joined, strict=True))
        norm = means.pop(NORM)
        return {f"train_{n}": v for n, v in means.items()} | {
            NORM: norm,
            "skipped": point.skipped,
        }

    @property
    def last_loss(self) -> float:
        """The mean loss since the last row; to be asked for where the device is the host."""
        point = self.point
        return float(point.sums["loss"]) / point.n_summed if point.n_summed else math.nan

    def settle(self) -> None:
        """Read which steps since the last time were skipped; tell of them, and of too many.

        Raises ConfigError where more were skipped than ``training.max_bad_steps``: on the first
        rank, on the others OtherRankFailed.
        """
        allowed = self.config.max_bad_steps
        bad = [step for step, finite in self._finite if not bool(finite)]
        self.point.n_summed += len(self._finite) - len(bad)
        self.point.skipped += len(bad)
        self._finite = []
        for step in bad:
            names = self.steps.names(step)
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            of = f" (recordings {', '.join(names[:_SHOWN])}{more})" if names else ""
            what = f"the gradient of step {step} is not finite{of}"
            if self.point.skipped > allowed:
                if not is_first():
                    raise OtherRankFailed(ConfigError.exit_code)
                raise ConfigError(
                    f"training diverged: {what}, and {self.point.skipped} step(s) were so; "
                    f"training.max_bad_steps allows {allowed}. Lower "
                    "training.lr, or leave such recordings out"
                )
            self.warn(f"{what}: it is skipped")

    def _given(self, parts: Sequence[Part]) -> Sequence[Any]:
        """What `Terms` gets of parts that go forward at once."""
        inputs = [(*part.on_host, *part.to(self.device).inputs) for part in parts]
        return inputs if self.steps.of_whole_batch else inputs[0]

    def _keep(self, step: int, sums: dict[str, Tensor], finite: Tensor) -> None:
        """Add a step's terms, unless it is skipped; let what learns without a gradient follow."""
        kept = self.point.sums
        for name, value in sums.items():
            value = torch.where(finite, value, torch.zeros_like(value))
            kept[name] = kept[name] + value if name in kept else value
        self._finite.append((step, finite))
        if is_known(finite):
            self.steps.end() if bool(finite) else self.steps.drop()
            self.settle()
        elif type(self.steps).end is not Steps.end:
            self._end_if(finite)

    def _end_if(self, finite: Tensor) -> None:
        """Let what learns without a gradient follow, where the device knows whether it shall."""
        buffers = list(self.terms.buffers())
        before = [buffer.clone() for buffer in buffers]
        self.steps.end()
        for buffer, kept in zip(buffers, before, strict=True):
            buffer.copy_(torch.where(finite, buffer, kept))

    def _joined(self, count: float) -> Tensor | float:
        """What the parts of all ranks count; at least a little, where nothing is to be learned."""
        if n_ranks() == 1:
            return count or 1.0
        own = torch.tensor(count, dtype=self._sum_type).to(self.device, non_blocking=True)
        return sum_over_ranks(own).clamp_min(1e-12)

    def _on_its_own(self, alone: bool) -> AbstractContextManager[object]:
        """Leave out the exchange of gradients, where further parts follow."""
        if self.shards:
            self.shards.exchange(last=not alone)
        if alone and isinstance(self.terms, DistributedDataParallel):
            return self.terms.no_sync()
        return nullcontext()

    def _seed(self, step: int, place: int) -> None:
        """Seed torch by run, step and part, whichever rank the part is on."""
        part = own_rank() + place * n_ranks()
        state = np.random.SeedSequence([self.seed, step, part]).generate_state(1, np.uint64)
        torch.manual_seed(int(state[0]))
