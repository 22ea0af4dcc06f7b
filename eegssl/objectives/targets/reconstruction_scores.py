"""Score predictions of standardised numbers: loss, and explained variance by band."""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class ReconstructionScores:
    """Sums over hidden patches of K numbers, from which the scores follow."""

    def __init__(self, members: Mapping[str, NDArray[np.int64]]) -> None:
        """``members``: band -> the places of its numbers among the K."""
        self._members = members
        self._sums: dict[str, NDArray[np.float64]] = {}
        self._losses: dict[str, float] = {}
        self._n = 0

    def add(self, target: Tensor, predicted: Tensor, losses: Mapping[str, Tensor]) -> None:
        """Count H patches: ``target`` and ``predicted`` [H, K], and means over them by name."""
        for name, value in losses.items():
            self._losses[name] = self._losses.get(name, 0.0) + float(value) * len(target)
        target, predicted = (t.float().cpu().to(torch.float64) for t in (target, predicted))
        sums = {
            "sum": target.sum(dim=0),
            "squares": target.square().sum(dim=0),
            "errors": (target - predicted).square().sum(dim=0),
        }
        for name, total in sums.items():
            self._sums[name] = self._sums.get(name, np.zeros(len(total))) + total.numpy()
        self._n += len(target)

    def numbers(self, suffix: str) -> dict[str, float]:
        """The means by name, and ``r2``: the share of variance explained, as mean over numbers.

        ``constant_r2`` is that of predicting the training mean, at most 0; ``r2_<band>`` that of
        the numbers of a band.
        """
        squares, errors = self._sums["squares"], self._sums["errors"]
        variance = squares - self._sums["sum"] ** 2 / self._n
        varies = variance > 1e-9 * self._n  # a number that never differs has no share
        divisor = np.where(varies, variance, 1.0)
        r2, constant = (np.where(varies, 1 - part / divisor, 0.0) for part in (errors, squares))
        scores = {name: total / self._n for name, total in self._losses.items()}
        scores |= {"r2": float(r2[varies].mean()) if varies.any() else 0.0}
        scores |= {"constant_r2": float(constant[varies].mean()) if varies.any() else 0.0}
        for band, places in self._members.items():
            if varies[places].any():
                scores[f"r2_{band}"] = float(r2[places][varies[places]].mean())
        return {f"{name}{suffix}": value for name, value in scores.items()}
