"""Check arrays of EEG from users: shape, finite samples, size."""

from collections.abc import Sequence
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.signal.amplitude import LARGEST_UV, SMALLEST_UV, spread_uv

_NAMED = 5
_V = 1e-6


def require_number_of_hz(sfreq_hz: object) -> None:
    """Raise InputError for a rate that is no number."""
    if isinstance(sfreq_hz, bool) or not isinstance(sfreq_hz, Real):
        raise InputError(f"got a rate of type {type(sfreq_hz).__name__}; expected Hz as a number")


def require_texts(names: Sequence[object]) -> None:
    """Raise InputError where a name of a channel is no text."""
    types = [type(name).__name__ for name in names if not isinstance(name, str)]
    if types:
        raise InputError(
            f"got {len(types)} of {len(names)} channel names of type {types[0]}; expected text "
            "such as 'C3'" + " (of bytes: name.decode())" * ("bytes" in types[0])
        )


def require_distinct(channels: Sequence[str]) -> None:
    """Raise InputError where two rows have one name."""
    twice = sorted({name for name in channels if channels.count(name) > 1})
    if twice:
        raise InputError(f"got {', '.join(twice[:_NAMED])} twice; expected a row for each channel")


def require_rows(signal: NDArray[np.generic], n_names: int) -> None:
    """Raise InputError unless an array is [C, T] of numbers, with a name for each row."""
    if signal.ndim != 2:
        raise InputError(
            f"got an array of {signal.ndim} dimension(s), {signal.shape}; expected [channels, "
            "samples]: a single channel as signal[None], of a batch one window at a time"
        )
    if len(signal) != n_names:
        other = " (is it [samples, channels]? then give signal.T)"
        raise InputError(
            f"got {len(signal)} rows and {n_names} channel names; expected a name for each row"
            + other * (signal.shape[1] == n_names)
        )
    if not n_names:
        raise InputError("got no channels; expected one at least")
    if np.ma.is_masked(signal):
        raise InputError("got a masked array, whose mask would be lost; cut the signal there")
    if signal.dtype.kind not in "fiu":
        raise InputError(f"got samples of type {signal.dtype}; expected real numbers, in µV")


def not_finite(signal: NDArray[np.floating], channels: Sequence[str]) -> str:
    """Say which channels [C, T] hold NaN or infinity, and where first; "" where none does."""
    bad = ~np.isfinite(signal)
    rows = np.flatnonzero(bad.any(axis=1))
    if not rows.size:
        return ""
    named = [f"{channels[row]} from sample {int(bad[row].argmax())}" for row in rows[:_NAMED]]
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return (
        f"got NaN or infinity in {len(rows)} of {len(channels)} channels, {int(bad.sum())} of "
        f"{bad.size} samples ({', '.join(named)}{more})"
    )


def require_finite(signal: NDArray[np.floating], channels: Sequence[str]) -> None:
    """Raise InputError for samples that are no number, with channels and first samples."""
    if words := not_finite(signal, channels):
        raise InputError(
            f"{words}; expected none: one makes the embeddings of all channels NaN. Leave these "
            "channels out, cut the signal there, or fill the gap"
        )


def size_of(signal: NDArray[np.floating]) -> float:
    """The median of the spreads of rows [C, T], in their unit; 0 where all are flat."""
    spreads = [spread_uv(row - np.median(row)) for row in signal if row.size]
    sizes = [size for size in spreads if size > 0]
    return float(np.median(sizes)) if sizes else 0.0


def is_odd(size_uv: float) -> bool:
    """Whether a spread in µV is that of no EEG; 0, that of flat rows, tells nothing."""
    return size_uv > 0 and not SMALLEST_UV <= size_uv <= LARGEST_UV


def require_microvolts(signal: NDArray[np.floating], setting: str) -> None:
    """Raise InputError where rows [C, T] are, by the median of their spreads, no EEG in µV.

    ``setting`` takes the array as it is.
    """
    size = size_of(signal)
    if not is_odd(size):
        return
    if SMALLEST_UV <= size / _V <= LARGEST_UV:
        unit = "as small as EEG in V: multiply by 1e6"
    elif size < SMALLEST_UV:
        unit = "too small: in V multiply by 1e6, in mV by 1e3"
    else:
        unit = "too large: in nV divide by 1e3, of raw counts multiply by the gain"
    raise InputError(
        f"{_spreads(size)}. These numbers are {unit}, or filter the signal as the encoder's "
        f"recordings were; if they are right, {setting}"
    )


def odd_size(size_uv: float, cure: str) -> InputError:
    """The refusal of a recording of such a size, with what mends it."""
    return InputError(f"{_spreads(size_uv)}. {cure}; if they are right, give any_size=True")


def _spreads(size: float) -> str:
    return (
        f"the channels spread over {size:.3g} (median of robust standard deviations); EEG in µV "
        f"spreads over {SMALLEST_UV:g} to {LARGEST_UV:g}"
    )
