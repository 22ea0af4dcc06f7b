"""Define published networks for EEG windows: EEGNet, ShallowConvNet, a U-Net.

Each takes standardised windows [B, C, T] and gives logits [B, K, S]: one column (S = 1) for a
window as a whole, or one for each sample (S = T). Filter lengths are odd, so that they are centred;
the papers' even ones (64 samples at 128 Hz) grow by one.
"""

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.baselines.config import EEGNetConfig, SeizureUNetConfig, ShallowConvNetConfig
from eegssl.errors import ConfigError

_LEAST_POWER = 1e-6  # before the logarithm of ShallowConvNet, as in its authors' code
_THINNED = 4  # from one level of the U-Net to the next


@dataclass(frozen=True)
class WindowShape:
    """The shape of a network's input and output: C channels, T samples, a rate, K classes."""

    n_channels: int
    n_samples: int
    sfreq_hz: float
    n_classes: int


class Network(nn.Module):
    """A network over windows; ``per_sample`` says whether it has logits for each sample."""

    per_sample = False

    def __init__(self) -> None:
        super().__init__()
        self.max_norms: list[tuple[nn.Conv1d | nn.Conv2d | nn.Linear, float]] = []

    @torch.no_grad()
    def constrain(self) -> None:
        """Scale filters down whose norm exceeds their limit; called after each training step."""
        for layer, limit in self.max_norms:
            layer.weight.copy_(torch.renorm(layer.weight, 2, 0, limit))


class EEGNet(Network):
    """EEGNet (Lawhern et al. 2018, J. Neural Eng. 15:056013), table 2.

    Its first pooling leaves 32 Hz as there, by the nearest whole factor.
    """

    def __init__(self, shape: WindowShape, config: EEGNetConfig = EEGNetConfig()) -> None:
        super().__init__()
        first, wide = config.temporal_filters, config.temporal_filters * config.depth
        pool = max(1, round(shape.sfreq_hz / 32))
        n_steps = shape.n_samples // pool // 8
        _require_some(n_steps, shape)
        kernel = _odd(config.kernel_s * shape.sfreq_hz)
        self.temporal = nn.Sequential(
            nn.Conv2d(1, first, (1, kernel), padding=(0, kernel // 2), bias=False),
            nn.BatchNorm2d(first),
        )
        spatial = nn.Conv2d(first, wide, (shape.n_channels, 1), groups=first, bias=False)
        self.spatial = nn.Sequential(
            spatial,
            nn.BatchNorm2d(wide),
            nn.ELU(),
            nn.AvgPool2d((1, pool)),
            nn.Dropout(config.dropout),
        )
        self.separable = nn.Sequential(
            nn.Conv2d(wide, wide, (1, 17), padding=(0, 8), groups=wide, bias=False),
            nn.Conv2d(wide, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.ELU(),
            nn.AvgPool2d((1, 8)),
            nn.Dropout(config.dropout),
        )
        self.head = nn.Linear(wide * n_steps, shape.n_classes)
        self.max_norms = [(spatial, 1.0), (self.head, 0.25)]

    def forward(self, signal: Tensor) -> Tensor:
        """[B, C, T] -> [B, K, 1]"""
        features = self.separable(self.spatial(self.temporal(signal[:, None])))
        logits: Tensor = self.head(features.flatten(1))
        return logits[..., None]


class ShallowConvNet(Network):
    """ShallowConvNet (Schirrmeister et al. 2017, Human Brain Mapping 38:5391), on whole windows.

    Log power of learned bands and places, as common spatial patterns have it. The paper trains on
    crops of a trial; here a window is what is classified.
    """

    def __init__(
        self, shape: WindowShape, config: ShallowConvNetConfig = ShallowConvNetConfig()
    ) -> None:
        super().__init__()
        kernel = _odd(config.kernel_s * shape.sfreq_hz)
        pool = max(1, round(config.pool_s * shape.sfreq_hz))
        stride = max(1, round(config.stride_s * shape.sfreq_hz))
        n_steps = (shape.n_samples - kernel + 1 - pool) // stride + 1
        _require_some(n_steps, shape)
        self.temporal = nn.Conv2d(1, config.filters, (1, kernel))
        self.spatial = nn.Conv2d(config.filters, config.filters, (shape.n_channels, 1), bias=False)
        self.norm = nn.BatchNorm1d(config.filters)
        self.pool = nn.AvgPool1d(pool, stride)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Linear(config.filters * n_steps, shape.n_classes)
        self.max_norms = [(self.temporal, 2.0), (self.spatial, 2.0), (self.head, 0.5)]

    def filtered(self, signal: Tensor) -> Tensor:
        """``spatial(temporal(signal))``: [B, C, T] -> [B, filters, T'].

        Nothing bends between the two, so they are one convolution, with a fraction of the memory.
        """
        over_channels = self.spatial.weight[..., 0]
        kernel = torch.einsum("ofc,fk->ock", over_channels, self.temporal.weight[:, 0, 0])
        assert self.temporal.bias is not None
        bias = torch.einsum("ofc,f->o", over_channels, self.temporal.bias)
        return F.conv1d(signal, kernel, bias)

    def forward(self, signal: Tensor) -> Tensor:
        """[B, C, T] -> [B, K, 1]"""
        power = self.pool(self.norm(self.filtered(signal)).square())
        features = self.dropout(power.clamp(min=_LEAST_POWER).log())
        logits: Tensor = self.head(features.flatten(1))
        return logits[..., None]


class SeizureUNet(Network):
    """A U-Net along time (Ronneberger et al. 2015; U-Time, Perslev et al. 2019), sized by us.

    It says for each sample whether it lies in a seizure; channels are mixed by the first filters.
    """

    per_sample = True

    def __init__(self, shape: WindowShape, config: SeizureUNetConfig = SeizureUNetConfig()) -> None:
        super().__init__()
        widths = [config.width * 2**level for level in range(config.levels + 1)]
        kernel = _odd(config.kernel)
        self.first = _block(shape.n_channels, widths[0], kernel)
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(_block(above, below, kernel) for above, below in pairs)
        self.up = nn.ModuleList(_block(above + below, above, kernel) for above, below in pairs)
        self.dropout = nn.Dropout(config.dropout)
        self.head = nn.Conv1d(widths[0], shape.n_classes, 1)
        self.multiple = _THINNED**config.levels

    def forward(self, signal: Tensor) -> Tensor:
        """[B, C, T] -> [B, K, T]; zeros pad the window to a length that can be pooled."""
        n_samples = signal.shape[-1]
        features = self.first(F.pad(signal, (0, -n_samples % self.multiple)))
        skipped = []
        for block in self.down:
            skipped.append(features)
            features = block(F.max_pool1d(features, _THINNED))
        features = self.dropout(features)
        for block, beside in zip(reversed(self.up), reversed(skipped), strict=True):
            wide = features.repeat_interleave(_THINNED, dim=-1)
            features = block(torch.cat([beside, wide], dim=1))
        logits: Tensor = self.head(features)[..., :n_samples]
        return logits


def _block(n_in: int, n_out: int, kernel: int) -> nn.Sequential:
    """Convolution, normalisation, nonlinearity: [B, n_in, T] -> [B, n_out, T]."""
    convolution = nn.Conv1d(n_in, n_out, kernel, padding=kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm1d(n_out), nn.ELU())


def _odd(length: float) -> int:
    """The odd number of samples nearest to a length from above."""
    return 2 * (round(length) // 2) + 1


def _require_some(n_steps: int, shape: WindowShape) -> None:
    """Raise ConfigError for windows shorter than the filters."""
    if n_steps < 1:
        raise ConfigError(
            f"got windows of {shape.n_samples / shape.sfreq_hz:g} s, shorter than the filters of "
            "this network; expected longer ones: raise task.window_s, or use a baseline on band "
            "power"
        )
