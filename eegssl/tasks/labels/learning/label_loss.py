"""Compare logits with labels that may be missing, or known in part."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Target = Literal["classes", "number"]
_LEAST = 1e-12  # weight of all labels, where there is none


def label_loss(
    logits: Tensor,
    truth: Tensor,
    possible: Tensor | None,
    target: Target,
    class_weights: Tensor | None = None,
) -> Tensor:
    """The mean loss of a batch, a scalar; what is not labelled (truth -1) has no part in it.

    Classes: cross-entropy of ``logits`` [B, K] or [B, N, K] with ``truth`` [B] or [B, N]; where
    ``possible`` [B, K] says which classes a label allows, the negative logarithm of their summed
    probability (all of them: nothing to learn). Numbers: the squared error of ``logits`` [B, 1]
    with ``truth`` [B], which `NumberScale` has brought to mean 0 and deviation 1.
    ``class_weights`` [K] weigh each label by its class, a partly known one by the mean of those
    that it allows.
    """
    if target == "number":
        return F.mse_loss(logits[..., 0], truth.to(logits.dtype))
    labels = truth.flatten()
    flat = logits.flatten(0, -2).to(torch.promote_types(logits.dtype, torch.float32))
    if possible is None:
        possible = labels[:, None] == torch.arange(flat.shape[-1], device=flat.device)
    informative = possible.any(dim=-1) & ~possible.all(dim=-1)
    allowed = possible | ~informative[:, None]  # all of sizes that no GPU is asked for
    within = flat.masked_fill(~allowed, -torch.inf)
    each = flat.logsumexp(dim=-1) - within.logsumexp(dim=-1)
    weight = informative.to(flat.dtype)
    if class_weights is not None:
        weight = weight * ((allowed * class_weights).sum(dim=-1) / allowed.sum(dim=-1))
    return (weight * each).sum() / weight.sum().clamp_min(_LEAST)


def counted(
    truth: Tensor, possible: Tensor | None, target: Target, class_weights: Tensor | None = None
) -> float:
    """Weight of all labels that `label_loss` is the mean over: their number, if all weigh 1."""
    if target == "number":
        return float(len(truth))
    labels = truth.flatten()
    if possible is None:
        known = labels[labels >= 0]
        return float(len(known) if class_weights is None else class_weights[known].sum())
    allowed = possible[possible.any(dim=-1) & ~possible.all(dim=-1)]
    if class_weights is None:
        return float(len(allowed))
    return float(((allowed * class_weights).sum(dim=-1) / allowed.sum(dim=-1)).sum())
