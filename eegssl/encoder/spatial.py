"""Embed the place of a channel and the time of a patch.

A channel is described by its one or two electrodes (their identity and position) and its brain
regions. No montage is fixed: an electrode of the 10-10 table has one learned vector in all
derivations; any other electrode has its position alone. Fourier features follow Tancik et al.
(NeurIPS 2020). Ours: electrodes are identified by position, so that ``FT9`` and ``T1`` are one
electrode, and a batch needs no names.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.errors import InputError
from eegssl.signal.channels.positions import positions as known_positions
from eegssl.signal.channels.regions import REGIONS

_OCTAVES = 4  # the finest wave is 0.5 of a head radius long: neighbours in 10-10 are 0.3 apart
_IDENTITY_WIDTH = 32
_PLACE_GAIN, _TIME_GAIN = 0.04, 0.028  # bring the root mean square of each to .02 at the start
_SAME_PLACE = 0.02  # head radii; electrodes of the table lie 0.13 apart at least


class SpatialEmbedding(nn.Module):
    """Geometry of C channels to embeddings [B, C, D], of the parts that are on."""

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.identity = ElectrodeIdentity(width) if config.identity else None
        self.position = ElectrodePosition(width) if config.position else None
        self.regions = nn.Linear(len(REGIONS), width, bias=False) if config.region else None
        any_on = config.identity or config.position or config.region
        self.gain = nn.Parameter(torch.full((width,), _PLACE_GAIN)) if any_on else 0.0

    def forward(self, positions: Tensor, located: Tensor, regions: Tensor) -> Tensor | float:
        """Embed ``positions`` [B, C, 2, 3], ``located`` [B, C, 2] and ``regions`` [B, C, R].

        Returns 0 if all parts are off.
        """
        self._check(positions, located, regions)
        place: Tensor | float = 0.0
        if self.identity is not None:
            place = place + self.identity(positions, located)
        if self.position is not None:
            place = place + self.position(positions, located)
        if self.regions is not None:
            place = place + self.regions(regions)
        return self.gain * place if isinstance(place, Tensor) else place

    def _check(self, positions: Tensor, located: Tensor, regions: Tensor) -> None:
        batch = tuple(positions.shape[:2])
        expected = [(*batch, 2, 3), (*batch, 2), (*batch, len(REGIONS))]
        got = [tuple(x.shape) for x in (positions, located, regions)]
        if got != expected:
            raise InputError(
                "expected positions [B, C, 2, 3], located [B, C, 2] and regions "
                f"[B, C, {len(REGIONS)}]; got {got[0]}, {got[1]}, {got[2]}"
            )


class ElectrodeIdentity(nn.Module):
    """A learned vector for each electrode of a channel, whichever end it is at.

    The positions of the known electrodes are stored beside their vectors.
    """

    places: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        places = np.unique(np.stack(list(known_positions().values())), axis=0)
        self.register_buffer("places", torch.from_numpy(places).to(torch.get_default_dtype()))
        self.vectors = nn.Embedding(len(places) + 1, _IDENTITY_WIDTH, padding_idx=0)
        self.project = nn.Linear(2 * _IDENTITY_WIDTH, width, bias=False)

    def forward(self, positions: Tensor, located: Tensor) -> Tensor:
        """Embed the electrodes of channels: [B, C, D]."""
        return self.project(self.vectors(self.numbers(positions, located)).flatten(-2))

    def numbers(self, positions: Tensor, located: Tensor) -> Tensor:
        """Each electrode's number from 1; 0 for none, or one not in the table: [B, C, 2]."""
        offsets = (positions[..., None, :] - self.places).abs().amax(dim=-1)
        distance, nearest = offsets.min(dim=-1)
        return torch.where(located & (distance < _SAME_PLACE), nearest + 1, 0)


class ElectrodePosition(nn.Module):
    """Fourier features of the coordinates of a channel's electrodes."""

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        frequencies = math.pi / 2 * 2.0 ** torch.arange(_OCTAVES)
        self.register_buffer("frequencies", frequencies, persistent=False)
        self.project = nn.Linear(2 * (3 + 3 * 2 * _OCTAVES + 1), width)

    def forward(self, positions: Tensor, located: Tensor) -> Tensor:
        """Embed the positions of electrodes: [B, C, D]."""
        waves = (positions[..., None] * self.frequencies).flatten(-2)
        known = located[..., None].to(positions.dtype)
        features = torch.cat([positions, waves.sin(), waves.cos()], dim=-1) * known
        return self.project(torch.cat([features, known], dim=-1).flatten(-2))


class TimeEmbedding(nn.Module):
    """Sines and cosines of the patch index (Vaswani et al. 2017), for any number of patches."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.full((width,), _TIME_GAIN))
        self._waves: dict[tuple[int, torch.device, torch.dtype], Tensor] = {}

    def forward(self, n_patches: int) -> Tensor:
        """Embed the indices of patches: [N, D]."""
        key = n_patches, self.gain.device, self.gain.dtype
        if key not in self._waves:
            waves = _waves(n_patches, len(self.gain))
            if self.gain.dtype != torch.float64:
                waves = waves.astype(np.float32)
            self._waves[key] = torch.from_numpy(waves).to(self.gain)
        return self.gain * self._waves[key]


def _waves(n_patches: int, width: int) -> NDArray[np.floating]:
    """Sines, then cosines, of the index of a patch at falling rates, [N, D].

    By NumPy, since a Mac's GPU has no float64.
    """
    rates = 10_000.0 ** (-np.arange(0, width, 2) / width)
    angles = np.arange(n_patches)[:, None] * rates
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=-1)
