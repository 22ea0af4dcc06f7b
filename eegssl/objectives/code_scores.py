"""Score predictions of masked codes, overall and by group."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F


class CodeScores:
    """Accumulates predictions of K codes over batches: of all hidden patches and of groups."""

    def __init__(self, train_counts: NDArray[np.int64], groups: Sequence[str]) -> None:
        """``train_counts`` [K]: how often each code occurs in the training windows."""
        n_codes = len(train_counts)
        self.groups = tuple(groups)
        self._loss = 0.0
        self._train_counts = train_counts
        self._right = np.zeros(1 + len(self.groups), dtype=np.int64)
        self._counts = np.zeros((1 + len(self.groups), n_codes), dtype=np.int64)

    def add(self, logits: Tensor, truth: Tensor, members: NDArray[np.bool_]) -> None:
        """Count ``logits`` [H, K] of H hidden patches whose codes are ``truth`` [H].

        ``members`` [H, G] says which patch belongs to which group; to several, or to none.
        """
        self._loss += F.cross_entropy(logits.float(), truth, reduction="sum").item()
        right = (logits.argmax(dim=-1) == truth).cpu().numpy()
        codes = truth.cpu().numpy()
        everyone = np.ones((len(codes), 1), dtype=bool)
        for row, inside in enumerate(np.concatenate([everyone, members], axis=1).T):
            self._right[row] += int(right[inside].sum())
            self._counts[row] += np.bincount(codes[inside], minlength=self._counts.shape[1])

    def numbers(self, suffix: str) -> dict[str, float]:
        """The scores as plain numbers, of groups that have hidden patches.

        Each name is followed by ``suffix``. ``loss`` in nats; ``accuracy``, and after a further
        underscore that of each group; ``most_frequent_accuracy`` likewise: the accuracy of always
        predicting the code most frequent among these patches, the best that a constant can reach.
        What is known from training alone: ``constant_accuracy`` of always predicting the code most
        frequent there, ``unigram_loss`` in nats of predicting its frequencies (each count one
        higher, so that none is 0). ``chance`` is the accuracy of a uniform guess.
        """
        hidden = self._counts.sum(axis=1)
        share = self._counts[0] / hidden[0]
        known = (self._train_counts + 1) / (self._train_counts + 1).sum()
        scores = {
            f"chance{suffix}": 1 / len(known),
            f"loss{suffix}": self._loss / int(hidden[0]),
            f"unigram_loss{suffix}": float(-share @ np.log(known)),
            f"constant_accuracy{suffix}": float(share[self._train_counts.argmax()]),
        }
        names = [suffix, *(f"{suffix}_{group}" for group in self.groups)]
        for label, right, counts, n in zip(names, self._right, self._counts, hidden, strict=True):
            if n:
                scores[f"accuracy{label}"] = int(right) / int(n)
                scores[f"most_frequent_accuracy{label}"] = int(counts.max()) / int(n)
        return scores


def hits(guesses: Tensor, truth: Tensor, n_codes: int) -> dict[str, Tensor]:
    """Accuracies of five ``guesses`` [H, 5]: of the first, of all, and of a constant."""
    ranked = guesses == truth[:, None]
    n = max(len(truth), 1)
    counts = torch.zeros(n_codes, dtype=truth.dtype, device=truth.device)
    counts.scatter_add_(0, truth, torch.ones_like(truth))  # of integers: the same in any order
    return {
        "accuracy": ranked[:, 0].sum() / n,
        "top5": ranked.any(dim=-1).sum() / n,
        "most_frequent_accuracy": counts.max() / n,
    }
