"""Hide the first patches of an order, in whole units or exactly."""

import numpy as np
from numpy.typing import NDArray

from eegssl.masking.order import Order


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
