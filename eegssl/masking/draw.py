"""Draw masks from settings, geometry and (seed, step, sample).

EpilepsyFM (Neural Networks 193:108060, 2025) hides brain regions; its code is not public, so the
procedure is ours: regions in random order are hidden with all their channels. A derivation lies
in the regions of both its electrodes and is hidden with either: visible, it would show half of
what is to be predicted.
"""

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.masking.config import MaskingConfig
from eegssl.masking.order import (
    discs,
    hide_first,
    random_order,
    span_order,
    weighted_order,
    whole_order,
)
from eegssl.signal.channels.electrodes import Geometry
from eegssl.signal.channels.regions import EIGHT, membership, region_set

# keeps masks apart from other draws with the same (seed, step, sample)
_STREAM = int.from_bytes(b"mask", "big")


def draw_mask(
    config: MaskingConfig,
    geometry: Geometry,
    n_patches: int,
    *,
    seed: int,
    step: int,
    sample: int,
    weights: NDArray[np.floating] | None = None,
    patch_s: float = 1.0,
) -> NDArray[np.bool_]:
    """Draw which patches of a window are hidden: bool [C, N], True = hidden.

    ``geometry`` of the C channels; ``weights`` [C, N] say how likely each patch is hidden first
    (kind ``entropy``); ``patch_s`` is the length of a patch. Channels that no region or disc can
    reach are masked patch by patch at the same ratio. At least one patch is hidden and one visible;
    ``MaskingConfig.exact`` says how nearly the ratio is met.

    Raises InputError when C N < 2, where nothing could be both hidden and visible, and when
    weights are missing, of another shape, negative or not finite.
    """
    n_channels = len(geometry.located)
    total = n_channels * n_patches
    if total < 2:
        raise InputError(
            f"a mask needs at least 2 patches; got {n_channels} channels with {n_patches} patches "
            "each: use longer windows"
        )
    rng = np.random.default_rng([seed, step, sample, _STREAM])
    n_hidden = min(max(round(config.ratio * total), 1), total - 1)
    if config.kind == "random":
        order = random_order(n_channels, n_patches, rng)
    elif config.kind == "entropy":
        order = weighted_order(_checked(weights, (n_channels, n_patches)), rng)
    else:
        return _by_units(config, geometry, n_patches, n_hidden, patch_s, rng)
    return hide_first(order, n_hidden, True, rng)


def draw_masks(
    config: MaskingConfig,
    geometry: Geometry,
    n_patches: int,
    *,
    seed: int,
    step: int,
    samples: NDArray[np.int64],
    weights: NDArray[np.floating] | None = None,
    patch_s: float = 1.0,
) -> NDArray[np.bool_]:
    """The masks of a batch [B, C, N]: row i is that of ``samples[i]``, see ``draw_mask``.

    The fields of ``geometry`` and ``weights`` have a first axis B.
    """
    rows = [Geometry(*fields) for fields in zip(*geometry, strict=True)]
    each = weights if weights is not None else [None] * len(rows)
    masks = [
        draw_mask(
            config, row, n_patches, seed=seed, step=step, sample=k, weights=w, patch_s=patch_s
        )
        for row, k, w in zip(rows, samples.tolist(), each, strict=True)
    ]
    return np.stack(masks)


def _by_units(
    config: MaskingConfig,
    geometry: Geometry,
    n_patches: int,
    n_hidden: int,
    patch_s: float,
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Hide regions or discs, and of the channels that none reaches the same share at random."""
    covers = _covers(config, geometry)
    reached = covers.any(axis=1)
    n_rest = round(n_hidden * float((~reached).mean()))
    mask = np.zeros((len(covers), n_patches), dtype=bool)
    if reached.any():
        n_units = n_hidden - n_rest
        if config.kind == "region":
            order = whole_order(covers[reached], n_patches, rng)
        else:
            span = min(max(round(config.span_s / patch_s), 1), n_patches)
            order = span_order(covers[reached], n_patches, span, rng)
        mask[reached] = hide_first(order, n_units, config.exact, rng)
    if not reached.all():
        order = random_order(int((~reached).sum()), n_patches, rng)
        mask[~reached] = hide_first(order, n_rest, True, rng)
    return mask


def _covers(config: MaskingConfig, geometry: Geometry) -> NDArray[np.bool_]:
    """Channels that each region, or each disc on the head, covers: [C, U]."""
    if config.kind == "block":
        return discs(geometry.positions, geometry.located, config.radius_cm)
    if config.regions == EIGHT:
        return geometry.regions > 0
    return membership(geometry.positions, geometry.located, region_set(config.regions))


def _checked(weights: NDArray[np.floating] | None, shape: tuple[int, int]) -> NDArray[np.floating]:
    if weights is None:
        raise InputError(
            "got no weights; expected [C, N] for masks of kind entropy (masking.entropy)"
        )
    if weights.shape != shape or not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise InputError(
            f"expected finite weights >= 0 of shape {shape} [C, N]; got shape {weights.shape} "
            f"from {np.min(weights, initial=np.inf)} to {np.max(weights, initial=-np.inf)}"
        )
    return weights
