"""One mask for one window: a pure function of settings, regions and (seed, step, sample)."""

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.masking.config import MaskingConfig
from eegssl.masking.random_patches import hide_random
from eegssl.masking.region import hide_regions

# keeps masks apart from other draws with the same (seed, step, sample)
_STREAM = int.from_bytes(b"mask", "big")


def draw_mask(
    config: MaskingConfig,
    regions: NDArray[np.float32],
    n_patches: int,
    *,
    seed: int,
    step: int,
    sample: int,
) -> NDArray[np.bool_]:
    """Draw which patches of a window are hidden: bool [C, N], True = hidden.

    ``regions`` [C, R] is 1 where a channel lies in a region (see ``signal.electrodes.Geometry``).
    Region masking hides whole regions; channels in no region are masked at random. At least one
    patch is hidden and one visible. The realised ratio differs from ``config.ratio`` by at most
    1 / (2 N) + 1 / (C N), for random masking by at most 1 / (C N).

    Raises InputError when C N < 2, where nothing could be both hidden and visible.
    """
    if regions.ndim != 2 or regions.shape[0] * n_patches < 2:
        raise InputError(
            f"a mask needs regions [C, R] and at least 2 patches; got regions of shape "
            f"{regions.shape} and {n_patches} patches per channel: use longer windows"
        )
    rng = np.random.default_rng([seed, step, sample, _STREAM])
    total = regions.shape[0] * n_patches
    n_hidden = min(max(round(config.ratio * total), 1), total - 1)
    mask = _KINDS[config.kind](regions > 0, n_patches, n_hidden, rng)
    return _at_least_one_of_each(mask, rng)


def _random(
    members: NDArray[np.bool_], n_patches: int, n_hidden: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide single patches, whatever region they lie in."""
    return hide_random(members.shape[0], n_patches, n_hidden, rng)


def _region(
    members: NDArray[np.bool_], n_patches: int, n_hidden: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide whole regions, and of the channels in none the same share at random."""
    homeless = ~members.any(axis=1)
    n_homeless = round(n_hidden * float(homeless.mean()))
    mask = hide_regions(members, n_patches, n_hidden - n_homeless, rng)
    mask[homeless] = hide_random(int(homeless.sum()), n_patches, n_homeless, rng)
    return mask


_KINDS = {"random": _random, "region": _region}


def _at_least_one_of_each(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    """Turn one patch over where all or none are hidden (one region only, few patches)."""
    if mask.all() or not mask.any():
        mask.flat[rng.integers(mask.size)] ^= True
    return mask
