"""Give the training loop batches for a tokenizer."""

import numpy as np
from torch import Tensor

from eegssl.corpus.sampling import Sampler
from eegssl.tokenizer.tokenizer import Tokenizer
from eegssl.training.batches import in_uv, stored_tensors
from eegssl.training.fitting.steps import Part, Steps, of_this_rank


class TokenizerSteps(Steps):
    """Steps of a tokenizer's training: a part is a grain of windows, and counts its patches."""

    def __init__(self, model: Tokenizer, draws: Sampler, batch_size: int, seed: int) -> None:
        self.model, self.draws = model, draws
        self.batch_size, self.seed = batch_size, seed
        self.window_s = draws.windows.window_s

    def read(self, step: int) -> list[Part]:
        """This rank's grains of a step: signals and geometry."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        parts = []
        for index in of_this_rank(grains):
            windows = self.draws.windows
            pieces = windows.pieces(index)
            n_patches = pieces.values.size // self.model.config.patch_samples
            inputs = stored_tensors(pieces, windows.geometry(index))
            parts.append(Part(inputs, n_patches, len(index)))
        return parts

    def terms(self, *inputs: Tensor) -> dict[str, Tensor]:
        """Loss and terms of the tokenizer."""
        output = self.model(in_uv(*inputs[:2]), *inputs[2:])
        return {"loss": output.loss} | output.terms

    def end(self) -> None:
        """Move the codebook and the statistics."""
        self.model.settle()

    def drop(self) -> None:
        """Forget what a skipped step would have moved them by."""
        self.model.drop()

    def names(self, step: int) -> list[str]:
        """The ids of the recordings of a step's windows."""
        grains = self.draws.grains(self.batch_size, seed=self.seed, step=step)
        return self.draws.windows.names(np.concatenate(grains))
