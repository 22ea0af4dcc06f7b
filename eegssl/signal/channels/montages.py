"""Compute a montage from recorded channels, by one matrix.

A channel is the potential of one electrode less that of another, or of a reference. Differences of
channels with *one and the same* reference are derivations, exactly, whatever the reference is. The
rules are ours:

- Channels are subtracted only if the labels give them the same reference (``C3-A1`` and ``C4-A2``
  never; none named counts as one). The reference itself, where it is an electrode, is known: 0.
- A derivation that lacks an electrode is left out and named as missing, never filled with zeros.
- A recording with more derivations than referential channels stays as it is, bipolar. Otherwise
  recorded derivations fill what can't be computed, and stay beside a common average.
- A common average needs eight scalp electrodes of one reference; earlobes, mastoids and electrodes
  behind the ears aren't part of it. With fewer, or several references, nothing is changed.

Of doubled channels the first counts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt

from eegssl.signal.channels.electrodes import Channel, parse_channel
from eegssl.signal.channels.positions import BEHIND_EARS, EARS

LEAST_ELECTRODES = 8
"""The fewest scalp electrodes of a common average."""


def _chain(*electrodes: str) -> tuple[str, ...]:
    return tuple(f"{a}-{b}" for a, b in pairwise(electrodes))


_TEMPORAL = _chain("Fp1", "F7", "T7", "P7", "O1") + _chain("Fp2", "F8", "T8", "P8", "O2")
_PARASAGITTAL = _chain("Fp1", "F3", "C3", "P3", "O1") + _chain("Fp2", "F4", "C4", "P4", "O2")

BANANA = _TEMPORAL + _PARASAGITTAL + _chain("Fz", "Cz", "Pz")
"""The double banana: 18 longitudinal derivations of the 10-20 system."""

TCP = _TEMPORAL + _chain("A1", "T7", "C3", "Cz", "C4", "T8", "A2") + _PARASAGITTAL
"""The temporal central parasagittal montage in the order of the TUH corpora's 01_tcp_ar (22); its
03_tcp_ar_a is what is left without A1 and A2 (20)."""

MONTAGES = {"banana": BANANA, "tcp": TCP}
Note = Literal["", "bipolar-kept", "too-few-kept", "references-differ-kept"]
"""Why a montage was not (wholly) met; empty where it was."""


@dataclass(frozen=True)
class Rereferenced:
    """Montage of M channels from C: ``matrix`` float32 [M, C], or None if they stay as they are.

    ``names`` [M]; ``missing``: derivations that lack an electrode; ``note``: why the target was not
    (wholly) met, else empty; ``reference``: AVG, or empty for derivations and unchanged channels.
    """

    names: tuple[str, ...]
    matrix: npt.NDArray[np.float32] | None
    missing: tuple[str, ...]
    note: Note
    reference: str = ""


def rereference(channels: Sequence[Channel], target: str) -> Rereferenced:
    """Derive ``keep``, ``average``, ``banana`` or ``tcp`` from one recording's good EEG channels.

    To be applied to filtered signals. Raises KeyError for another target.
    """
    names = tuple(channel.name for channel in channels)
    if target == "keep":
        return Rereferenced(names, None, (), "")
    bipolar = sum(len(channel.electrodes) == 2 for channel in channels)
    if bipolar > len(channels) - bipolar:
        return Rereferenced(names, None, (), "bipolar-kept")
    if target == "average":
        return _average(channels, names)
    return _derivations(channels, names, MONTAGES[target])


def common_part(
    matrix: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
    """Split a montage [M, C] so that what its rows share is computed once, as an average is.

    Returns the weights that are shared [C], the rows that hold them [M], and what each row has
    beside them [M, C]; the sums are those of the matrix within float32 rounding.
    """
    shared = np.median(matrix, axis=0).astype(np.float32)
    beside = (matrix.astype(np.float64) - shared).astype(np.float32)
    holds = np.count_nonzero(beside, axis=1) < np.count_nonzero(matrix, axis=1)
    return shared, holds, np.where(holds[:, None], beside, matrix)


def _flipped(name: str) -> str:
    return "-".join(reversed(name.split("-"))) if "-" in name else ""


def _derivations(
    channels: Sequence[Channel], names: tuple[str, ...], montage: tuple[str, ...]
) -> Rereferenced:
    """The rows of a bipolar montage that the channels determine."""
    potentials = _potentials(channels)
    recorded = {name: np.eye(len(names))[k] for k, name in reversed(list(enumerate(names)))}
    rows = {}
    for derivation in montage:
        row = _difference(potentials, *derivation.split("-"))
        if row is None and derivation in recorded:
            row = recorded[derivation]
        elif row is None and _flipped(derivation) in recorded:
            row = -recorded[_flipped(derivation)]
        if row is not None:
            rows[derivation] = row
    missing = tuple(derivation for derivation in montage if derivation not in rows)
    if not rows:
        return Rereferenced(names, None, missing, "too-few-kept")
    matrix = np.stack(list(rows.values())).astype(np.float32)
    return Rereferenced(tuple(rows), matrix, missing, "")


def _potentials(channels: Sequence[Channel]) -> list[dict[str, npt.NDArray[np.float64]]]:
    """For each reference, most channels first: electrode -> its row over the channels [C]."""
    sizes = Counter(c.reference for c in channels if len(c.electrodes) == 1)
    groups = []
    for reference in sorted(sizes, key=lambda r: (-sizes[r], r)):
        rows: dict[str, npt.NDArray[np.float64]] = {}
        for k, channel in enumerate(channels):
            if len(channel.electrodes) == 1 and channel.reference == reference:
                rows.setdefault(channel.electrodes[0], np.eye(len(channels))[k])
        rows.setdefault(reference, np.zeros(len(channels)))
        groups.append(rows)
    return groups


def _difference(
    groups: list[dict[str, npt.NDArray[np.float64]]], first: str, second: str
) -> npt.NDArray[np.float64] | None:
    """First electrode less second, by a reference that both have; None where there is none."""
    for rows in groups:
        if first in rows and second in rows:
            return rows[first] - rows[second]
    return None


def _average(channels: Sequence[Channel], names: tuple[str, ...]) -> Rereferenced:
    """Every referential channel less the mean of the scalp electrodes; derivations as they are."""
    groups = _potentials(channels)
    if not groups:
        return Rereferenced(names, None, (), "too-few-kept")
    if len(groups) > 1:
        return Rereferenced(names, None, (), "references-differ-kept")
    reference = next(c.reference for c in channels if len(c.electrodes) == 1)
    rows = groups[0]
    if parse_channel(reference).kind != "eeg":
        del rows[reference]
    scalp = [row for electrode, row in rows.items() if electrode not in EARS | BEHIND_EARS.keys()]
    if len(scalp) < LEAST_ELECTRODES:
        return Rereferenced(names, None, (), "too-few-kept")
    mean = np.mean(scalp, axis=0)
    beside = [k for k, channel in enumerate(channels) if len(channel.electrodes) == 2]
    matrix = [row - mean for row in rows.values()] + [np.eye(len(names))[k] for k in beside]
    stacked = np.stack(matrix).astype(np.float32)
    return Rereferenced((*rows, *(names[k] for k in beside)), stacked, (), "", "AVG")
