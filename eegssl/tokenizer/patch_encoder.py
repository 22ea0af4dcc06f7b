"""The patch encoder: each patch alone to a vector, so that its code depends on nothing else."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.encoder.spectral import SpectralEmbedding
from eegssl.encoder.temporal import TemporalEmbedding
from eegssl.tokenizer.config import TokenizerConfig

_FOLLOW = 0.1  # share of a batch in the moving statistics


class PatchEncoder(nn.Module):
    """Patches [M, P], scaled, to standardised vectors [M, code_dim].

    The encoder's temporal and spectral modules, then Linear-Tanh-Linear to the code's dimensions
    as in LaBraM (ICLR 2024); without that model's transformer, so that codes need no context.

    Standardising is ours, after Lancucki et al. (IJCNN 2020): vectors of a young network share
    most of their direction and drift together, faster than a codebook follows. Without it (and with
    the straight-through gradient alone) all patches of ``eegmat`` chose one code after 14 steps.
    """

    mean: Tensor
    variance: Tensor

    def __init__(self, config: TokenizerConfig) -> None:
        super().__init__()
        half = config.width // 2
        self.temporal = TemporalEmbedding(config.patch_samples, config.width - half)
        self.spectral = SpectralEmbedding(
            config.patch_samples, half, config.sfreq_hz, config.top_hz
        )
        self.feed = nn.Sequential(
            nn.GELU(),
            nn.Linear(config.width, config.width),
            nn.Tanh(),
            nn.Linear(config.width, config.code_dim),
        )
        self.register_buffer("mean", torch.zeros(config.code_dim))
        self.register_buffer("variance", torch.ones(config.code_dim))

    def forward(self, patches: Tensor, learn: bool = False) -> Tensor:
        """Encode patches [M, P]: [M, code_dim].

        With ``learn`` the vectors are standardised over this batch, and the stored statistics
        follow it; else by the stored statistics, each patch whatever its company.
        """
        vectors = self.raw(patches)
        return F.batch_norm(vectors, self.mean, self.variance, training=learn, momentum=_FOLLOW)

    def raw(self, patches: Tensor) -> Tensor:
        """Encode patches [M, P] without standardising: [M, code_dim]."""
        return self.feed(torch.cat([self.temporal(patches), self.spectral(patches)], dim=-1))

    @torch.no_grad()
    def start(self, vectors: Tensor) -> Tensor:
        """Set the statistics to those of raw ``vectors`` [M, code_dim]; return them so."""
        self.mean.copy_(vectors.mean(dim=0))
        self.variance.copy_(vectors.var(dim=0))
        return F.batch_norm(vectors, self.mean, self.variance)
