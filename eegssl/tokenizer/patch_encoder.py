"""Encode patches as vectors to quantize: each alone, or within its window."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.ranks import SumsOfParts
from eegssl.tokenizer.shape_and_size import join, n_sizes, split_size, straight_in
from eegssl.tokenizer.spectrum import LogAmplitudeEmbedding, log_amplitude_of
from eegssl.tokenizer.window_context import Geometry, WindowContext

_FOLLOW = 0.1  # weight of a step in the moving statistics


class _Standardised(nn.Module):
    """Vectors of D numbers, standardised by the stored ``mean`` and ``variance`` [D]."""

    mean: Tensor
    variance: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("variance", torch.ones(n))
        self._sums = SumsOfParts()

    @torch.no_grad()
    def start(self, raw: Tensor) -> Tensor:
        """Set the statistics to those of ``raw`` vectors, the same on all ranks.

        Returns the vectors [m, code_dim], standardised.
        """
        vectors = raw[:, : len(self.mean)]
        self.mean.copy_(vectors.mean(dim=0))
        self.variance.copy_(vectors.var(dim=0))
        return self._sized(F.batch_norm(vectors, self.mean, self.variance), raw)

    @torch.no_grad()
    def _collect(self, vectors: Tensor) -> None:
        """Take count, sums and sums of squares (about the stored mean) of vectors [m, D]."""
        centred = vectors.to(self.mean.dtype) - self.mean
        count = torch.full_like(self.mean, len(vectors))
        self._sums.add(count, centred.sum(dim=0), centred.square().sum(dim=0))

    def drop(self) -> None:
        """Forget what was collected."""
        self._sums.drop()

    @torch.no_grad()
    def settle(self) -> None:
        """Update the stored statistics by the vectors collected on all ranks."""
        if (sums := self._sums.take()) is None:
            return
        count, total, squares = sums
        mean = total / count
        variance = (squares - count * mean.square()) / (count - 1).clamp_min(1)
        self.mean.add_(_FOLLOW * mean)
        self.variance.lerp_(variance.clamp_min(0), _FOLLOW)

    def _sized(self, vectors: Tensor, raw: Tensor) -> Tensor:
        return vectors


class PatchEncoder(_Standardised):
    """Patches [..., P], scaled, to standardised vectors [M, code_dim].

    The encoder's temporal module and standardised log amplitudes, then Linear-Tanh-Linear to the
    code's dimensions as in LaBraM (ICLR 2024); with ``context_layers`` between them that model's
    transformer, else codes need no context.

    Standardising is ours, after Lancucki et al. (IJCNN 2020): early in training vectors share most
    of their direction and drift together, faster than a codebook follows. Without it (and with the
    straight-through gradient alone) all patches of ``eegmat`` had one code after 14 steps.

    Where a waveform is decoded, vectors hold shape and size apart, see `shape_and_size`.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        sized, half = config.waveform_weight > 0, config.width // 2
        n = config.code_dim - n_sizes(config.code_dim) * sized
        super().__init__(n)
        self.code_dim, self.sized = config.code_dim, sized
        self.temporal = TemporalEmbedding(config.patch_samples, config.width - half)
        self.spectral = LogAmplitudeEmbedding(config.n_bins, half)
        self.context = WindowContext(config) if config.context_layers else None
        self.feed = nn.Sequential(
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.Tanh(),
            nn.Linear(config.width, n),
        )
        self.straight = straight_in(config.patch_samples, n) if sized else None

    def forward(self, patches: Tensor, learn: bool = False, geometry: Geometry = ()) -> Tensor:
        """Encode patches [..., P]: [M, code_dim]; for a context [B, C, N, P] with ``geometry``.

        With ``learn`` the vectors are standardised over those given, which also move the stored
        statistics at the next `settle`; else by the stored statistics, so that no window depends
        on its batch.
        """
        raw = self.raw(patches, geometry)
        vectors = raw[:, : len(self.mean)]
        if learn:
            self._collect(vectors)
            return self._sized(F.batch_norm(vectors, None, None, training=True), raw)
        return self._sized(F.batch_norm(vectors, self.mean, self.variance), raw)

    def raw(self, patches: Tensor, geometry: Geometry = ()) -> Tensor:
        """Encode patches without standardising: [M, code_dim], or shapes and log sizes."""
        flat = patches.flatten(0, -2)
        embedded = torch.cat([self.temporal(flat), self.spectral(flat)], dim=-1)
        if self.context is not None:
            windows = embedded.unflatten(0, patches.shape[:-1])
            embedded = self.context(windows, geometry).flatten(0, 2)
        vectors: Tensor = self.feed(embedded)
        if self.straight is None:
            return vectors
        shape, log_size = split_size(flat)
        return torch.cat([vectors + self.straight(shape), log_size], dim=-1)

    def _sized(self, vectors: Tensor, raw: Tensor) -> Tensor:
        """Vectors [M, code_dim]; if waveforms are decoded, shapes joined with log sizes."""
        return join(vectors, raw[:, -1:], self.code_dim) if self.sized else vectors


class SpectrumFeatures(_Standardised):
    """Patches [..., P], scaled, to standardised log amplitudes [M, F]; nothing is learned.

    The random projection's input; BEST-RQ (ICML 2022) takes standardised log-mel features.
    """

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__(config.n_bins)

    def forward(self, patches: Tensor, learn: bool = False, geometry: Geometry = ()) -> Tensor:
        """Features of patches [..., P]: [M, F]; the same in training and anywhere."""
        return F.batch_norm(self.raw(patches), self.mean, self.variance)

    def raw(self, patches: Tensor, geometry: Geometry = ()) -> Tensor:
        """Log amplitudes of patches [..., P]: [M, F]."""
        with torch.no_grad():
            return log_amplitude_of(patches.flatten(0, -2), len(self.mean))
