"""Give the training loop batches of hidden patches and their codes."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from eegssl.corpus.codes.tokens import Codes
from eegssl.corpus.sampling import Sampler
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import flat_places
from eegssl.masking.config import MaskingConfig
from eegssl.objectives.objective import Objective
from eegssl.training.batches import in_uv, stored_tensors
from eegssl.training.fitting.steps import Part, Steps, of_this_rank
from eegssl.training.masked_windows import masks_at

_MASK = 5  # its place among a part's inputs


class MaskedSteps(Steps):
    """Steps of pretraining: a part is a grain of windows, and counts its hidden patches."""

    def __init__(
        self,
        model: Objective,
        train: Codes,
        draws: Sampler,
        masking: MaskingConfig,
        batch_size: int,
        seed: int,
    ) -> None:
        self.model, self.train, self.draws = model, train, draws
        self.masking, self.batch_size, self.seed = masking, batch_size, seed
        self.encoder: EncoderConfig = model.encoder.config
        self.window_s = train.windows.window_s

    def read(self, step: int) -> list[Part]:
        """This rank's grains of a step: signals, geometry, masks and codes."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        parts = []
        for index in of_this_rank(grains):
            windows, placed = self.train.windows, self.train.windows.geometry(index)
            mask = torch.from_numpy(
                masks_at(
                    self.masking, placed, index, self.train, self.encoder, seed=self.seed, step=step
                )
            )
            codes = torch.from_numpy(self.train.of(index))
            places = flat_places(mask), flat_places(~mask)
            stored = stored_tensors(windows.pieces(index), placed)
            inputs = (*stored, mask, codes, *places)
            parts.append(Part(inputs, self.model.counted(mask), len(index)))
        return parts

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Loss and terms of the objective."""
        output = self.model(in_uv(*inputs[:2]), *inputs[2:])
        return {"loss": output.loss} | output.terms

    def flops(self, parts: Sequence[Part]) -> float | None:
        """Three times those of the forward pass: the backward pass takes twice as many."""
        forward = [self.model.flops(part.inputs[_MASK]) for part in parts]
        known = [flops for flops in forward if flops is not None]
        return 3 * sum(known) if len(known) == len(forward) else None

    def names(self, step: int) -> list[str]:
        """The ids of the recordings of a step's windows."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        return self.train.windows.names(np.concatenate(grains))
