"""Compute the cross-entropy of codes and its gradient block by block.

With thousands of codes the logits of all patches are the largest array of a training step, and
reading it again and again takes longer than making it. Each block's logits are therefore made,
turned into loss and gradient, and dropped while they are still in the processor's cache. The order
of work follows Liger Kernel's fused linear cross-entropy (arXiv 2410.10989).
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

_BLOCK = {"cpu": 256}  # rows whose logits are held at once, by measurement
_BLOCK_ELSEWHERE = 8192
_GUESSES = 5


def code_loss(rows: Tensor, head: nn.Linear, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Sum of -log p (nats) of codes ``truth`` [H] by ``head`` on ``rows`` [H, D].

    Second come the five likeliest codes of each row, the first first: [H, 5] (fewer where the
    head has fewer codes).
    """
    if torch.is_grad_enabled():
        return _CodeLoss.apply(rows, head.weight, head.bias, truth)
    parts = [_likelihoods(*part, head.weight, head.bias)[1:] for part in _blocks(rows, truth)]
    losses, guesses = zip(*parts, strict=True)
    return torch.stack(losses).sum(), torch.cat(guesses)


class _CodeLoss(torch.autograd.Function):
    """Makes all gradients while it goes forward, of a scale of 1; backward multiplies them."""

    @staticmethod
    def forward(
        ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor, truth: Tensor
    ) -> tuple[Tensor, Tensor]:
        losses, guesses, rows_gradient = [], [], []
        weight_gradient, bias_gradient = torch.zeros_like(weight), torch.zeros_like(bias)
        for block, codes in _blocks(rows, truth):
            log_p, loss, best = _likelihoods(block, codes, weight, bias)
            losses.append(loss)
            guesses.append(best)
            gradient = log_p.exp_()
            gradient[torch.arange(len(codes), device=codes.device), codes] -= 1
            bias_gradient += gradient.sum(dim=0)
            low = gradient.to(_product_type(rows))
            rows_gradient.append((low @ weight.to(low.dtype)).to(rows.dtype))
            weight_gradient += low.t() @ block.to(low.dtype)
        ctx.save_for_backward(torch.cat(rows_gradient), weight_gradient, bias_gradient)
        best = torch.cat(guesses)
        ctx.mark_non_differentiable(best)
        return torch.stack(losses).sum(), best

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        return *(gradient * scale.to(gradient.dtype) for gradient in ctx.saved_tensors), None


def _blocks(rows: Tensor, truth: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Rows and their codes in blocks, an empty one where there are none."""
    size = _BLOCK.get(rows.device.type, _BLOCK_ELSEWHERE)
    return list(zip(rows.split(size), truth.split(size), strict=True))


def _likelihoods(
    rows: Tensor, truth: Tensor, weight: Tensor, bias: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Log likelihoods of all codes [H, K], their loss at ``truth`` and the likeliest [H, 5]."""
    logits = F.linear(rows, weight, bias)
    best = logits.topk(min(_GUESSES, logits.shape[-1]), dim=-1).indices
    log_p = logits.to(torch.promote_types(logits.dtype, torch.float32)).log_softmax(dim=-1)
    return log_p, F.nll_loss(log_p, truth, reduction="sum"), best


def _product_type(rows: Tensor) -> torch.dtype:
    """The precision of matrix products: autocast's where it is on."""
    kind = rows.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else rows.dtype
