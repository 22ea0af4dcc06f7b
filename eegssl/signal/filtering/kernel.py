"""Apply a zero-phase FIR filter and resample, block by block.

Overlap-save: the spectrum of a block is multiplied by the filter's real response and transformed
back at the new rate (bins cut off, or zeros added). Resampling a
whole recording by FFT gives the same, because the filter's stop band begins below the lower
Nyquist frequency. float32 throughout; offsets are removed exactly before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import log2
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from numpy.lib.stride_tricks import as_strided

Array = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Samples = npt.NDArray[np.integer] | npt.NDArray[np.floating]

BATCH = 4
"""Blocks per FFT call: SciPy transforms four float32 rows at once, more than twice as fast."""

SHORTEST_BLOCK, LARGEST_BLOCK = 60_000, 140_000
"""Ours, in samples: longer transforms fall out of the processor's cache; in shorter ones, what the
filter leaves of the lower Nyquist frequency (.5 %) is resampled less well than in a recording as a
whole.
"""

SINGLE_ROW_COST = 2.2
"""Time of a row transformed alone, in units of its share of a batch [measured]."""

MARGIN_S = 0.5
"""Ours: samples beyond the filter's reach, kept for the tail of the ideal resampler."""


def rate_ratio(sfreq_hz: float, new_hz: float, largest_term: int) -> tuple[int, int]:
    """New over old rate as (up, down), in lowest terms and of at most ``largest_term`` each.

    Exact for any rate that is such a fraction; else the nearest one, relatively at most
    1 / (2 * largest_term) away.
    """
    if new_hz > sfreq_hz:
        down, up = rate_ratio(new_hz, sfreq_hz, largest_term)
        return up, down
    ratio = Fraction(new_hz / sfreq_hz).limit_denominator(largest_term)
    return ratio.numerator, ratio.denominator


@dataclass(frozen=True, eq=False)
class BlockFilter:
    """Symmetric ``taps`` (odd number, at the old rate) and a change of rate by ``up / down``.

    The response must vanish from the lower of the two Nyquist frequencies on, and at 0 Hz.
    """

    taps: Array
    up: int
    down: int
    margin: int

    @property
    def reach(self) -> int:
        """Samples on either side that an output depends on, a multiple of ``down``."""
        return -(-(len(self.taps) // 2 + self.margin) // self.down) * self.down

    def apply(self, signal: Samples, gain: float, out: Float32) -> None:
        """Filter one channel [T] without delay and fill ``out`` at the new rate, times ``gain``.

        Sample j of ``out`` lies at j / (new rate) after the first. Ends are mirrored as by mne.
        """
        k, n_blocks = _blocks(self.reach, self.up, self.down, len(out))
        n, m = k * self.down, k * self.up
        cut = self.reach * self.up // self.down
        hop = n - 2 * self.reach
        extended = _extend(signal, self.reach, n + (n_blocks - 1) * hop)
        step = extended.itemsize
        frames = as_strided(extended, (n_blocks, n), (hop * step, step), writeable=False)
        response = _response(self, k) * np.float32(gain)
        start = 0
        for batch in _batches(frames):
            spectrum = scipy.fft.rfft(batch, axis=1)
            passed = spectrum.view(np.float32)[:, : len(response)]
            passed *= response
            for row in scipy.fft.irfft(spectrum[:, : len(response) // 2], m, axis=1):
                part = out[start : start + m - 2 * cut]
                part[:] = row[cut : cut + len(part)]
                start += len(part)


def _batches(frames: npt.NDArray[Any]) -> Iterator[Float32]:
    """A few blocks at a time in float32; of wider types, without each block's slope.

    A symmetric filter that stops 0 Hz removes a straight line; float32 would lose digits to it.
    """
    for start in range(0, len(frames), BATCH):
        batch = frames[start : start + BATCH]
        if batch.dtype != np.float32:
            line = np.linspace(batch[:, 0], batch[:, -1], batch.shape[1], axis=1)
            batch = np.subtract(batch, line, out=line).astype(np.float32)
        yield batch


@lru_cache(maxsize=256)
def _blocks(reach: int, up: int, down: int, n_out: int) -> tuple[int, int]:
    """The cheapest tiling of ``n_out`` samples: (k, number of blocks of k * down samples)."""
    whole = n_out // up + 2 * reach // down
    smallest = max(2 * reach // down + 1, min(whole, SHORTEST_BLOCK // down))
    sizes = _smooth_even(smallest, max(LARGEST_BLOCK // down, 2 * smallest))
    plans = []
    for k in sizes:
        n_blocks = max(-(-n_out // (k * up - 2 * reach * up // down)), 1)
        if n_blocks > 1:
            n_blocks += -n_blocks % BATCH
        rows = n_blocks if n_blocks > 1 else SINGLE_ROW_COST
        plans.append((rows * k * log2(k * down), k, n_blocks))
    return min(plans)[1:]


def _smooth_even(low: int, high: int) -> list[int]:
    """Even numbers without prime factors above 5, from ``low`` to ``high`` and one beyond."""
    powers = [2 * 3**i * 5**j for i in range(14) for j in range(10) if 2 * 3**i * 5**j <= 2 * high]
    smooth = {p << i for p in powers for i in range(high.bit_length() + 1)}
    inside = sorted(k for k in smooth if low <= k <= high)
    return inside or [min(k for k in smooth if k >= low)]


@lru_cache(maxsize=32)
def _response(block: BlockFilter, k: int) -> Float32:
    """The real response at the bins that both rates share, each twice: [2 * bins].

    Twice, because a complex number is scaled as two real ones. The last bin, at the lower Nyquist
    frequency, stands for its mirror image too: doubled or halved, as in mne and SciPy.
    """
    n, m = k * block.down, k * block.up
    half = len(block.taps) // 2
    centred = np.zeros(n)
    centred[: half + 1] = block.taps[half:]
    centred[n - half :] = block.taps[:half]
    _keep_freed_memory()
    response = scipy.fft.rfft(centred).real[: min(n, m) // 2 + 1] * (m / n)
    if n != m:
        response[-1] *= 2 if n > m else 0.5
    return np.repeat(response, 2).astype(np.float32)


def _keep_freed_memory() -> None:
    """Have the C library reuse freed megabytes in place of returning them to the system.

    glibc raises its limit once a larger block was freed; it halves the time of `apply`, whose
    working memory would otherwise be mapped anew for each block. Elsewhere this does nothing.
    """
    np.empty(2**25 - 2**16, np.uint8)


def _extend(signal: Samples, before: int, length: int) -> npt.NDArray[Any]:
    """The signal [T] less its offset, with mirrored ends: [length], as mne's ``reflect_limited``.

    Odd about the first and last sample, zeros beyond one length. int16 becomes float32, without
    rounding since its offset is taken as a whole number; anything wider becomes float64.
    """
    n = len(signal)
    offset = signal[:: 1 + n // 4096].mean(dtype=np.float64)
    if np.issubdtype(signal.dtype, np.integer):
        offset = np.rint(offset)
    extended: npt.NDArray[Any] = np.empty(
        length, np.float32 if signal.dtype == np.int16 else np.float64
    )
    x = extended[before : before + n]
    x[:] = signal
    x -= extended.dtype.type(offset)
    mirrored = min(before, n - 1)
    extended[: before - mirrored] = 0.0
    np.subtract(2 * x[0], x[mirrored:0:-1], out=extended[before - mirrored : before])
    after = extended[before + n :]
    mirrored = min(len(after), n - 1)
    np.subtract(2 * x[-1], x[-2 : -mirrored - 2 : -1], out=after[:mirrored])
    after[mirrored:] = 0.0
    return extended
