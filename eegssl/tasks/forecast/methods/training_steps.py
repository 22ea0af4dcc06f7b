"""Define forecasting networks for the training loop, and measure their error.

What does not depend on trained weights (`ForecastNetwork.prepare`) is computed once and cached:
embeddings of a frozen encoder, the AR forecast below a head.
"""

from abc import ABC, abstractmethod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.tasks.forecast.config import ErrorUnit
from eegssl.tasks.forecast.data import Context, RecordedPairs, context_scale

Prepared = dict[str, Tensor]
"""Inputs of a network; each entry has a row a pair."""

_AT_ONCE = 16
_GB = 1e9


class PlacedNetwork(nn.Module):
    """A network that brings arrays to its own device."""

    @property
    def device(self) -> torch.device:
        """The device of its weights."""
        return next(self.parameters()).device

    def tensor(self, array: NDArray[np.floating]) -> Tensor:
        """An array in float32 on the network's device."""
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self.device)


class ForecastNetwork(PlacedNetwork, ABC):
    """A network that forecasts z-scored signals; ``forecast`` turns them into µV."""

    @abstractmethod
    def prepare(self, context: Context) -> Prepared:
        """All of contexts [B, C, Tc] that training leaves as it is; includes the `scale_of`."""

    @abstractmethod
    def predict(self, prepared: Prepared) -> Tensor:
        """Forecasts [B, C, T], z-scored by their contexts."""

    def loss(self, prepared: Prepared, target: Tensor, unit: ErrorUnit, step: int) -> Tensor:
        """Mean squared error of z-scored targets [B, C, T], in the square of ``unit``.

        ``step`` is for networks that draw what of a target they learn from.
        """
        return squared_error(self.predict(prepared), target, prepared["deviation"], unit)

    def forecast(self, context: Context) -> NDArray[np.float64]:
        """Forecast the signal after contexts [B, C, Tc], in µV: [B, C, T]."""
        self.eval()
        with torch.no_grad():
            prepared = self.prepare(context)
            ahead = self.predict(prepared) * prepared["deviation"] + prepared["mean"]
        return ahead.cpu().double().numpy()

    def scale_of(self, context: Context) -> Prepared:
        """``mean`` and ``deviation`` [B, C, 1] of contexts in µV."""
        mean, deviation = context_scale(context.signal_uv)
        return {"mean": self.tensor(mean), "deviation": self.tensor(deviation)}


def from_nothing(n_in: int, n_out: int) -> nn.Linear:
    """A last layer that gives 0 before it is trained, so that early stopping can keep that."""
    layer = nn.Linear(n_in, n_out)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def squared_error(forecast: Tensor, target: Tensor, deviation: Tensor, unit: ErrorUnit) -> Tensor:
    """Mean squared error of z-scored forecasts and targets [B, C, T]; in µV² for ``uv``."""
    error = forecast - target
    return ((error * deviation) if unit == "uv" else error).square().mean()


@torch.no_grad()
def validation_error(network: ForecastNetwork, cache: "PairCache", unit: ErrorUnit) -> float:
    """Mean squared error of whole forecasts over all pairs, in the square of ``unit``."""
    network.eval()
    total, count = 0.0, 0
    for index in cache.pairs.in_order(_AT_ONCE):
        prepared, target = cache.read(index)
        error = squared_error(network.predict(prepared), target, prepared["deviation"], unit)
        total += float(error) * target.numel()
        count += target.numel()
    return total / count


class PairCache:
    """Caches prepared pairs with their z-scored targets, up to ``most_gb``.

    Each pair is prepared by itself, so that it is the same to the last bit whichever came with it:
    a run that is killed and goes on ends in the same weights.
    """

    def __init__(self, network: ForecastNetwork, pairs: RecordedPairs, most_gb: float) -> None:
        self.pairs = pairs
        self._network = network
        self._left = most_gb * _GB
        self._kept: dict[int, Prepared] = {}

    def read(self, index: NDArray[np.int64]) -> tuple[Prepared, Tensor]:
        """Inputs of these pairs from ``prepare``, and their targets [B, C, T]."""
        rows = [self._kept.get(k) or self._make(k) for k in index.tolist()]
        joined = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        return joined, joined.pop("target")

    def _make(self, k: int) -> Prepared:
        pair = self.pairs.batch(np.array([k]))
        with torch.no_grad(), torch.autocast(self._network.device.type, enabled=False):
            prepared = self._network.prepare(pair.context)
            target_uv = self._network.tensor(pair.target_uv)
            prepared["target"] = (target_uv - prepared["mean"]) / prepared["deviation"]
        row = {name: part[0] for name, part in prepared.items()}
        size = sum(part.nbytes for part in row.values())
        if size <= self._left:
            self._left -= size
            self._kept[k] = row
        return row
