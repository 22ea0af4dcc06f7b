"""Compute the loss of fine-tuning, for every kind of label."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F


def loss(
    logits: Tensor,
    truth: Tensor,
    possible: Tensor | None,
    target: Literal["classes", "number"],
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
    flat, wanted = logits.flatten(0, -2), truth.flatten()
    n_classes = flat.shape[-1]
    if possible is None:
        allowed = F.one_hot(wanted.clamp(min=0), n_classes).bool()
        informative = wanted >= 0
    else:
        allowed = possible
        informative = allowed.any(dim=-1) & ~allowed.all(dim=-1)
    if not informative.any():
        return flat.sum() * 0.0
    flat, allowed = flat[informative], allowed[informative]
    within = flat.masked_fill(~allowed, -torch.inf)
    each = flat.logsumexp(dim=-1) - within.logsumexp(dim=-1)
    if class_weights is None:
        return each.mean()
    weight = (allowed * class_weights).sum(dim=-1) / allowed.sum(dim=-1)
    return (weight * each).sum() / weight.sum()
