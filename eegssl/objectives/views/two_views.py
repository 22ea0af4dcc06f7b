"""Make two views of each window."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.grain import Grain, GrainPlan
from eegssl.objectives.views.changes import (
    Amplitude,
    BandStop,
    Change,
    ChannelDropout,
    Noise,
    RegionPermutation,
    SignFlip,
    TimeShift,
)
from eegssl.objectives.views.config import ViewsConfig


class TwoViews(nn.Module):
    """Two views of B windows in one batch of 2 B: the first views, then the second ones."""

    def __init__(self, config: ViewsConfig, encoder: EncoderConfig, prefix: str) -> None:
        super().__init__()
        wanted: list[tuple[float, Change]] = [
            (config.shift_patches, TimeShift(config.shift_patches, encoder.patch_samples)),
            (config.permute, RegionPermutation(config.permute)),
            (config.flip, SignFlip(config.flip)),
            (config.amplitude_db, Amplitude(config.amplitude_db)),
            (config.noise_uv, Noise(config.noise_uv)),
            (
                config.band_stop_hz,
                BandStop(config.band_stop_hz, encoder.top_hz, encoder.sfreq_hz),
            ),
        ]
        self.changes = nn.ModuleList(change for most, change in wanted if most)
        self.dropout = ChannelDropout(config.channel_dropout) if config.channel_dropout else None
        self.prefix = prefix

    @property
    def names(self) -> tuple[str, ...]:
        """Names of what is drawn."""
        return tuple(f"{self.prefix}{name}" for part in self._parts for name in part.names)

    def draw(self, plan: GrainPlan) -> dict[str, NDArray[np.generic]]:
        """Numbers of all changes, [2 B, ...] each."""
        rng, drawn = plan.rng(self.prefix), dict[str, NDArray[np.generic]]()
        for part in self._parts:
            first, second = part.draw(rng, plan), part.draw(rng, plan)
            for name in part.names:
                drawn[f"{self.prefix}{name}"] = np.concatenate([first[name], second[name]])
        return drawn

    @torch.no_grad()
    def forward(self, grain: Grain) -> tuple[Tensor, Tensor | None]:
        """Views [2 B, C, T'] in µV, and which of their channels are there, [2 B, C]."""
        names = (name for part in self._parts for name in part.names)
        drawn = {name: grain[f"{self.prefix}{name}"] for name in names}
        signal_uv = torch.cat([grain["signal_uv"], grain["signal_uv"]])
        with torch.autocast(signal_uv.device.type, enabled=False):
            for change in self.changes:
                signal_uv = change(signal_uv, drawn)
        return signal_uv, None if self.dropout is None else drawn["present"]

    @property
    def _parts(self) -> list[Change | ChannelDropout]:
        changes: list[Change | ChannelDropout] = list(self.changes)  # type: ignore[arg-type]
        return changes if self.dropout is None else [*changes, self.dropout]
