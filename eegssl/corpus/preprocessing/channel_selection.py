"""Choose which signals of a file become EEG and auxiliary channels."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import Segment
from eegssl.io.edf.samples import EdfHeader, microvolt_scale, read_digital
from eegssl.signal.channels.derivations import redundant_derivations
from eegssl.signal.channels.electrodes import Channel, parse_channels

AUXILIARY_KINDS = ("ecg", "eog", "emg")
SAMPLE_WINDOW_S = 4.0
SAMPLE_WINDOWS = 60
SAMPLE_CHANNELS = 8
"""Ours: enough to see the mains and the amplitude, and bounded in memory and time."""


@dataclass(frozen=True)
class Signal:
    """One signal of a file that is used: its place there, what it is, and µV a digital step."""

    index: int
    channel: Channel
    gain_uv: float
    offset_uv: float


@dataclass(frozen=True)
class Selection:
    """The signals of one file by what becomes of them; ``doubled`` by canonical name."""

    eeg: tuple[Signal, ...]
    auxiliary: tuple[Signal, ...]
    doubled: tuple[str, ...]
    n_other: int


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
    redundant = {r.index for r in redundant_derivations([channel.name for _, channel in eeg])}
    kept = [pair for k, pair in enumerate(eeg) if k not in redundant]
    signals = tuple(_signal(header, i, channel, assumed_unit) for i, channel in kept)
    auxiliary = tuple(_auxiliary(header, channels, assumed_unit))
    doubled = tuple(eeg[k][1].name for k in sorted(redundant))
    return Selection(signals, auxiliary, doubled, len(channels) - len(eeg) - len(auxiliary))


def sample_windows(
    header: EdfHeader, signals: Sequence[Signal]
) -> tuple[NDArray[np.float32], float]:
    """Windows of 4 s spread over a file, in µV [W, C, S], and their sampling rate.

    Of up to eight channels of the first one's rate, spread over the head.
    """
    rate_hz = header.sfreq_hz(signals[0].index)
    same = [s for s in signals if header.sfreq_hz(s.index) == rate_hz]
    some = same[:: max(1, len(same) // SAMPLE_CHANNELS)][:SAMPLE_CHANNELS]
    return read_windows(header, some, sample_pieces(header, header.segments)), rate_hz


def read_windows(
    header: EdfHeader, signals: Sequence[Signal], pieces: Sequence[Segment]
) -> NDArray[np.float32]:
    """The first 4 s of each piece of a file, in µV, float32 [W, C, S]; signals of one rate."""
    length = round(SAMPLE_WINDOW_S * header.sfreq_hz(signals[0].index))
    windows = np.empty((len(pieces), len(signals), length), dtype=np.float32)
    for window, piece in zip(windows, pieces, strict=True):
        for row, signal in zip(window, signals, strict=True):
            row[:] = read_digital(header, signal.index, piece)[:length]
            row *= signal.gain_uv
    return windows


def sample_pieces(header: EdfHeader, segments: Sequence[Segment]) -> list[Segment]:
    """Up to 60 pieces of whole records, just long enough for a window, spread over segments."""
    n_records = int(np.ceil(SAMPLE_WINDOW_S / header.record_duration_s - 1e-9))
    starts = np.concatenate(
        [
            np.arange(s.first_record, s.first_record + s.n_records - n_records + 1, n_records)
            for s in segments
        ]
    )
    chosen = np.linspace(0, len(starts) - 1, min(SAMPLE_WINDOWS, len(starts))).astype(int)
    return [Segment(start, n_records, 0.0) for start in starts[chosen].tolist()]


def _signal(header: EdfHeader, index: int, channel: Channel, assumed_unit: str | None) -> Signal:
    return Signal(index, channel, *microvolt_scale(header, index, assumed_unit))


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
