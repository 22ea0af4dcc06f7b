"""Define networks that forecast channel by channel: DLinear and one like PatchTST.

Their last layers start at 0 (ours): early stopping can leave them at the context's mean.
"""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.transformer import Transformer
from eegssl.tasks.forecast.config import ForecastBaselinesConfig
from eegssl.tasks.forecast.data import Context, Horizon
from eegssl.tasks.forecast.methods.forecast_baselines import lookback_samples
from eegssl.tasks.forecast.methods.training_steps import ForecastNetwork, Prepared, from_nothing


class SeriesNetwork(ForecastNetwork):
    """Forecasts each channel from the last ``lookback`` samples of its z-scored context."""

    def __init__(self, lookback: int) -> None:
        super().__init__()
        self.lookback = lookback

    def prepare(self, context: Context) -> Prepared:
        """``recent`` [B, C, L], z-scored by the whole context, and its scale."""
        scale = self.scale_of(context)
        recent = self.tensor(context.signal_uv[..., -self.lookback :])
        return scale | {"recent": (recent - scale["mean"]) / scale["deviation"]}

    def predict(self, prepared: Prepared) -> Tensor:
        """Forecasts [B, C, T], z-scored by their contexts."""
        recent = prepared["recent"]
        ahead: Tensor = self.ahead(recent.flatten(0, 1))
        return ahead.unflatten(0, recent.shape[:2])

    @abstractmethod
    def ahead(self, recent: Tensor) -> Tensor:
        """Forecasts [S, T] of series [S, L]."""


class DLinear(SeriesNetwork):
    """A moving average and what is left of the signal, a linear map each (Zeng et al., AAAI 2023).

    With the edges repeated, as there; one map for all channels.
    """

    def __init__(self, horizon: Horizon, config: ForecastBaselinesConfig) -> None:
        super().__init__(lookback_samples(config.lookback_s, horizon))
        self.average = config.dlinear_average
        self.trend = from_nothing(self.lookback, horizon.target_samples)
        self.rest = from_nothing(self.lookback, horizon.target_samples)

    def ahead(self, recent: Tensor) -> Tensor:
        """Forecasts [S, T] of series [S, L]."""
        before = (self.average - 1) // 2
        sides = (before, self.average - 1 - before)
        padded = F.pad(recent[:, None], sides, mode="replicate")
        trend = F.avg_pool1d(padded, self.average, stride=1)[:, 0]
        return self.trend(trend) + self.rest(recent - trend)


class PatchTST(SeriesNetwork):
    """Overlapping patches of a series through a transformer, flattened, to the whole horizon.

    After Nie et al. (ICLR 2023), smaller, with layer normalisation before each part in place of
    batch normalisation after it (ours).
    """

    def __init__(self, horizon: Horizon, config: ForecastBaselinesConfig) -> None:
        super().__init__(lookback_samples(config.patchtst_lookback_s, horizon))
        width, depth = config.patchtst_width, config.patchtst_layers
        patch = max(1, round(config.patchtst_patch_s * horizon.sfreq_hz))
        self.patch = min(self.lookback, patch)
        self.step = max(1, self.patch // 2)
        n_patches = (self.lookback - self.patch) // self.step + 1
        self.embed = nn.Linear(self.patch, width)
        self.place = nn.Parameter(torch.randn(n_patches, width) * 0.02)
        self.transformer = Transformer(depth, width, config.patchtst_heads, 2 * width, 0.0)
        self.head = from_nothing(n_patches * width, horizon.target_samples)

    def ahead(self, recent: Tensor) -> Tensor:
        """Forecasts [S, T] of series [S, L]."""
        whole = self.patch + (len(self.place) - 1) * self.step
        patches = recent[:, -whole:].unfold(-1, self.patch, self.step)
        tokens = self.transformer(self.embed(patches) + self.place)
        return self.head(tokens.flatten(1))


NETWORKS: dict[str, type[DLinear] | type[PatchTST]] = {"dlinear": DLinear, "patchtst": PatchTST}
"""The methods that are networks, by name; `eegssl.tasks.forecast.fit` trains them."""


def build_network(
    name: str, horizon: Horizon, config: ForecastBaselinesConfig, seed: int
) -> SeriesNetwork:
    """An untrained network by name; its weights depend on ``seed`` only."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return NETWORKS[name](horizon, config)
