"""Hold the contexts that methods read, and compute their scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.windows import Batch
from eegssl.signal.channels.electrodes import geometry
from eegssl.signal.filtering.filters import Chain
from eegssl.tasks.forecast.config import ErrorUnit

Float32 = NDArray[np.float32]

_FLAT_UV = 0.1  # a deviation that counts as none, as for the encoder


@dataclass(frozen=True)
class Context(Batch):
    """Contexts [B, C, Tc] in µV, strictly before t, with their geometry."""

    chains: tuple[Chain, ...] | None = None
    """[B], the filters that contexts went through and their targets did not; None where targets
    are the contexts' own continuation."""


def as_context(signal_uv: NDArray[np.floating], channels: Sequence[str]) -> Context:
    """Signals [B, C, Tc] in µV of channels with these names, as methods read them."""
    n = len(signal_uv)
    placed = geometry(channels)
    return Context(
        signal_uv=np.ascontiguousarray(signal_uv, dtype=np.float32),
        positions=np.repeat(placed.positions[None], n, axis=0),
        located=np.repeat(placed.located[None], n, axis=0),
        regions=np.repeat(placed.regions[None], n, axis=0),
        index=np.arange(n),
    )


def context_scale(
    context_uv: NDArray[np.floating],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation [..., 1] of each channel's context in µV; 1 where it is flat."""
    signal = np.asarray(context_uv, dtype=np.float64)
    mean = signal.mean(axis=-1, keepdims=True)
    deviation = signal.std(axis=-1, keepdims=True)
    return mean, np.where(deviation < _FLAT_UV, 1.0, deviation)


def in_unit(
    signal_uv: NDArray[np.floating], context_uv: NDArray[np.floating], unit: ErrorUnit
) -> NDArray[np.float64]:
    """A truth or a forecast [..., T] in the unit that is scored, by what its context says."""
    if unit == "uv":
        return np.asarray(signal_uv, dtype=np.float64)
    mean, deviation = context_scale(context_uv)
    return (signal_uv - mean) / deviation
