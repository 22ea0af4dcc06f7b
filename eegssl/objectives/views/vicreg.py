"""Make views alike, windows spread and components uncorrelated (VICReg).

Bardes, Ponce & LeCun (ICLR 2022), with its weights. Ours: the squared distance is the mean over
the width too, so that the weights do not depend on it.
"""

import torch
from torch import Tensor

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""Weights of the three terms."""
_DEVIATION = 1.0
"""What the standard deviation of each component shall reach."""
_FLOOR = 1e-4
CONSTANT = 2 * VARIANCE * (_DEVIATION - _FLOOR**0.5)
"""The loss of one embedding for all windows."""


def vicreg(views: Tensor) -> dict[str, Tensor]:
    """``loss`` of ``views`` [B, 2, d] of all B windows, and its terms before their weights."""
    first, second = views.unbind(dim=1)
    terms = {
        "invariance": (first - second).square().mean(),
        "variance": _lack_of_variance(first) + _lack_of_variance(second),
        "covariance": _covariance(first) + _covariance(second),
    }
    weights = INVARIANCE, VARIANCE, COVARIANCE
    weighted = [w * term for w, term in zip(weights, terms.values(), strict=True)]
    return {"loss": torch.stack(weighted).sum()} | terms


def _lack_of_variance(rows: Tensor) -> Tensor:
    """How much of a deviation of 1 the components [B, d] lack, on the mean."""
    centred = rows - rows.mean(dim=0)
    deviation = (centred.square().sum(dim=0) / max(len(rows) - 1, 1) + _FLOOR).sqrt()
    return (_DEVIATION - deviation).clamp_min(0).mean()


def _covariance(rows: Tensor) -> Tensor:
    """Sum of the squared covariances of different components [B, d], per component."""
    centred = rows - rows.mean(dim=0)
    covariance = centred.T @ centred / max(len(rows) - 1, 1)
    squares = covariance.square()
    return (squares.sum() - squares.diagonal().sum()) / rows.shape[1]
