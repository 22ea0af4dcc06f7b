"""Read grains of windows with all that pretraining's objectives ask of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.corpus.codes.tokens import Codes
from eegssl.corpus.windows import Windows
from eegssl.encoder.config import EncoderConfig
from eegssl.masking.config import Kind, MaskingConfig
from eegssl.masking.draw import draw_masks
from eegssl.objectives.grain import GEOMETRY, Grain, GrainPlan
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.signal.channels.electrodes import Geometry
from eegssl.training.batches import in_uv, stored_tensors

_STORED = ("samples", "scale_uv")
"""The signal as it lies on the disk."""


@dataclass(frozen=True)
class GrainReader:
    """Windows of a corpus, and their codes where there are any."""

    windows: Windows
    codes: Codes | None
    encoder: EncoderConfig
    masking: MaskingConfig | None
    """None where no objective hides patches."""
    drawn: tuple[str, ...] = ()
    """Names of what the objectives draw."""

    def of_model(self, model: WeightedSum) -> "GrainReader":
        """The same windows with what the objectives of a model draw."""
        return replace(self, drawn=model.drawn)

    @property
    def names(self) -> tuple[str, ...]:
        """The tensors of a grain in order, as they go to a device."""
        masked = ("mask", "hidden") if self.masking is not None else ()
        codes = ("codes",) if self.codes is not None else ()
        return (*_STORED, *GEOMETRY, *masked, *codes, *self.drawn)

    def of_windows(self, windows: Windows) -> "GrainReader":
        """Other windows of the same recordings."""
        codes = None if self.codes is None else replace(self.codes, windows=windows)
        return replace(self, windows=windows, codes=codes)

    def under(self, kind: Kind | None) -> "GrainReader":
        """The same windows under masks of another kind; None: as they are."""
        if kind is None or self.masking is None:
            return self
        return replace(self, masking=self.masking.model_copy(update={"kind": kind}))

    def plan(self, index: NDArray[np.int64], *, seed: int, step: int, number: int) -> GrainPlan:
        """Masks and places of these windows; their samples are not read."""
        placed, length = self.windows.geometry(index), self.windows.length
        mask = None
        if self.masking is not None:
            mask = self._masks(self.masking, placed, index, seed, step)
        n_patches = length // self.encoder.patch_samples
        return GrainPlan(seed, step, number, index, placed, length, n_patches, mask)

    def tensors(self, plan: GrainPlan, model: WeightedSum) -> dict[str, Tensor]:
        """The tensors of a grain by name, on the CPU."""
        stored = stored_tensors(self.windows.pieces(plan.index), plan.placed)
        named = dict(zip((*_STORED, *GEOMETRY), stored, strict=True))
        if plan.mask is not None:
            named["mask"] = torch.from_numpy(plan.mask)
            named["hidden"] = torch.from_numpy(np.flatnonzero(plan.mask))
        if self.codes is not None:
            named["codes"] = torch.from_numpy(self.codes.of(plan.index))
        drawn = model.draw(plan)
        return named | {name: torch.from_numpy(array) for name, array in drawn.items()}

    def inputs(self, plan: GrainPlan, model: WeightedSum) -> tuple[Tensor, ...]:
        """The tensors of a grain in the order of `names`, on the CPU."""
        named = self.tensors(plan, model)
        return tuple(named[name] for name in self.names)

    def grain(self, plan: GrainPlan, model: WeightedSum) -> Grain:
        """A grain on the device of the model."""
        device = model.encoder.mask_token.device
        inputs = [tensor.to(device) for tensor in self.inputs(plan, model)]
        return model.grain(by_name(inputs, self.names))

    def size(self, named: Mapping[str, Tensor]) -> tuple[tuple[int, int, int], int]:
        """B windows, C channels and N patches of a grain, and its number of hidden patches."""
        n_windows, n_channels, n_samples = named[_STORED[0]].shape
        n_hidden = len(named["hidden"]) if "hidden" in named else 0
        return (n_windows, n_channels, n_samples // self.encoder.patch_samples), n_hidden

    def _masks(
        self,
        masking: MaskingConfig,
        placed: Geometry,
        index: NDArray[np.int64],
        seed: int,
        step: int,
    ) -> NDArray[np.bool_]:
        """Masks [B, C, N], each by seed, step and window."""
        weights = None
        if masking.kind == "entropy":
            assert self.codes is not None
            weights = self.codes.entropy_of(index)
        return draw_masks(
            masking,
            placed,
            self.windows.length // self.encoder.patch_samples,
            seed=seed,
            step=step,
            samples=index,
            weights=weights,
            patch_s=self.encoder.patch_samples / self.encoder.sfreq_hz,
        )


def by_name(inputs: Sequence[Tensor], names: Sequence[str]) -> dict[str, Tensor]:
    """The tensors of a grain by name, its signal in µV as ``signal_uv``."""
    named = dict(zip(names, inputs, strict=True))
    samples, scale_uv = (named.pop(name) for name in _STORED)
    return {"signal_uv": in_uv(samples, scale_uv)} | named
