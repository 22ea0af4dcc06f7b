"""Carry windows through an encoder, each pass at most once."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from eegssl.encoder.encoder import Encoder
from eegssl.encoder.patches import to_patches
from eegssl.signal.channels.electrodes import Geometry

GEOMETRY = ("positions", "located", "regions")


class Grain:
    """B windows of one corpus and number of channels, as tensors by name.

    ``signal_uv`` [B, C, T], ``positions``, ``located`` and ``regions`` are there always; ``mask``
    [B, C, N] (True = hidden) and ``hidden``, the places [H] of hidden patches in the flat mask,
    where patches are hidden; ``codes`` [B, C, N] where an objective reads them; and what each
    objective has drawn for itself.
    """

    def __init__(
        self, encoder: Encoder, tensors: Mapping[str, Tensor], *, all_rows: bool = False
    ) -> None:
        """With ``all_rows`` hidden patches are taken from `masked`, which is made in any case."""
        self.encoder = encoder
        self._tensors = tensors
        self._all_rows = all_rows

    def __getitem__(self, name: str) -> Tensor:
        return self._tensors[name]

    @property
    def geometry(self) -> tuple[Tensor, Tensor, Tensor]:
        """Positions, located and regions, as an encoder takes them."""
        positions, located, regions = (self._tensors[name] for name in GEOMETRY)
        return positions, located, regions

    @property
    def device(self) -> torch.device:
        """The device of all tensors."""
        return self["signal_uv"].device

    @property
    def shape(self) -> tuple[int, int, int]:
        """B windows, C channels, N patches."""
        n_windows, n_channels, n_samples = self["signal_uv"].shape
        return n_windows, n_channels, n_samples // self.encoder.config.patch_samples

    @property
    def n_hidden(self) -> int:
        """Number of hidden patches, H."""
        return len(self["hidden"]) if "hidden" in self._tensors else 0

    @cached_property
    def patches_uv(self) -> Tensor:
        """Samples by patch, [B, C, N, P]."""
        return to_patches(self["signal_uv"], self.encoder.config.patch_samples)

    @cached_property
    def hidden(self) -> Tensor:
        """Embeddings of the hidden patches in order, [H, D], made without their samples."""
        if self._all_rows:
            return self.masked.flatten(0, 2).index_select(0, self["hidden"])
        given = self["signal_uv"], *self.geometry, self["mask"], self["hidden"]
        return self.encoder.hidden(*given)

    @cached_property
    def masked(self) -> Tensor:
        """Embeddings of all patches, of which some were hidden: [B, C, N, D]."""
        return self.encoder(self["signal_uv"], *self.geometry, self["mask"])

    @cached_property
    def whole(self) -> Tensor:
        """Embeddings of all patches, none hidden: [B, C, N, D]."""
        return self.encoder(self["signal_uv"], *self.geometry)

    def whole_and_visible(self, kept: Tensor) -> tuple[Tensor, Tensor]:
        """`whole`, and visible patches embedded alone, [B, V, D]; ``kept`` [B V] are theirs."""
        given = self["signal_uv"], *self.geometry, self["mask"], kept
        if "whole" in vars(self):
            return self.whole, self.encoder.visible(*given)
        self.whole, seen = self.encoder.whole_and_visible(*given)
        return self.whole, seen


@dataclass(frozen=True)
class GrainPlan:
    """What is known of a grain where it is read: arrays, without its samples."""

    seed: int
    step: int
    number: int
    """Its place among the grains of the step."""
    index: NDArray[np.int64]
    """[B], the windows' places in their tiling."""
    placed: Geometry
    """Of the windows, [B, C, ...]."""
    n_samples: int
    n_patches: int
    mask: NDArray[np.bool_] | None
    """[B, C, N], True = hidden; None where nothing is."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """B windows, C channels, N patches."""
        return *self.placed.located.shape[:2], self.n_patches

    def rng(self, stream: str) -> np.random.Generator:
        """Random numbers of this grain for one use, named by ``stream``: the same on any rank."""
        return np.random.default_rng([self.seed, self.step, self.number, _number(stream)])

    def rng_of_step(self, stream: str) -> np.random.Generator:
        """Random numbers that all grains of a step share."""
        return np.random.default_rng([self.seed, self.step, _number(stream)])


def _number(stream: str) -> int:
    return int.from_bytes(stream.encode(), "big")
