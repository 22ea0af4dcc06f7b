"""Define the parts of heads: standardised inputs, attention, class prototypes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.errors import ConfigError

_SHARPNESS = 10.0  # of the cosine, before a temperature is chosen on validation data


class Standardise(nn.Module):
    """Subtract a mean and divide by a scale, each [W], of the training windows' embeddings."""

    mean: Tensor
    scale: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(width))
        self.register_buffer("scale", torch.ones(width))

    def set(self, mean: NDArray[np.float64], scale: NDArray[np.float64]) -> None:
        """Set both [W]."""
        self.mean.copy_(torch.from_numpy(mean))
        self.scale.copy_(torch.from_numpy(scale))

    def forward(self, embedded: Tensor) -> Tensor:
        """Standardise embeddings [..., W]."""
        return (embedded - self.mean) / self.scale


class AttentionPooling(nn.Module):
    """Embeddings of patches to one vector of width D, by learned weights of each attention head.

    Initially all patches weigh alike (ours); their order plays no part.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        if width % heads:
            raise ConfigError(
                f"adaptation.attention_heads is {heads}; expected a divisor of the encoder's width "
                f"{width}"
            )
        self.score = nn.Linear(width, heads)
        self.value = nn.Linear(width, width)
        nn.init.zeros_(self.score.weight)

    def forward(self, embeddings: Tensor, per_patch: bool = False) -> Tensor:
        """Pool [B, C, N, D] over channels and time to [B, D]; ``per_patch`` over channels alone,
        to [B, N, D]."""
        tokens = embeddings.transpose(1, 2) if per_patch else embeddings.flatten(1, 2)
        heads = self.score.out_features
        weights = self.score(tokens).softmax(dim=-2)
        values = self.value(tokens).unflatten(-1, (heads, -1))
        return (weights[..., None] * values).sum(dim=-3).flatten(-2)


class PrototypeHead(nn.Module):
    """Logits by cosine similarity to a prototype of each class, after centring. Not trained.

    Centring and normalising follow SimpleShot (Wang et al., 2019); the centre is the mean of the
    classes' means (ours).
    """

    centre: Tensor
    prototypes: Tensor

    def __init__(self, width: int, n_classes: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(width))
        self.register_buffer("prototypes", torch.zeros(n_classes, width))

    def fit(self, examples: Tensor, truth: Tensor) -> None:
        """Set the prototypes from pooled ``examples`` [n, W] of the classes ``truth`` [n]."""
        n_classes = len(self.prototypes)
        means = torch.stack([examples[truth == k].mean(dim=0) for k in range(n_classes)])
        self.centre = means.mean(dim=0)
        seen = F.normalize(examples - self.centre, dim=-1)
        classes = [seen[truth == k].mean(dim=0) for k in range(n_classes)]
        self.prototypes = F.normalize(torch.stack(classes), dim=-1)

    def forward(self, pooled: Tensor) -> Tensor:
        """Logits [..., K] of pooled embeddings [..., W]."""
        return _SHARPNESS * F.normalize(pooled - self.centre, dim=-1) @ self.prototypes.T
