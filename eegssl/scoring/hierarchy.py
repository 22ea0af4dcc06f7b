"""Relate seizure types to a task's classes, level by level.

SzCORE's types follow ILAE 2017: each part of a name is a level below the one before it (``sz``,
``sz_gen``, ``sz_gen_m``, ``sz_gen_m_tonic``). A class holds the types that equal it or begin with
it. A coarser label (``sz_gen`` where tonic and clonic are classes) counts at the levels above that
it decides.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

OPEN_PARTS = ("uo", "uc", "ua", "um", "f2b")
"""Parts of a name that leave open what stands at their level: unknown onset, unclassified, unknown
awareness, unknown movement; ``f2b`` is focal, of unknown awareness."""
UNKNOWN = -1
"""Stands in the truth where a label does not decide between classes."""
ONSET, TYPE = "onset", "type"


def lies_in(kind: str, group: str) -> bool:
    """Tell if a type equals a group or begins with it."""
    return kind == group or kind.startswith(f"{group}_")


def known_part(kind: str) -> str:
    """The known part of a type: up to the first part that leaves its level open."""
    parts = kind.split("_")
    known = next((k for k, part in enumerate(parts) if part in OPEN_PARTS), len(parts))
    return "_".join(parts[:known])


def class_of(kind: str, classes: Sequence[str]) -> int:
    """The class that a type lies in, or ``UNKNOWN``."""
    return next((k for k, group in enumerate(classes) if lies_in(kind, group)), UNKNOWN)


def possible_classes(kind: str, classes: Sequence[str]) -> NDArray[np.bool_]:
    """The classes [K] that an event of this type may be of; none for a type outside the task.

    One that lies in a class is of that class; else it may be of all below its known part.
    """
    own_class = class_of(kind, classes)
    if own_class != UNKNOWN:
        return np.arange(len(classes)) == own_class
    return np.array([lies_in(group, known_part(kind)) for group in classes], dtype=bool)


def levels(classes: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The groups of each level of the hierarchy, coarse to fine; the last are the classes.

    ``onset`` is focal or generalised; what lies between it and ``type`` is named by its depth.
    """
    deepest = max(len(name.split("_")) for name in classes)
    groups_by_level: dict[str, tuple[str, ...]] = {}
    for depth in range(2, deepest):
        groups = tuple(dict.fromkeys("_".join(c.split("_")[:depth]) for c in classes))
        if 1 < len(groups) < len(classes) and groups not in groups_by_level.values():
            groups_by_level[ONSET if depth == 2 else f"level {depth}"] = groups
    return groups_by_level | {TYPE: tuple(classes)}


def group_probabilities(
    probabilities: NDArray[np.floating], classes: Sequence[str], groups: Sequence[str]
) -> NDArray[np.float64]:
    """Probabilities [n, G] of groups: each the sum of its classes' [n, K]."""
    member = np.array([[lies_in(name, group) for group in groups] for name in classes], dtype=float)
    return np.asarray(probabilities, dtype=np.float64) @ member


def group_truth(kinds: Sequence[str], groups: Sequence[str]) -> NDArray[np.int64]:
    """The group [n] that each type lies in; ``UNKNOWN`` where it says too little."""
    return np.array([class_of(kind, groups) for kind in kinds], dtype=np.int64)
