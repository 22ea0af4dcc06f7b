"""Reduce labels to some subjects, or to a few examples per class."""

from collections.abc import Mapping, Set

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.errors import InputError

_SUBJECTS, _SHOTS = 0x5AB5, 0x5807


def some_recordings(labelled: LabelledWindows, fraction: float, seed: int) -> tuple[Recording, ...]:
    """The recordings of a share of the subjects; see `some_subjects`."""
    recordings = labelled.windows.recordings
    classes_of: dict[str, set[int]] = {}
    numbers = labelled.truth.dtype.kind == "f"
    for k, recording in enumerate(recordings):
        truth = labelled.truth[labelled.windows.owner == k]
        classes = set() if numbers else {int(one) for one in np.unique(truth) if one >= 0}
        classes_of.setdefault(recording.subject, set()).update(classes)
    chosen = some_subjects(classes_of, fraction, seed)
    return tuple(r for r in recordings if r.subject in chosen)


def some_subjects(
    classes_of: Mapping[str, Set[int]], fraction: float, seed: int
) -> tuple[str, ...]:
    """A share of the subjects, by seed; a smaller share is a subset of every larger one.

    ``classes_of`` has the classes of each subject's labels. The first subjects are the fewest that
    hold all classes together. Raises InputError if the share is of fewer subjects.
    """
    order = sorted(classes_of)
    order = [order[k] for k in np.random.default_rng([seed, _SUBJECTS]).permutation(len(order))]
    first = _cover(order, classes_of)
    order = [*first, *(s for s in order if s not in first)]
    n = max(1, round(fraction * len(order)))
    if n < len(first):
        raise InputError(
            f"labels_fraction {fraction:g} of {len(order)} training subjects is {n}, and no {n} of "
            f"them hold every class: set labels_fraction to {len(first) / len(order):.2g} or more"
        )
    return tuple(sorted(order[:n]))


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
