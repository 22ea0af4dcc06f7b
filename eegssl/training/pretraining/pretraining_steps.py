"""Give the training loop batches of what pretraining's objectives read."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from eegssl.corpus.sampling import Sampler
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.training.fitting.steps import Part, Steps, of_this_rank
from eegssl.training.pretraining.grain_reader import GrainReader, by_name


class PretrainingSteps(Steps):
    """Steps of pretraining: a part is a grain of windows."""

    def __init__(
        self, model: WeightedSum, train: GrainReader, draws: Sampler, batch_size: int, seed: int
    ) -> None:
        self.model, self.train, self.draws = model, train, draws
        self.batch_size, self.seed = batch_size, seed
        self.window_s = train.windows.window_s
        self.of_whole_batch = model.of_whole_batch

    def read(self, step: int) -> list[Part]:
        """This rank's grains of a step: signals, geometry, masks, codes and what is drawn."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        parts = []
        for number, index in of_this_rank(list(enumerate(grains))):
            plan = self.train.plan(index, seed=self.seed, step=step, number=number)
            inputs = self.train.inputs(plan, self.model)
            n_hidden = 0 if plan.mask is None else int(plan.mask.sum())
            parts.append(Part(inputs, self.model.counted(plan.shape, n_hidden), len(index)))
        return parts

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Loss and terms of the objectives."""
        return self.model(by_name(inputs, self.train.names))

    def terms_together(self, parts: Sequence[tuple[Tensor, ...]]) -> dict[str, Tensor]:
        """This rank's share of loss and terms of a step's grains."""
        return self.model.together([by_name(inputs, self.train.names) for inputs in parts])

    def end(self) -> None:
        """Let what learns without a gradient follow an update."""
        self.model.end()

    def flops(self, parts: Sequence[Part]) -> float | None:
        """Operations of a step on these parts; None where an objective doesn't count them."""
        named = [dict(zip(self.train.names, part.inputs, strict=True)) for part in parts]
        counted = [self.model.step_flops(*self.train.size(tensors)) for tensors in named]
        known = [flops for flops in counted if flops is not None]
        return sum(known) if len(known) == len(counted) else None

    def names(self, step: int) -> list[str]:
        """The ids of the recordings of a step's windows."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        return self.train.windows.names(np.concatenate(grains))
