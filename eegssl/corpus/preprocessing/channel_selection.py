"""Choose which signals of a file become EEG and auxiliary channels."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import EdfHeader, Segment
from eegssl.io.edf.samples import microvolt_scale, read_digital
from eegssl.signal.channels.derivations import redundant_derivations
from eegssl.signal.channels.electrodes import Channel, parse_channels

AUXILIARY_KINDS = ("ecg", "eog", "emg")
SAMPLE_WINDOW_S = 4.0
SAMPLE_WINDOWS = 60
SAMPLE_CHANNELS = 8
"""Ours: enough to see the mains and the amplitude, and bounded in memory and time."""


Samples = NDArray[Any]
"""Samples [T] of one channel as recorded: integers of a file, or floats."""


@dataclass(frozen=True)
class Signal:
    """One signal that is used: its place in the recording, and how its samples are to be taken.

    ``gain_uv`` is in µV a unit of the samples; ``limits`` are the least and greatest that they can
    be, None where that is not known.
    """

    index: int
    channel: Channel
    gain_uv: float
    sfreq_hz: float
    samples_per_record: int
    limits: tuple[float, float] | None


@dataclass(frozen=True)
class Selection:
    """The signals of one recording by what becomes of them; ``doubled`` by canonical name.

    ``read`` gives the samples of a signal (by index) in a segment: from an EDF file (`select`), or
    from memory, as records of any ``record_duration_s``.
    """

    eeg: tuple[Signal, ...]
    auxiliary: tuple[Signal, ...]
    doubled: tuple[str, ...]
    n_other: int
    record_duration_s: float
    read: Callable[[int, Segment], Samples]


def select(header: EdfHeader, assumed_unit: str | None) -> Selection:
    """Signals that hold EEG, without doubled and sign-flipped derivations, and the auxiliary ones.

    Raises RecordingRefused ``no-eeg`` where none does, ``unit`` or ``limits`` where one of them
    has no scale. An auxiliary channel without a scale is left out.
    """
    ordinary = header.ordinary_signals
    named = parse_channels([header.labels[i] for i in ordinary])
    channels = list(zip(ordinary, named, strict=True))
    eeg = [(i, channel) for i, channel in channels if channel.kind == "eeg"]
    if not eeg:
        raise RecordingRefused("no-eeg", _what_there_is(named))
    kept, doubled = without_doubled(eeg)
    signals = tuple(_signal(header, i, channel, assumed_unit) for i, channel in kept)
    auxiliary = tuple(_auxiliary(header, channels, assumed_unit))
    n_other = len(channels) - len(eeg) - len(auxiliary)
    read = partial(read_digital, header)
    return Selection(signals, auxiliary, doubled, n_other, header.record_duration_s, read)


def without_doubled(
    eeg: Sequence[tuple[int, Channel]],
) -> tuple[list[tuple[int, Channel]], tuple[str, ...]]:
    """EEG channels (index, channel) that repeat none before them, and the names of those that do.

    A sign-flipped derivation repeats too.
    """
    redundant = {r.index for r in redundant_derivations([channel.name for _, channel in eeg])}
    kept = [pair for k, pair in enumerate(eeg) if k not in redundant]
    return kept, tuple(eeg[k][1].name for k in sorted(redundant))


def sample_windows(
    selection: Selection, segments: Sequence[Segment]
) -> tuple[NDArray[np.float32], float]:
    """Read 4 s windows spread over segments, in µV [W, C, S]; returns them and their rate.

    Of up to eight EEG channels of the first one's rate, spread over the head.
    """
    rate_hz = selection.eeg[0].sfreq_hz
    same = [signal for signal in selection.eeg if signal.sfreq_hz == rate_hz]
    some = same[:: max(1, len(same) // SAMPLE_CHANNELS)][:SAMPLE_CHANNELS]
    pieces = sample_pieces(selection.record_duration_s, segments)
    length = round(SAMPLE_WINDOW_S * rate_hz)
    windows = np.empty((len(pieces), len(some), length), dtype=np.float32)
    for window, piece in zip(windows, pieces, strict=True):
        for row, signal in zip(window, some, strict=True):
            row[:] = selection.read(signal.index, piece)[:length]
            row *= signal.gain_uv
    return windows, rate_hz


def sample_pieces(record_duration_s: float, segments: Sequence[Segment]) -> list[Segment]:
    """Up to 60 pieces of whole records, just long enough for a window, spread over segments."""
    n_records = int(np.ceil(SAMPLE_WINDOW_S / record_duration_s - 1e-9))
    starts = np.concatenate(
        [
            np.arange(s.first_record, s.first_record + s.n_records - n_records + 1, n_records)
            for s in segments
        ]
    )
    chosen = np.linspace(0, len(starts) - 1, min(SAMPLE_WINDOWS, len(starts))).astype(int)
    return [Segment(start, n_records, 0.0) for start in starts[chosen].tolist()]


def _signal(header: EdfHeader, index: int, channel: Channel, assumed_unit: str | None) -> Signal:
    gain_uv, _ = microvolt_scale(header, index, assumed_unit)
    limits = (header.digital_min[index], header.digital_max[index])
    n_samples = header.samples_per_record[index]
    return Signal(index, channel, gain_uv, header.sfreq_hz(index), n_samples, limits)


def _auxiliary(
    header: EdfHeader, channels: Sequence[tuple[int, Channel]], assumed_unit: str | None
) -> Iterator[Signal]:
    names: set[str] = set()
    for index, channel in channels:
        if channel.kind in AUXILIARY_KINDS and channel.name not in names:
            try:
                yield _signal(header, index, channel, assumed_unit)
            except RecordingRefused:
                continue
            names.add(channel.name)


def _what_there_is(named: Sequence[Channel]) -> str:
    kinds = Counter(channel.kind for channel in named)
    there = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    reason = f"none of {len(named)} signals has the name of an electrode or derivation"
    return f"{reason} ({there})" if named else "the file holds annotations and no signal"
