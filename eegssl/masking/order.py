"""Order patches by random units or one by one; hide the first.

A *unit* is a set of channels (a region, or those that a disc on the head touches), over the whole
window or over a span of patches; a patch comes up with the first unit that covers it.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Order = NDArray[np.int64]
"""[C, N]: when each patch comes up; those of one unit come up together."""

HEAD_RADIUS_CM = 9.5
"""Of the sphere on which distances are measured: a head of 60 cm around. Ours."""

_CENTRES = 40
"""Centres of discs within one radius of any place on the head."""

_MOST_CENTRES = 1000
"""Centres on the whole sphere, however small the discs."""


def random_order(n_channels: int, n_patches: int, rng: np.random.Generator) -> Order:
    """Patches one by one, each as likely as any other, as in LaBraM (ICLR 2024)."""
    return rng.permutation(n_channels * n_patches).reshape(n_channels, n_patches)


def weighted_order(weights: NDArray[np.floating], rng: np.random.Generator) -> Order:
    """Patches one by one, each next one drawn in proportion to ``weights`` [C, N] >= 0.

    Exponential waiting times at these rates come in that order (Efraimidis and Spirakis,
    Information Processing Letters 97, 2006). Patches of weight 0 come last, at random.
    """
    rates = np.maximum(weights.astype(np.float64), np.finfo(np.float64).tiny)
    waits = np.log(rng.standard_exponential(weights.shape)) - np.log(rates)
    order = np.empty(weights.size, dtype=np.int64)
    order[waits.argsort(axis=None)] = np.arange(weights.size)
    return order.reshape(weights.shape)


def whole_order(covers: NDArray[np.bool_], n_patches: int, rng: np.random.Generator) -> Order:
    """Units over the whole window in random order: ``covers`` [C, U] says what each covers.

    Every channel must be covered by some unit. The units that come first are hidden, not those that
    would meet a ratio best: on CHB-MIT only two sets of regions come nearest to 30 %, and some
    channels are in both, others in none.
    """
    rank = rng.permutation(covers.shape[1])
    first = np.where(covers, rank, len(rank)).min(axis=1)
    return np.repeat(first[:, None], n_patches, axis=1)


def hide_whole(
    covers: NDArray[np.bool_],
    n_patches: int,
    n_hidden: int,
    rngs: Sequence[np.random.Generator],
) -> NDArray[np.bool_]:
    """The masks [B, C, N] of ``whole_order`` and ``hide_first`` (not exact), B draws at once."""
    n_channels, n_units = covers.shape
    ranks = np.stack([rng.permutation(n_units) for rng in rngs])
    first = np.where(covers, ranks[:, None], n_units).min(axis=2)
    last = np.sort(first, axis=1)[:, [(n_hidden - 1) // n_patches]]
    before, after = (n_patches * (first < last).sum(1), n_patches * (first <= last).sum(1))
    total = n_channels * n_patches
    fewer = np.where(before > 0, abs(before - n_hidden), total)
    more = np.where(after < total, abs(after - n_hidden), total)
    without_last = fewer < more
    for k in np.flatnonzero((fewer == more) & (before > 0)).tolist():
        without_last[k] = rngs[k].integers(2) == 0
    masks = np.repeat((first <= last - without_last[:, None])[..., None], n_patches, axis=2)
    for k in np.flatnonzero((before == 0) & (after == total)).tolist():  # one unit: it is cut
        order = np.repeat(first[k][:, None], n_patches, axis=1)
        masks[k] = _cut(order, int(last[k, 0]), n_hidden, rngs[k])
    return masks


def span_order(
    covers: NDArray[np.bool_], n_patches: int, span: int, rng: np.random.Generator
) -> Order:
    """Units over ``span`` patches in random order: ``covers`` [C, U] says what each covers.

    Spans begin anywhere and reach over the window's ends, so that all patches of a channel are
    equally often covered. Every channel must be covered by some unit.
    """
    n_units = covers.shape[1]
    starts = n_patches + span - 1
    rank = rng.permutation(n_units * starts).reshape(n_units, starts)
    by_patch = sliding_window_view(rank, span, axis=1).min(axis=-1)
    return np.stack([by_patch[units].min(axis=0) for units in covers])


def discs(
    places: NDArray[np.float32], located: NDArray[np.bool_], radius_cm: float
) -> NDArray[np.bool_]:
    """Channels that each disc on the head touches: bool [C, U], a unit per disc.

    ``places`` [C, 2, 3] on the unit sphere, ``located`` [C, 2]. Distances run along the sphere. A
    derivation is touched if either electrode is: so none that is hidden can be computed from
    those that are visible.

    Discs are centred on an even grid over the whole sphere, so that equally many reach an electrode
    at the rim and one amid others. This is ours; at a ratio of 50 % each channel of the 10-20
    system or the double banana is hidden 45 to 55 % of the time (discs around electrodes hid C3 in
    30 %, P3 in 61 %). Derivations longer than others are hidden more. An electrode that no disc
    touches, where discs are small, gets one of its own.
    """
    radius = min(radius_cm / HEAD_RADIUS_CM, np.pi)
    share = (1 - np.cos(radius)) / 2
    grid = _even_grid(int(np.ceil(min(_CENTRES / share, _MOST_CENTRES))))
    touched = _touched(places, located, grid, radius)
    points, present = places.reshape(-1, 3), located.reshape(-1)
    alone = present & ~(points @ grid.T >= np.cos(radius) - 1e-6).any(axis=1)
    own = _touched(places, located, points[alone], radius)
    return np.concatenate([touched[:, touched.any(axis=0)], own], axis=1)


def _touched(
    places: NDArray[np.float32],
    located: NDArray[np.bool_],
    centres: NDArray[np.floating],
    radius: float,
) -> NDArray[np.bool_]:
    """Channels [C, U] with an electrode within ``radius`` (of arc) of each centre [U, 3]."""
    close = places @ centres.T >= np.cos(radius) - 1e-6
    touched: NDArray[np.bool_] = (close & located[:, :, None]).any(axis=1)
    return touched


@cache
def _even_grid(n: int) -> NDArray[np.float64]:
    """``n`` points [n, 3] spread evenly over the unit sphere, on a golden spiral."""
    height = 1 - (2 * np.arange(n) + 1) / n
    turn = np.pi * (3 - np.sqrt(5)) * np.arange(n)
    level = np.sqrt(1 - height**2)
    return np.stack([level * np.cos(turn), level * np.sin(turn), height], axis=1)


def hide_first(
    order: Order, n_hidden: int, exact: bool, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Hide the patches that come up first, about ``n_hidden`` of them: bool [C, N].

    As many whole units as come nearest to ``n_hidden`` (more or fewer by chance where both are
    equally near), at least one and not all; with ``exact``, or where there is only one unit, the
    last is cut.
    """
    sizes = np.sort(order, axis=None)
    last = sizes[n_hidden - 1] if n_hidden else -1
    before, after = np.searchsorted(sizes, last, "left"), np.searchsorted(sizes, last, "right")
    whole = [int(n) for n in (before, after) if 0 < n < order.size]
    if exact or not whole:
        return _cut(order, last, n_hidden - int(before), rng)
    gaps = [abs(n - n_hidden) for n in whole]
    nearest = [n for n, gap in zip(whole, gaps, strict=True) if gap == min(gaps)]
    choice = nearest[0] if len(nearest) == 1 else rng.choice(nearest)
    return order < last if choice == before else order <= last


def _cut(order: Order, last: int, missing: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Hide all before unit ``last``, and ``missing`` patches of it: moment by moment.

    The first moment is drawn, and the end of the window goes on at its beginning, so that none is
    favoured; of the channels at the last moment some are drawn.
    """
    mask = order < last
    channel, patch = np.nonzero(order == last)
    since = (patch - rng.integers(order.shape[1])) % order.shape[1]
    places = np.argsort(since + rng.random(len(since)))[:missing]
    mask[channel[places], patch[places]] = True
    return mask
