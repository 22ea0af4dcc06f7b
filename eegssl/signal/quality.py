"""Flag windows of a raw channel that are not usable EEG.

Windows are flagged as flat, saturated, not finite, dominated by mains hum, or with the steps of a
loose electrode. Amplitude alone flags nothing: that would remove seizures. All limits are ours.
Flags remove nothing; a channel is left out only if it is flat, or not finite, as a whole.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from eegssl.signal.config import QualityConfig
from eegssl.signal.pops import pops

FLAGS = {"flat": 1, "saturated": 2, "non_finite": 4, "line_noise": 8, "pop": 16}
"""The bit of each flag."""

FLAT_SHARE = 0.99
RUN = 3
HELD_S = 0.1
CROWDED = 5
"""A channel's own extreme counts as a limit if it is held this long in all, and taken this many
times as often as the value next to it: the peak of a slow wave is held too, but 2.4 times."""

_BLOCK = 1024

Samples = npt.NDArray[Any]
Flags = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ChannelReport:
    """One channel: ``flat`` and ``non_finite`` (some of it) as a whole, and by window.

    ``saturated_share`` is the share of samples in runs at a limit, 0 for flat channels; ``windows``
    uint8 [W] holds the bits of `FLAGS`.
    """

    flat: bool
    non_finite: bool
    saturated_share: float
    windows: Flags


def examine(
    signal: Samples,
    sfreq_hz: float,
    line_hz: float | None,
    *,
    config: QualityConfig,
    gain_uv: float,
    limits: tuple[float, float] | None = None,
) -> ChannelReport:
    """Judge one raw channel [T], in integers as stored (``gain_uv`` µV a step) or floats.

    Windows follow each other, W = ceil(T / n) of n = round(window_s · sfreq_hz) samples; the last
    may be shorter. A window (or channel) is *flat* if 99 % of its samples repeat the one before;
    *saturated* if a run of three or more lies at one of the header's digital ``limits``, or at an
    extreme of the channel that is a limit too (`CROWDED`); *line noise* if ``line_share`` of its
    power about its linear trend lies within a window's resolution (1 Hz for 1 s) of ``line_hz``;
    for *pop* see `eegssl.signal.pops`. A window that isn't wholly finite has that flag alone.
    """
    length = max(1, round(config.window_s * sfreq_hz))
    finite = _finite(signal)
    raw = signal if finite is None else np.where(finite, signal, signal.dtype.type(0))
    step = _steps(raw)
    if finite is not None:
        step[1:][~(finite[1:] & finite[:-1])] = 0
    flat = int(np.count_nonzero(step[1:] == 0)) >= FLAT_SHARE * (step.size - 1)
    held = _held(raw, None if flat else HELD_S * sfreq_hz, limits)
    windows = np.zeros(-(-raw.size // length), dtype=np.uint8)
    windows[_flat(step, length)] |= FLAGS["flat"]
    windows[held // length] |= FLAGS["saturated"]
    if line_hz is not None and line_hz < sfreq_hz / 2:
        hum = _hum_share(raw, length, line_hz / sfreq_hz) >= config.line_share
        windows[hum] |= FLAGS["line_noise"]
    floor = config.pop_uv_per_ms * 1e3 / sfreq_hz / abs(gain_uv)
    windows[pops(raw, step, length, sfreq_hz, floor, config.pop_times)] |= FLAGS["pop"]
    if finite is not None:
        windows[np.flatnonzero(~finite) // length] = FLAGS["non_finite"]
    share = 0.0 if flat or not raw.size else held.size / raw.size
    return ChannelReport(flat, finite is not None, share, windows)


def is_flat(signal: Samples) -> bool:
    """Whether a raw channel [T] is flat as a whole, as `examine` says."""
    repeats = np.count_nonzero(signal[1:] == signal[:-1])
    return int(repeats) >= FLAT_SHARE * (signal.size - 1)


def channel_summary(flags: Flags) -> dict[str, list[float]]:
    """Name of each flag -> the share of windows that have it, for each channel of [C, W]."""
    n_windows = max(1, flags.shape[1])
    return {
        name: (np.count_nonzero(flags & bit, axis=1) / n_windows).tolist()
        for name, bit in FLAGS.items()
    }


def _finite(signal: Samples) -> npt.NDArray[np.bool_] | None:
    """Mask of finite samples [T]; None where all are."""
    if signal.dtype.kind != "f":
        return None
    finite: npt.NDArray[np.bool_] = np.isfinite(signal)
    return None if finite.all() else finite


def _steps(raw: Samples) -> Samples:
    """Each sample minus the one before, [T] (0 for the first), in a type that can hold it."""
    dtype = raw.dtype
    if dtype.kind in "iu" and raw.size:
        reach = int(raw.max()) - int(raw.min())
        wide = (t for t in (np.int16, np.int32, np.int64) if reach <= np.iinfo(t).max)
        dtype = np.dtype(next(wide))
    step = np.zeros(raw.size, dtype=dtype)
    np.subtract(raw[1:], raw[:-1], out=step[1:], dtype=dtype, casting="unsafe")
    return step


def _blocks(values: Samples, length: int) -> Iterator[Samples]:
    """The values as blocks of whole windows [up to 1024, length], and the rest as one window."""
    whole = values.size // length * length
    for start in range(0, whole, _BLOCK * length):
        yield values[start : min(whole, start + _BLOCK * length)].reshape(-1, length)
    if whole < values.size:
        yield values[whole:].reshape(1, -1)


def _flat(step: Samples, length: int) -> npt.NDArray[np.bool_]:
    """Whether 99 % of each window repeat the sample before, [W]."""
    shares = [(b == 0).sum(axis=1, dtype=np.int32) / b.shape[1] for b in _blocks(step, length)]
    return np.concatenate([np.zeros(0), *shares]) >= FLAT_SHARE


def _held(
    raw: Samples, least: float | None, limits: tuple[float, float] | None
) -> npt.NDArray[np.intp]:
    """Samples in runs at a limit; own extremes need ``least`` samples, None leaves them out."""
    if raw.size < RUN:
        return np.zeros(0, dtype=np.intp)
    low, high = raw.min(), raw.max()
    runs_held = [_runs(raw, limit) for limit in limits or () if low == limit or high == limit]
    if least is not None:
        extremes = [extreme for extreme in (low, high) if extreme not in (limits or ())]
        runs = {extreme: _runs(raw, extreme) for extreme in extremes}
        runs_held += [r for x, r in runs.items() if r.size >= max(RUN, least) and _crowded(raw, x)]
    return np.sort(np.concatenate([np.zeros(0, dtype=np.intp), *runs_held]))


def _crowded(raw: Samples, extreme: float) -> bool:
    """Whether an extreme is taken `CROWDED` times as often as the value next to it."""
    others = raw[raw != extreme]
    if not others.size:
        return True
    beside = others.min() if extreme < others[0] else others.max()
    return bool(raw.size - others.size >= CROWDED * np.count_nonzero(others == beside))


def _runs(raw: Samples, value: float) -> npt.NDArray[np.intp]:
    """Indices of samples in runs of `RUN` or more at a value."""
    at = np.flatnonzero(raw == value)
    starts = np.flatnonzero(at[RUN - 1 :] - at[: 1 - RUN] == RUN - 1)
    return at[np.unique(starts[:, None] + np.arange(RUN))]


def _hum_share(raw: Samples, length: int, cycles: float) -> npt.NDArray[np.float64]:
    """Share of each window's power about its trend that a sine of so many cycles a sample holds.

    [W], 0 where the window is constant, or a rest of less than half a window. A least-squares fit
    of constant, trend, cosine and sine.
    """
    shares = [np.zeros(0)]
    for block in _blocks(raw, length):
        if 2 * block.shape[1] < length:
            shares.append(np.zeros(1))
            continue
        basis = _basis(block.shape[1], cycles)
        values = _centred(block)
        part = (values @ basis).astype(np.float64) ** 2
        total = np.vecdot(values, values).astype(np.float64) - part[:, :2].sum(axis=1)
        noise = 1e-6 * part[:, :2].sum(axis=1)  # what float32 leaves of a trend
        share = part[:, 2:].sum(axis=1) / np.maximum(total, np.finfo(np.float64).tiny)
        shares.append(np.where(total > noise, share, 0.0))
    return np.concatenate(shares)


def _centred(block: Samples) -> npt.NDArray[np.float32]:
    """Windows about their first samples, so that float32 is exact for integers of 24 bits."""
    if block.dtype.kind == "f":
        return (block - block[:, :1]).astype(np.float32)
    values = block.astype(np.float32)
    values -= values[:, :1]
    return values


def _basis(length: int, cycles: float) -> npt.NDArray[np.float32]:
    """Orthonormal constant, trend, and the rest of cosine and sine, float32 [length, up to 4]."""
    at = np.arange(length)
    angle = 2 * math.pi * cycles * at
    columns = np.stack([np.ones(length), at - at.mean(), np.cos(angle), np.sin(angle)], axis=1)
    return np.linalg.qr(columns)[0].astype(np.float32)
