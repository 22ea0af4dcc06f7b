"""Order patches by random units or one by one; hide the first.

A *unit* is a set of channels (a region, or what a disc on the head touches), over the whole window
or over a span of patches; a patch comes up with the first unit that covers it.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Order = NDArray[np.int64]
"""[C, N]: when each patch comes up; those of one unit come up together."""

HEAD_RADIUS_CM = 9.5
"""Of the sphere on which distances are measured: a head of 60 cm around. Ours."""


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
    late = rank.size
    return np.where(covers[:, :, None], by_patch, late).min(axis=1)


def discs(
    places: NDArray[np.float32], located: NDArray[np.bool_], radius_cm: float
) -> NDArray[np.bool_]:
    """Channels that touch the disc around each electrode: bool [C, U], a unit per electrode.

    ``places`` [C, 2, 3] on the unit sphere, ``located`` [C, 2]. Distances run along the sphere. A
    derivation is touched if either electrode is: so none that is hidden can be computed from
    those that are visible.
    """
    present = located.reshape(-1)
    points = places.reshape(-1, 3)
    close = points @ points[present].T >= np.cos(min(radius_cm / HEAD_RADIUS_CM, np.pi)) - 1e-6
    touched: NDArray[np.bool_] = (close & present[:, None]).reshape(len(places), 2, -1).any(axis=1)
    return touched


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
    return order < last if rng.choice(nearest) == before else order <= last


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
