"""Find electrode pops: sudden steps of one channel that persist.

The rule is ours. A step between neighbouring samples counts as a pop when

- it is larger than a floor in µV/ms, and than so many times the channel's median step;
- it is *alone*: from 12 to 60 ms away to both sides no step reaches a third of it, so that neither
  muscle nor the flank of a spike or of a seizure's large waves is taken for one;
- it *persists*: the means of the 30 ms that begin 12 ms before and after it differ, in its
  direction, by 60 % of the signal's range in between.

Per window, its largest step is looked at.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

GUARD_S = 0.012
AROUND_S = 0.060
ALONE = 3.0
LEVEL_S = 0.030
STAYS = 0.6
_SAMPLE = 1 << 14

Samples = npt.NDArray[Any]
Places = npt.NDArray[np.intp]


def pops(
    raw: Samples, step: Samples, length: int, sfreq_hz: float, floor: float, times: float
) -> Places:
    """The windows of ``length`` samples, by number, that hold a pop.

    ``raw`` and ``step`` [T]: the samples, and each minus the one before; ``floor`` in their unit.
    """
    least = max(floor, times * _median_step(step))
    at = _largest(step, length)
    at = at[np.abs(step[at].astype(np.float64)) > least]
    if not at.size:
        return at
    guard = max(2, round(GUARD_S * sfreq_hz))
    alone = _alone(step, at, guard, round(AROUND_S * sfreq_hz))
    stays = _stays(raw, step, at, guard, max(1, round(LEVEL_S * sfreq_hz)))
    return at[alone & stays] // length


def _median_step(step: Samples) -> float:
    """The median of the absolute steps that aren't zero, of up to 16,384 spread over the signal."""
    sizes = np.abs(step[1 :: max(1, step.size // _SAMPLE)].astype(np.float64))
    sizes = sizes[sizes > 0]
    return float(np.median(sizes)) if sizes.size else 0.0


def _largest(step: Samples, length: int) -> Places:
    """Place of the largest step of each window."""
    whole = step.size // length
    blocks = step[: whole * length].reshape(whole, length)
    up, down = blocks.argmax(axis=1), blocks.argmin(axis=1)
    rows = np.arange(whole)
    rising = blocks[rows, up].astype(np.float64) >= -blocks[rows, down].astype(np.float64)
    at = np.where(rising, up, down) + rows * length
    rest = step[whole * length :]
    if rest.size:
        last = int(np.abs(rest.astype(np.float64)).argmax()) + whole * length
        at = np.append(at, last)
    return at


def _alone(step: Samples, at: Places, guard: int, around: int) -> npt.NDArray[np.bool_]:
    """Whether no step nearby, but beyond the guard, reaches a third of each."""
    distances = np.arange(guard + 1, max(around, guard + 2) + 1)
    places = at[:, None] + np.concatenate([-distances[::-1], distances])
    inside = (places > 0) & (places < step.size)
    near = np.abs(step[places.clip(0, step.size - 1)].astype(np.float64)) * inside
    alone: npt.NDArray[np.bool_] = ALONE * near.max(axis=1) < np.abs(step[at].astype(np.float64))
    return alone


def _stays(
    raw: Samples, step: Samples, at: Places, guard: int, level: int
) -> npt.NDArray[np.bool_]:
    """Whether the levels before and after each step differ by much of the range in between."""
    distances = np.arange(guard, guard + level)
    after = raw[np.minimum(at[:, None] + distances, raw.size - 1)].mean(axis=1)
    before = raw[np.maximum(at[:, None] - 1 - distances, 0)].mean(axis=1)
    between = at[:, None] + np.arange(-guard - 1, guard + 1)
    values = raw[between.clip(0, raw.size - 1)].astype(np.float64)
    stays: npt.NDArray[np.bool_] = (after - before) * np.sign(step[at]) >= STAYS * np.ptp(
        values, axis=1
    )
    return stays
