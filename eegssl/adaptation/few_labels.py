"""Reduce labels to some subjects, or to a few examples per class."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.labelled import LabelledWindows
from eegssl.errors import InputError

_SUBJECTS, _SHOTS = 0x5AB5, 0x5807
_ROUNDED = 0.1  # relative: a share that whole subjects miss by more is worth a word


@dataclass(frozen=True)
class FewLabels:
    """The training subjects whose labels are used: so many, or a share of them, by a draw."""

    draw: int
    n_subjects: int | None = None
    share: float = 1.0

    @property
    def of_all(self) -> bool:
        """Tell if nobody is left out."""
        return self.n_subjects is None and self.share == 1

    @property
    def setting(self) -> str:
        """The setting that says how many."""
        return "labels_fraction" if self.n_subjects is None else "labels_subjects"

    def number_of(self, n_labelled: int) -> int:
        """The number of subjects among those with labels: at least one; of a share, rounded."""
        return self.n_subjects or max(1, round(self.share * n_labelled))

    def rounding(self, n_labelled: int) -> str:
        """A warning where a share of so few subjects is far from that of a whole number of them."""
        n = self.number_of(n_labelled)
        if self.n_subjects is not None or abs(n / n_labelled - self.share) <= _ROUNDED * self.share:
            return ""
        return (
            f"labels_fraction {self.share:g} of {n_labelled} training subjects is {n} of them, "
            f"a share of {n / n_labelled:.2g}; set labels_subjects to say a number"
        )


def classes_of_subjects(labelled: LabelledWindows) -> dict[str, set[int]]:
    """The classes among each subject's labels; none of numbers."""
    classes_of: dict[str, set[int]] = {}
    numbers = labelled.truth.dtype.kind == "f"
    for k, recording in enumerate(labelled.windows.recordings):
        truth = labelled.truth[labelled.windows.owner == k]
        classes = set() if numbers else {int(one) for one in np.unique(truth) if one >= 0}
        classes_of.setdefault(recording.subject, set()).update(classes)
    return classes_of


def some_subjects(classes_of: Mapping[str, Set[int]], few: FewLabels) -> tuple[str, ...]:
    """A few of the subjects, by draw; fewer are a subset of every larger number.

    ``classes_of`` has the classes of each subject's labels. The first subjects are the fewest that
    hold all classes together. Raises InputError for fewer than these, and for more than there are.
    """
    order = sorted(classes_of)
    rng = np.random.default_rng([few.draw, _SUBJECTS])
    order = [order[k] for k in rng.permutation(len(order))]
    first = _cover(order, classes_of)
    order = [*first, *(s for s in order if s not in first)]
    n = few.number_of(len(order))
    require_number(n, len(first), len(order), few)
    return tuple(sorted(order[:n]))


def require_number(n: int, least: int, most: int, few: FewLabels) -> None:
    """Raise InputError for ``n`` labelled subjects, fewer than the least or more than the most."""
    if n > most:
        raise InputError(
            f"{few.setting} {n}: {most} training subjects have labels; set it to {most} or less, "
            'or to "all"'
        )
    if n >= least:
        return
    if few.n_subjects is not None:
        raise InputError(
            f"{few.setting} {n}: no {n} of {most} training subjects hold every class; set it to "
            f"{least} or more"
        )
    raise InputError(
        f"labels_fraction {few.share:g} of {most} training subjects is {n}, and no {n} of "
        f"them hold every class: set labels_fraction to {least / most:.2g} or more"
    )


def fewest_subjects(classes_of: Mapping[str, Set[int]]) -> int:
    """The least number of subjects that hold every class together."""
    return len(_cover(sorted(classes_of), classes_of))


def _cover(order: list[str], classes_of: Mapping[str, Set[int]]) -> list[str]:
    """The fewest subjects that hold every class together; of equally few the first in order."""
    classes = frozenset[int]().union(*classes_of.values())
    reached: dict[frozenset[int], list[str]] = {frozenset(): []}
    while classes not in reached:
        grown = dict(reached)
        for held, chosen in reached.items():
            for subject in order:
                grown.setdefault(held | classes_of[subject], [*chosen, subject])
        reached = grown
    return reached[classes]


def some_examples(
    truth: NDArray[np.integer], n_classes: int, shots: int, seed: int
) -> NDArray[np.int64]:
    """Indices of up to ``shots`` examples per class in ``truth`` [n], by seed.

    Fewer shots are a subset of more.
    """
    rng = np.random.default_rng([seed, _SHOTS])
    chosen = [rng.permutation(np.flatnonzero(truth == k))[:shots] for k in range(n_classes)]
    return np.sort(np.concatenate(chosen))
