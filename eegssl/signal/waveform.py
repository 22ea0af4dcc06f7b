"""Sketch a recording's waveform, to recognise the same signal under another name.

Ours, after audio fingerprinting (Wang, ISMIR 2003) and bottom-k sketches (Broder 1997). A trace is
filtered to about 1-12 Hz and described by the intervals between its zero crossings, which depend
on neither scale, polarity nor start time. A run of `RUN` intervals without tiny swings, with
enough different intervals and no repetition is a landmark, and is hashed. The smallest hashes are
the sketch, so two sketches share hashes in proportion to the landmarks that the signals share.

Traces are single channels, recognised under other names, and differences of neighbouring
electrodes, recognised after re-referencing. Not recognised: a recording re-referenced *and*
renamed, one cut to much less than half, one with a low-pass below 15 Hz, and causal filters
against zero-phase ones.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eegssl.signal.channels.electrodes import parse_channel

Hashes = NDArray[np.uint32]
Trace = tuple[int, ...]

HASHES = (128, 128)
"""Smallest hashes kept of channels and of derivations: 1 KB a recording."""
CHANNELS, DERIVATIONS = 5, 4
"""Most traces of either kind: all of a recording's would cost more than they add."""
RUN, DISTINCT = 12, 7
"""Intervals of a landmark, and how many of them must differ: rhythms look alike in all heads."""
PERIODS, LEAST_CHANGE = (2, 4, 6), 1.0
"""Nor may a landmark repeat itself after so many intervals, give or take this mean number of steps:
one spike-and-wave looks like another, also while it slows down."""
STEP_S = 0.015
"""Resolution of the intervals."""
LEAST_SWING = 0.1
"""Smallest swing of a landmark, of its largest: smaller ones come and go with noise."""
SHORT_S, LONG_S = 0.025, 0.065
"""Standard deviations of the two smoothings whose difference is the band."""
LOWEST_RATE_HZ = 60.0
PIECE_S = 1800.0
"""Seconds read at once, to bound the memory; landmarks across a boundary are lost."""

COMMON_MIN, COMMON_SHARE = 6, 0.02
"""Two sketches of one signal share at least so many hashes, and this part of the smaller one."""

NEIGHBOURS = (
    *(("F3", "C3"), ("F4", "C4"), ("P3", "O1"), ("P4", "O2"), ("Fp1", "F7"), ("Fp2", "F8")),
    *(("T7", "P7"), ("T8", "P8"), ("C3", "P3"), ("C4", "P4"), ("Fp1", "F3"), ("Fp2", "F4")),
    *(("F7", "T7"), ("F8", "T8"), ("P7", "O1"), ("P8", "O2"), ("Fz", "Cz"), ("Cz", "Pz")),
)
"""Electrodes whose differences are derivations of common montages, and are in most recordings."""


class Stored(Protocol):
    """A signal [C, T] that is read in pieces; times its scale [C] it is in one unit."""

    scale_uv: NDArray[np.float32]
    shape: tuple[int, int]

    def read(self, channels: Sequence[int], start: int, stop: int) -> NDArray[Any]:
        """Samples ``start:stop`` of these channels, [C, stop - start]."""


def sketch(signal: Stored, channels: Sequence[str], sfreq_hz: float) -> Hashes:
    """Sketch of a recording: sorted, distinct hashes, at most 256.

    A signal of a few seconds, or one without swings, has a small sketch or an empty one.
    """
    down = max(1, int(sfreq_hz // LOWEST_RATE_HZ))
    length = max(1, int(PIECE_S * sfreq_hz))
    single, pairs = _traces(channels)
    used = sorted({k for trace in (*single, *pairs) for k in trace})
    smallest = [np.zeros(0, np.uint32), np.zeros(0, np.uint32)]
    for start in range(0, signal.shape[1], length):
        piece = signal.read(used, start, min(start + length, signal.shape[1]))
        rows = {
            k: _reduced(row, signal.scale_uv[k], down) for k, row in zip(used, piece, strict=True)
        }
        for kind, traces in enumerate((single, pairs)):
            for plus, *minus in traces:
                trace = rows[plus] - rows[minus[0]] if minus else rows[plus]
                hashes = landmarks(trace, sfreq_hz / down)
                smallest[kind] = _smallest(smallest[kind], hashes, HASHES[kind])
    return np.unique(np.concatenate(smallest))


def landmarks(signal: NDArray[np.float32], rate_hz: float) -> Hashes:
    """Hashes of the landmarks of one trace [T], in the order of time."""
    band = _band(signal, rate_hz)
    before = np.flatnonzero(np.diff(band[1:-2] >= 0)) + 1
    if len(before) < RUN + 1:
        return np.zeros(0, np.uint32)
    crossings_s = _crossings(band, before) / rate_hz
    steps = np.minimum(np.diff(crossings_s) / STEP_S, 63).astype(np.uint64)
    swings = np.maximum.reduceat(np.abs(band), before + 1)[:-1]
    distinct = np.bitwise_count(_over_runs(np.bitwise_or, np.uint64(1) << steps, RUN))
    steady = _over_runs(np.minimum, swings, RUN) >= LEAST_SWING * _over_runs(
        np.maximum, swings, RUN
    )
    return _hashed(steps, np.flatnonzero(steady & (distinct >= DISTINCT) & ~repeating(steps)))


def same(n_common: int, size: int, other_size: int) -> bool:
    """Whether two sketches of these sizes with so many hashes in common are of one signal."""
    return n_common >= max(COMMON_MIN, COMMON_SHARE * min(size, other_size))


class Sketches:
    """Sketches of many recordings by id, searchable for those of the same signal."""

    def __init__(self, of: Mapping[str, Hashes]) -> None:
        self._ids = sorted(of)
        self._sizes = [len(of[id_]) for id_ in self._ids]
        owner = np.repeat(np.arange(len(self._ids)), self._sizes)
        hashes = np.concatenate([np.zeros(0, np.uint32), *(of[id_] for id_ in self._ids)])
        order = np.argsort(hashes, kind="stable")
        self._hashes, self._owner = hashes[order], owner[order]

    def pairs(self) -> Iterator[tuple[str, str, int]]:
        """Ids of two recordings of the same signal and their number of hashes in common.

        Each pair once, in the order of the ids. Equal hashes are neighbours in the index, so that
        the time grows with these, not with the number of pairs of recordings.
        """
        first = np.arange(len(self._hashes))
        codes, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for step in range(1, len(self._hashes)):
            first = first[: np.searchsorted(first, len(self._hashes) - step)]
            first = first[self._hashes[first] == self._hashes[first + step]]
            if not len(first):
                break
            pairs = self._owner[first] * len(self._ids) + self._owner[first + step]
            for column, values in zip(
                (codes, counts), np.unique(pairs, return_counts=True), strict=True
            ):
                column.append(values)
        places, which = np.unique(np.concatenate(codes), return_inverse=True)
        shared = np.bincount(which, np.concatenate(counts), len(places)).astype(np.int64)
        for code, n_shared in zip(places.tolist(), shared.tolist(), strict=True):
            one, other = divmod(code, len(self._ids))
            if same(n_shared, self._sizes[one], self._sizes[other]):
                yield self._ids[one], self._ids[other], n_shared

    def like(self, sketch: Hashes) -> dict[str, int]:
        """Ids of recordings of the same signal -> number of hashes in common."""
        first = np.searchsorted(self._hashes, sketch, "left")
        last = np.searchsorted(self._hashes, sketch, "right")
        hits = [self._owner[a:b] for a, b in zip(first, last, strict=True) if b > a]
        if not hits:
            return {}
        owners, counts = np.unique(np.concatenate(hits), return_counts=True)
        return {
            self._ids[k]: n
            for k, n in zip(owners.tolist(), counts.tolist(), strict=True)
            if same(n, self._sizes[k], len(sketch))
        }


def _traces(channels: Sequence[str]) -> tuple[list[Trace], list[Trace]]:
    """Channels to be read as they are, and those that make derivations."""
    place = {name: k for k, name in enumerate(channels)}
    pairs: list[Trace] = []
    for plus, minus in NEIGHBOURS:
        either = place.get(f"{plus}-{minus}", place.get(f"{minus}-{plus}"))
        if either is not None:
            pairs.append((either,))
        elif plus in place and minus in place:
            pairs.append((place[plus], place[minus]))
    pairs = pairs[:DERIVATIONS]
    others = set(range(len(channels))) - {trace[0] for trace in pairs if len(trace) == 1}
    ranked = sorted(others, key=lambda k: _rank(channels[k]))
    return [(k,) for k in ranked[:CHANNELS]], pairs


def _rank(name: str) -> tuple[int, str]:
    """Electrodes in the order of `NEIGHBOURS`, so that any two exports choose much the same."""
    ranking = [electrode for pair in NEIGHBOURS for electrode in pair]
    first = parse_channel(name).electrodes[:1]
    return (ranking.index(first[0]) if first and first[0] in ranking else len(ranking), name)


def _smallest(hashes: Hashes, more: Hashes, n: int) -> Hashes:
    """The ``n`` smallest hashes of both, each once; ``more`` is thinned before it is sorted."""
    enough = 8 * n
    if len(more) > enough:
        more = np.partition(more, enough)[:enough]
    return np.unique(np.concatenate([hashes, more]))[:n]


def _reduced(stored: NDArray[Any], scale: np.float32, down: int) -> NDArray[np.float32]:
    """Means of ``down`` neighbouring samples, scaled."""
    whole = stored[: len(stored) // down * down].astype(np.float32).reshape(-1, down)
    means: NDArray[np.float32] = whole @ np.full(down, scale / down, np.float32)
    return means


def _band(signal: NDArray[np.float32], rate_hz: float) -> NDArray[np.float32]:
    """The difference of two smoothings; what they can't reach at the ends is left out."""
    short = _smoothed(_smoothed(signal, SHORT_S * rate_hz / 2**0.5), SHORT_S * rate_hz / 2**0.5)
    more = (LONG_S**2 - SHORT_S**2) ** 0.5 * rate_hz / 2**0.5
    long = _smoothed(_smoothed(short, more), more)
    cut = (len(short) - len(long)) // 2
    return short[cut : cut + len(long)] - long


def _smoothed(signal: NDArray[np.float32], deviation: float) -> NDArray[np.float32]:
    """Mean over a box of this standard deviation in samples, its two end samples in part."""
    half = int(((12 * deviation**2 + 1) ** 0.5 - 1) / 2)
    n, inner = 2 * half + 1, half * (half + 1) * (2 * half + 1) / 3
    part = (deviation**2 * n - inner) / (2 * ((half + 1) ** 2 - deviation**2))
    if len(signal) < n + 2:
        return signal[:0]
    ends = signal[: -n - 1] + signal[n + 1 :]
    ends *= np.float32(part)
    ends += _over_runs(np.add, signal, n)[1:-1]
    ends *= np.float32(1 / (n + 2 * part))
    return ends


def _over_runs(join: np.ufunc, values: NDArray[Any], n: int) -> NDArray[Any]:
    """``join`` over each run of ``n`` neighbours, by halves."""
    if n == 1:
        return values
    half = _over_runs(join, values, n // 2)
    both: NDArray[Any] = join(half[: len(half) - n // 2], half[n // 2 :])
    return join(both[:-1], values[n - 1 :]) if n % 2 else both


def _crossings(band: NDArray[np.float32], before: NDArray[np.int64]) -> NDArray[np.float64]:
    """Zeros of the cubic through four samples, in samples; ``before`` is the last one before.

    Starts on the chord and takes two steps of its slope.
    """
    a, b, c, d = (band[before + k] for k in (-1, 0, 1, 2))
    chord = b - c
    t = b / chord
    for _ in range(2):
        cubic = t * (t - 1) * ((t + 1) * d - (t - 2) * a) / 6
        cubic += (t + 1) * (t - 2) * ((t - 1) * b - t * c) / 2
        t = np.clip(t + cubic / chord, 0, 1)
    return np.asarray(before + t, np.float64)


def repeating(steps: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Mark runs of `RUN` steps that are nearly periodic, as those of spike-and-wave."""
    signed = steps.astype(np.int64)
    periodic = np.zeros(len(steps) - RUN + 1, np.bool_)
    for period in PERIODS:
        change = np.abs(signed[period:] - signed[:-period])
        periodic |= _over_runs(np.add, change, RUN - period) <= LEAST_CHANGE * (RUN - period)
    return periodic


def _hashed(steps: NDArray[np.uint64], starts: NDArray[np.int64]) -> Hashes:
    """32 bits of each run of steps (a multiplicative hash, as in splitmix64)."""
    value = np.zeros(len(starts), np.uint64)
    for k in range(RUN):
        value = (value ^ steps[starts + k]) * np.uint64(0x9E3779B97F4A7C15)
        value ^= value >> np.uint64(29)
    return (value >> np.uint64(32)).astype(np.uint32)
