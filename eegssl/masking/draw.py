"""Draw masks from settings, geometry and (seed, step, sample).

EpilepsyFM (Neural Networks 193:108060, 2025) hides brain regions; its code is not public, so the
procedure is ours: regions in random order are hidden with all their channels. A derivation lies
in the regions of both its electrodes and is hidden with either: visible, it would show half of
what is to be predicted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.masking.config import MIXED, MaskingConfig
from eegssl.masking.order import (
    discs,
    hide_first,
    hide_whole,
    random_order,
    span_order,
    weighted_order,
    whole_order,
)
from eegssl.masking.seeded_generators import generators_of
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
    rng = np.random.default_rng([seed, step, sample, _STREAM])
    plan = _plan(_one_of(_kinds(config), rng), geometry, n_patches, patch_s)
    return _drawn(plan, rng, weights)


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

    The fields of ``geometry`` and ``weights`` have a first axis B. What follows from the geometry
    is worked out once for windows of the same.
    """
    rngs = generators_of((seed, step), samples, _STREAM)
    kinds = _kinds(config)
    configs = [_one_of(kinds, rng) for rng in rngs]
    alike: dict[tuple[str, bytes], list[int]] = {}
    for k, key in enumerate(_keys(geometry)):
        alike.setdefault((configs[k].kind, key), []).append(k)
    masks = np.empty((*geometry.located.shape[:2], n_patches), dtype=bool)
    for places in alike.values():
        first = Geometry(*(field[places[0]] for field in geometry))
        plan = _plan(configs[places[0]], first, n_patches, patch_s)
        if plan.config.kind == "region" and plan.reached.all() and not config.exact:
            masks[places] = hide_whole(
                plan.covers, n_patches, plan.n_hidden, [rngs[k] for k in places]
            )
            continue
        for k in places:
            masks[k] = _drawn(plan, rngs[k], None if weights is None else weights[k])
    return masks


def _keys(geometry: Geometry) -> list[bytes]:
    """A key for each of B windows, equal where their channels have the same places."""
    if all((field == field[:1]).all() for field in geometry):  # as of most batches, sooner known
        return [b""] * len(geometry.located)
    return [b"".join(field.tobytes() for field in fields) for fields in zip(*geometry, strict=True)]


def _kinds(config: MaskingConfig) -> list[MaskingConfig]:
    """The settings of each kind that a window may get."""
    if config.kind != "mixed":
        return [config]
    return [config.model_copy(update={"kind": kind}) for kind in MIXED]


def _one_of(kinds: list[MaskingConfig], rng: np.random.Generator) -> MaskingConfig:
    """One of several kinds; nothing is drawn where there is one."""
    return kinds[rng.integers(len(kinds))] if len(kinds) > 1 else kinds[0]


@dataclass(frozen=True)
class _Plan:
    """What the masks of windows with the same channels have in common."""

    config: MaskingConfig
    n_patches: int
    n_hidden: int
    """Of all patches."""
    span: int
    """Patches of a block."""
    covers: NDArray[np.bool_]
    """[C, U], whether a region or disc covers a channel; without units where there are none."""
    reached: NDArray[np.bool_]
    """[C], whether any does."""


def _plan(config: MaskingConfig, geometry: Geometry, n_patches: int, patch_s: float) -> _Plan:
    n_channels = len(geometry.located)
    total = n_channels * n_patches
    if total < 2:
        raise InputError(
            f"a mask needs at least 2 patches; got {n_channels} channels with {n_patches} patches "
            "each: use longer windows"
        )
    n_hidden = min(max(round(config.ratio * total), 1), total - 1)
    span = min(max(round(config.span_s / patch_s), 1), n_patches)
    covers = _covers(config, geometry)
    reached = np.asarray(covers.any(axis=1))
    return _Plan(config, n_patches, n_hidden, span, covers, reached)


def _drawn(
    plan: _Plan, rng: np.random.Generator, weights: NDArray[np.floating] | None
) -> NDArray[np.bool_]:
    """One mask [C, N]: regions or discs, and of channels that none reaches as many at random."""
    config, reached, shape = plan.config, plan.reached, (len(plan.reached), plan.n_patches)
    if config.kind == "random":
        return hide_first(random_order(*shape, rng), plan.n_hidden, True, rng)
    if config.kind == "entropy":
        return hide_first(weighted_order(_checked(weights, shape), rng), plan.n_hidden, True, rng)
    n_rest = round(plan.n_hidden * float((~reached).mean()))
    mask = np.zeros(shape, dtype=bool)
    if reached.any():
        covers, n_patches = plan.covers[reached], plan.n_patches
        if config.kind == "region":
            order = whole_order(covers, n_patches, rng)
        else:
            order = span_order(covers, n_patches, plan.span, rng)
        mask[reached] = hide_first(order, plan.n_hidden - n_rest, config.exact, rng)
    if not reached.all():
        order = random_order(int((~reached).sum()), plan.n_patches, rng)
        mask[~reached] = hide_first(order, n_rest, True, rng)
    return mask


def _covers(config: MaskingConfig, geometry: Geometry) -> NDArray[np.bool_]:
    """Channels that each region, or each disc on the head, covers: [C, U]."""
    if config.kind in ("random", "entropy"):
        return np.zeros((len(geometry.located), 0), dtype=bool)
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
