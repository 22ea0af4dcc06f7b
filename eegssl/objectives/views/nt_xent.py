"""Tell a window's other view from the views of other windows (NT-Xent).

The loss of SimCLR (Chen et al., ICML 2020): normalised temperature-scaled cross-entropy.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def nt_xent(own: Tensor, everyone: Tensor, first: int, temperature: float) -> tuple[Tensor, Tensor]:
    """Losses (nats) [b, 2] of b windows, and which views' likeliest partner is the true one.

    ``everyone`` [B, 2, d] are both views of all windows, ``own`` [b, 2, d] those of the windows
    from ``first`` on, for which the losses are. A view has 2 B - 1 candidates: all but itself.
    """
    n_windows = len(everyone)
    anchors, candidates = (F.normalize(views.flatten(0, 1), dim=-1) for views in (own, everyone))
    itself = torch.arange(2 * first, 2 * first + len(anchors), device=own.device)
    places = torch.arange(2 * n_windows, device=own.device)
    logits = anchors @ candidates.T / temperature
    logits = logits.masked_fill(places == itself[:, None], -torch.inf)
    partner = itself + 1 - 2 * (itself % 2)  # the views of a window stand side by side
    losses = F.cross_entropy(logits, partner, reduction="none")
    return losses.view(-1, 2), (logits.argmax(dim=-1) == partner).view(-1, 2)
