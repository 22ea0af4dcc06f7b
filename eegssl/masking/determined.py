"""Measure how much of a mask visible channels determine exactly.

A derivation is a difference of two electrodes. Where visible derivations lead from one of its
electrodes to the other, it is their sum, and a model need not learn anything to predict it.
CHB-MIT's 23 derivations have rank 19: about 9 % of a random mask at 50 % is determined, and
nothing of region masks.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.signal.channels.electrodes import parse_channels


def electrode_pairs(names: Sequence[str]) -> NDArray[np.int64]:
    """The two terminals of each of C channels as numbers [C, 2]: electrodes and references.

    Referential channels share the terminal of their reference. One that is no EEG gets terminals
    of its own: nothing determines it.
    """
    number: dict[str, int] = {}
    pairs = []
    for place, channel in enumerate(parse_channels(names)):
        ends: Sequence[str] = channel.electrodes
        if len(ends) == 1:
            ends = (ends[0], f"reference {channel.reference}")
        elif not ends:
            ends = (f"channel {place}", f"channel {place} against")
        pairs.append([number.setdefault(end, len(number)) for end in ends])
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def determined(pairs: NDArray[np.int64], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find hidden patches that are exact linear functions of visible ones of the same moment.

    ``pairs`` [C, 2] from ``electrode_pairs``; ``mask`` [..., C, N], True = hidden; the same shape
    comes back. Not counted: that the channels of a common average add up to zero.
    """
    visible = ~np.moveaxis(mask, -1, 0).reshape(-1, len(pairs))
    columns, back = np.unique(visible, axis=0, return_inverse=True)
    linked = _linked(pairs, columns)[back.reshape(-1)]
    shape = np.moveaxis(mask, -1, 0).shape
    return mask & np.moveaxis(linked.reshape(shape), 0, -1)


def _linked(pairs: NDArray[np.int64], visible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell if visible channels [M, C] lead from one end of each channel to the other: [M, C].

    Every terminal takes the lowest number among its neighbours until none changes any more.
    """
    first, second = pairs.T
    n_ends = int(pairs.max(initial=-1)) + 1
    label = np.tile(np.arange(n_ends), (len(visible), 1))
    rows = np.arange(len(visible))[:, None]
    while True:
        low = np.minimum(label[:, first], label[:, second])
        low = np.where(visible, low, n_ends)
        new = label.copy()
        np.minimum.at(new, (rows, first[None]), low)
        np.minimum.at(new, (rows, second[None]), low)
        if np.array_equal(new, label):
            linked: NDArray[np.bool_] = label[:, first] == label[:, second]
            return linked
        label = new
