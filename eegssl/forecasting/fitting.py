"""How networks that forecast are trained: plain torch over pairs, stopped early.

What of a pair no weight changes (`ForecastNetwork.prepare`) is computed once and kept: embeddings
of a frozen encoder, the AR forecast below a head.
"""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.corpus.windows import Batch
from eegssl.errors import ConfigError
from eegssl.forecasting.config import FitConfig, Unit
from eegssl.forecasting.windows import Pairs, context_scale

Prepared = dict[str, Tensor]
"""What a network reads of pairs; each entry has a row a pair."""

_AT_ONCE = 16
_WARM_UP = 0.05  # share of the steps
_GB = 1e9


class ForecastNetwork(nn.Module):
    """A network that forecasts z-scored signals; ``forecast`` turns them into µV.

    Subclasses say ``prepare`` and ``predict``.
    """

    def prepare(self, context: Batch) -> Prepared:
        """All of contexts [B, C, Tc] that training leaves as it is; includes the `scale_of`."""
        raise NotImplementedError

    def predict(self, prepared: Prepared) -> Tensor:
        """Forecasts [B, C, T], z-scored by their contexts."""
        raise NotImplementedError

    def loss(self, prepared: Prepared, target: Tensor, unit: Unit, step: int) -> Tensor:
        """Mean squared error of z-scored targets [B, C, T], in the square of ``unit``.

        ``step`` is for networks that draw what of a target they learn from.
        """
        return squared_error(self.predict(prepared), target, prepared["deviation"], unit)

    def forecast(self, context: Batch) -> NDArray[np.float64]:
        """What comes after contexts [B, C, Tc], in µV: [B, C, T]."""
        self.eval()
        with torch.no_grad():
            prepared = self.prepare(context)
            ahead = self.predict(prepared) * prepared["deviation"] + prepared["mean"]
        return ahead.double().cpu().numpy()

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return next(self.parameters()).device

    def scale_of(self, context: Batch) -> Prepared:
        """``mean`` and ``deviation`` [B, C, 1] of contexts in µV."""
        mean, deviation = context_scale(context.signal_uv)
        return {"mean": self.tensor(mean), "deviation": self.tensor(deviation)}

    def tensor(self, array: NDArray[np.floating]) -> Tensor:
        """An array in float32 on the network's device."""
        return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32)).to(self.device)


def from_nothing(n_in: int, n_out: int) -> nn.Linear:
    """A last layer that gives 0 before it is trained, so that early stopping can keep that."""
    layer = nn.Linear(n_in, n_out)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def squared_error(forecast: Tensor, target: Tensor, deviation: Tensor, unit: Unit) -> Tensor:
    """Mean squared error of z-scored forecasts and targets [B, C, T]; in µV² for ``uv``."""
    error = forecast - target
    return ((error * deviation) if unit == "uv" else error).square().mean()


def fit_network(
    network: ForecastNetwork,
    train: Pairs,
    validation: Pairs | None,
    config: FitConfig,
    unit: Unit,
    seed: int,
) -> list[float]:
    """Train in place; return the validation error before training and at each look after it.

    With ``validation`` the network ends with its best weights, otherwise with its last. A step is
    a function of the weights, ``seed`` and its number. Raises ConfigError when the loss is not
    finite.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(config.steps))
    shelf = Shelf(network, train, config.keep_gb)
    held = None if validation is None else Shelf(network, validation, config.keep_gb)
    history = [] if held is None else [validation_error(network, held, unit)]
    best, best_at = copy.deepcopy(network.state_dict()), 0
    for step in range(config.steps):
        network.train()
        prepared, target = shelf.read(train.draw(config.batch_size, seed=seed, step=step))
        loss = network.loss(prepared, target, unit, step)
        if not torch.isfinite(loss):
            raise ConfigError(f"the loss of step {step} is not finite; lower fit.lr ({config.lr})")
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        last = step + 1 == config.steps
        if held is not None and (last or (step + 1) % config.validate_every == 0):
            history.append(validation_error(network, held, unit))
            if history[-1] < min(history[:-1]):
                best, best_at = copy.deepcopy(network.state_dict()), len(history) - 1
            elif len(history) - 1 - best_at >= config.patience:
                break
    if held is not None:
        network.load_state_dict(best)
    network.eval()
    return history


@torch.no_grad()
def validation_error(network: ForecastNetwork, shelf: "Shelf", unit: Unit) -> float:
    """Mean squared error of whole forecasts over all pairs, in the square of ``unit``."""
    network.eval()
    total, count = 0.0, 0
    for index in shelf.pairs.in_order(_AT_ONCE):
        prepared, target = shelf.read(index)
        error = squared_error(network.predict(prepared), target, prepared["deviation"], unit)
        total += float(error) * target.numel()
        count += target.numel()
    return total / count


class Shelf:
    """Pairs as a network reads them, with z-scored targets; kept up to ``most_gb``."""

    def __init__(self, network: ForecastNetwork, pairs: Pairs, most_gb: float) -> None:
        self.pairs = pairs
        self._network = network
        self._left = most_gb * _GB
        self._kept: dict[int, Prepared] = {}

    def read(self, index: NDArray[np.int64]) -> tuple[Prepared, Tensor]:
        """What ``prepare`` says of these pairs, and their targets [B, C, T]."""
        missing = np.array([k for k in np.unique(index) if k not in self._kept], dtype=np.int64)
        fresh = self._make(missing) if missing.size else {}
        rows = [fresh.get(k) or self._kept[k] for k in index.tolist()]
        joined = {name: torch.stack([row[name] for row in rows]) for name in rows[0]}
        return joined, joined.pop("target")

    def _make(self, index: NDArray[np.int64]) -> dict[int, Prepared]:
        pair = self.pairs.batch(index)
        with torch.no_grad():
            made = self._network.prepare(pair.context)
            target_uv = self._network.tensor(pair.target_uv)
            made["target"] = (target_uv - made["mean"]) / made["deviation"]
        rows = {
            int(k): {name: part[row] for name, part in made.items()} for row, k in enumerate(index)
        }
        size = sum(part.nbytes for part in made.values())
        if size <= self._left:
            self._left -= size
            self._kept |= rows
        return rows


def _schedule(steps: int) -> Callable[[int], float]:
    """Factor on the learning rate: a linear warm-up, then a cosine to 0."""
    warm = max(1, round(_WARM_UP * steps))

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))

    return factor
