"""Forecast from embeddings: the whole horizon at once, or patch by patch.

Heads read embeddings, channel by channel with the same weights, and add to a base forecast; their
last layer starts at 0 (ours).
"""

from typing import TypeVar, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder
from eegssl.errors import ConfigError
from eegssl.tasks.forecast.config import Base, ErrorUnit, ForecastConfig
from eegssl.tasks.forecast.data import Context, Horizon, RecordedPairs, in_unit
from eegssl.tasks.forecast.methods.encoder_network import EncoderNetwork
from eegssl.tasks.forecast.methods.forecast_baselines import plain
from eegssl.tasks.forecast.methods.training_steps import (
    ForecastNetwork,
    Prepared,
    from_nothing,
    squared_error,
)

F = TypeVar("F", bound=ForecastConfig)
_AT_ONCE = 16
_SLOWER = 0.1  # what is added has a hundred times the weights of the trust, and overfits first


def half_octaves(n_samples: int) -> NDArray[np.float32]:
    """Weights [K, T] that interpolate K values, at half-octaves of the horizon, to T samples."""
    octave = np.log2(np.arange(n_samples) + 1)
    places = np.linspace(0, octave[-1], int(np.ceil(2 * octave[-1])) + 1)
    step = places[1] if len(places) > 1 else 1.0
    weights = np.maximum(0.0, 1 - np.abs(octave - places[:, None]) / step)
    return weights.astype(np.float32)


class SignalHead(EncoderNetwork, ForecastNetwork):
    """A head that adds to a base forecast; raises ConfigError for `auto` (see `resolved_base`)."""

    def __init__(
        self, encoder: Encoder, horizon: Horizon, config: ForecastConfig, frozen: bool
    ) -> None:
        super().__init__(encoder, horizon, config.head.window_s, frozen)
        if config.head.base == "auto":
            raise ConfigError("head.base is auto; name one, or choose it on validation pairs first")
        self.base = plain(config.head.base, horizon, config.baselines)

    def placed(self, context: Context) -> Prepared:
        """Scale and geometry of contexts, and the base forecast [B, C, T], z-scored."""
        prepared = self.scale_of(context) | self.geometry(context)
        ahead = self.tensor(self.base.forecast(context))
        return prepared | {"base": (ahead - prepared["mean"]) / prepared["deviation"]}


class DirectHead(SignalHead):
    """The whole horizon at once, from the patches of the last window and the mean of all earlier.

    Two linear maps of LayerNorm-ed embeddings, the same for all channels: how far to trust the
    base (a factor on it, at half-octaves of the horizon), and what to add to that (ours).
    """

    knots: Tensor

    def __init__(
        self, encoder: Encoder, horizon: Horizon, config: ForecastConfig, frozen: bool
    ) -> None:
        super().__init__(encoder, horizon, config, frozen)
        width = (self.patches + 1) * encoder.config.width
        self.norm = nn.LayerNorm(width)
        knots = torch.from_numpy(half_octaves(horizon.target_samples))
        self.register_buffer("knots", knots, persistent=False)
        self.gain = from_nothing(width, len(knots))
        self.head = from_nothing(width, horizon.target_samples)

    def prepare(self, context: Context) -> Prepared:
        """Inputs that no weight changes: ``read`` [B, C, F] of a frozen encoder, or the signal."""
        prepared = self.placed(context)
        signal_uv = self.tensor(context.signal_uv)
        if self.frozen:
            return prepared | {"read": self.features(signal_uv, prepared)}
        return prepared | {"signal_uv": signal_uv}

    def predict(self, prepared: Prepared) -> Tensor:
        """Forecasts [B, C, T], z-scored by their contexts."""
        read = prepared["read"] if self.frozen else self.features(prepared["signal_uv"], prepared)
        read = self.norm(read)
        trust = 1 + self.gain(read) @ self.knots
        ahead: Tensor = trust * prepared["base"] + _SLOWER * self.head(read)
        return ahead


class AutoregressiveHead(SignalHead):
    """The next patch from the last window; then the window moves on over its own forecast.

    It learns one patch ahead of windows as they were (teacher forcing) that end anywhere between
    t and the last patch of the horizon, drawn step by step.
    """

    def __init__(
        self, encoder: Encoder, horizon: Horizon, config: ForecastConfig, frozen: bool
    ) -> None:
        super().__init__(encoder, horizon, config, frozen)
        self.size = encoder.config.patch_samples
        width = self.patches * encoder.config.width
        self.norm = nn.LayerNorm(width)
        self.head = from_nothing(width, self.size)

    def prepare(self, context: Context) -> Prepared:
        """The last window, z-scored, with scale, geometry and base."""
        prepared = self.placed(context)
        recent = self.tensor(context.signal_uv[..., -self.window :])
        return prepared | {"recent": (recent - prepared["mean"]) / prepared["deviation"]}

    def predict(self, prepared: Prepared) -> Tensor:
        """Forecasts [B, C, T], z-scored by their contexts, a patch after the other."""
        seen = prepared["recent"]
        length = self.horizon.target_samples
        for start in range(0, length, self.size):
            base = prepared["base"][..., start : start + self.size]
            base = nn.functional.pad(base, (0, self.size - base.shape[-1]))
            seen = torch.cat([seen, base + self._next(seen[..., -self.window :], prepared)], -1)
        return seen[..., self.window : self.window + length]

    def loss(self, prepared: Prepared, target: Tensor, unit: ErrorUnit, step: int) -> Tensor:
        """Squared error of one patch, after a window that ends at t or at a later patch's start."""
        n_patches = -(-target.shape[-1] // self.size)
        start = int(np.random.default_rng([n_patches, step]).integers(n_patches)) * self.size
        seen = torch.cat([prepared["recent"], target[..., :start]], dim=-1)[..., -self.window :]
        due = target[..., start : start + self.size]
        base = prepared["base"][..., start : start + self.size]
        ahead = base + self._next(seen, prepared)[..., : due.shape[-1]]
        return squared_error(ahead, due, prepared["deviation"], unit)

    def _next(self, seen: Tensor, prepared: Prepared) -> Tensor:
        """The head's addition to the base over the patch after z-scored windows [B, C, L]."""
        embedded = self.embed(seen * prepared["deviation"] + prepared["mean"], prepared)[:, -1]
        ahead: Tensor = self.head(self.norm(embedded.flatten(2)))
        return ahead


def best_base(pairs: RecordedPairs, horizon: Horizon, config: ForecastConfig) -> Base:
    """The base of least squared error over these pairs, in the configured unit."""
    errors: dict[Base, float] = dict.fromkeys(get_args(Base), 0.0)
    for index in pairs.in_order(_AT_ONCE):
        pair = pairs.batch(index)
        context_uv = pair.context.signal_uv
        due = in_unit(pair.target_uv, context_uv, config.unit)
        for base in errors:
            method = plain(base, horizon, config.baselines)
            ahead = in_unit(method.forecast(pair.context), context_uv, config.unit)
            errors[base] += float(np.sum((ahead - due) ** 2))
    return min(errors, key=errors.__getitem__)


def resolved_base(config: F, validation: RecordedPairs, horizon: Horizon) -> F:
    """The same configuration with the head's base named, where it is `auto`: the best alone."""
    if config.head.base != "auto":
        return config
    head = config.head.model_copy(update={"base": best_base(validation, horizon, config)})
    return config.model_copy(update={"head": head})


def build_head(
    encoder: Encoder, horizon: Horizon, config: ForecastConfig, seed: int, *, frozen: bool = True
) -> SignalHead:
    """The head that is configured, untrained, on ``encoder``; raises ConfigError as it does."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return HEADS[config.head.kind](encoder, horizon, config, frozen)


HEADS: dict[str, type[SignalHead]] = {"direct": DirectHead, "autoregressive": AutoregressiveHead}
"""Heads by name."""
