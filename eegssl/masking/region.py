"""Brain-region masking: neurons discharge in clusters, so whole regions are hidden at once.

The idea is EpilepsyFM's (Neural Networks 193:108060, 2025), whose code is not public. Ours: the
regions come in random order, each is hidden with all its channels over the whole window, and the
last one over one contiguous span of patches, so that the ratio is met whatever the montage.
A derivation lies in the regions of both its electrodes and is hidden with either: were it left
visible, it would show half of what is to be predicted.
"""

import numpy as np
from numpy.typing import NDArray


def hide_regions(
    members: NDArray[np.bool_], n_patches: int, n_hidden: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide regions until about ``n_hidden`` patches are: bool [C, N].

    ``members`` [C, R] says which channel lies in which region; a channel without a region stays
    visible. With m channels new in the last region the count is met to m / 2 patches.
    """
    mask = np.zeros((members.shape[0], n_patches), dtype=bool)
    missing = n_hidden
    for region in rng.permutation(np.flatnonzero(members.any(axis=0))):
        fresh = members[:, region] & ~mask.any(axis=1)
        cost = int(fresh.sum()) * n_patches
        if cost <= missing:
            mask[fresh] = True
            missing -= cost
            continue
        mask |= _span(fresh, n_patches, missing, rng)
        break
    return mask


def _span(
    channels: NDArray[np.bool_], n_patches: int, n_hidden: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide ``channels`` over the contiguous span whose size is nearest to ``n_hidden`` patches."""
    length = min(n_patches, int(n_hidden / channels.sum() + 0.5))
    start = int(rng.integers(n_patches - length + 1))
    patches = np.arange(n_patches)
    return channels[:, None] & (patches >= start) & (patches < start + length)
