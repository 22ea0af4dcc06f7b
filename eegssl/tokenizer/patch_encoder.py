"""Encode patches as vectors to quantize: each alone, or within its window."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.ranks import gather_rows, n_ranks, sum_over_ranks
from eegssl.tokenizer.shape_and_size import join, n_sizes, split_size, straight_in
from eegssl.tokenizer.spectrum import LogAmplitudeEmbedding, spectrum_of
from eegssl.tokenizer.window_context import Geometry, WindowContext

_FOLLOW = 0.1  # weight of a batch in the moving statistics
_EPSILON = 1e-5  # as in torch's batch_norm


class _Standardised(nn.Module):
    """Vectors of D numbers, standardised by the stored ``mean`` and ``variance`` [D]."""

    mean: Tensor
    variance: Tensor

    def __init__(self, n: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(n))
        self.register_buffer("variance", torch.ones(n))

    @torch.no_grad()
    def start(self, raw: Tensor) -> Tensor:
        """Set the statistics to those of ``raw`` vectors of all ranks.

        Returns this rank's vectors [m, code_dim], standardised.
        """
        vectors = raw[:, : len(self.mean)]
        joined = gather_rows(vectors)
        self.mean.copy_(joined.mean(dim=0))
        self.variance.copy_(joined.var(dim=0))
        return self._sized(F.batch_norm(vectors, self.mean, self.variance), raw)

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

        With ``learn`` the vectors are standardised over this batch, which also updates the stored
        statistics; else by the stored statistics, so that no window depends on its batch.
        """
        raw = self.raw(patches, geometry)
        vectors = raw[:, : len(self.mean)]
        if learn and n_ranks() > 1:
            vectors = self._standardise_joined(vectors)
        else:
            vectors = F.batch_norm(
                vectors, self.mean, self.variance, training=learn, momentum=_FOLLOW
            )
        return self._sized(vectors, raw)

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

    def _standardise_joined(self, vectors: Tensor) -> Tensor:
        """Standardise vectors [m, D] over the batch of all ranks, as one process would."""
        count = int(sum_over_ranks(torch.tensor(len(vectors), device=vectors.device)))
        mean = sum_over_ranks(vectors.float().sum(dim=0)) / count
        centred = vectors.float() - mean
        variance = sum_over_ranks(centred.square().sum(dim=0)) / count
        with torch.no_grad():
            self.mean.lerp_(mean, _FOLLOW)
            self.variance.lerp_(variance * (count / max(count - 1, 1)), _FOLLOW)
        return (centred / (variance + _EPSILON).sqrt()).to(vectors.dtype)


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
            return spectrum_of(patches.flatten(0, -2), len(self.mean)).log_amplitude
