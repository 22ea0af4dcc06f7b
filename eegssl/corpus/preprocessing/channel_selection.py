"""Choose which signals of a file become EEG and auxiliary channels."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.channels.channel_refusals import LeftOut, no_eeg, too_few
from eegssl.corpus.channels.overrides import Override, texts_of
from eegssl.errors import RecordingRefused
from eegssl.io.formats.recording_format import Samples
from eegssl.io.formats.recordings import read_samples, recording_scale, sample_limits
from eegssl.io.recording_header import RecordingHeader, Segment
from eegssl.signal.channels.channel_vocabulary import distinct
from eegssl.signal.channels.derivations import redundant_derivations
from eegssl.signal.channels.electrodes import Channel, parse_channels
from eegssl.signal.config import FilterConfig
from eegssl.signal.filtering.filters import effective_band
from eegssl.signal.quality import is_flat

AUXILIARY_KINDS = ("ecg", "eog", "emg")
SAMPLE_WINDOW_S = 4.0
SAMPLE_WINDOWS = 60
SAMPLE_CHANNELS = 8
"""Ours: enough to see the mains and the amplitude, and bounded in memory and time."""


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

    @property
    def step_uv(self) -> float:
        """The digital step in µV; 0 for floats and where the format doesn't say it."""
        return abs(self.gain_uv) if self.limits is not None else 0.0


@dataclass(frozen=True)
class Choice:
    """What decides which signals are used, and how: an override for each signal, or none at all.

    ``assumed_unit`` is for those without a known one; ``filter`` says which rates are too slow.
    """

    overrides: tuple[Override, ...] = ()
    assumed_unit: str | None = None
    filter: FilterConfig | None = None
    least: int = 1

    def override(self, index: int) -> Override:
        """The override of a signal."""
        return self.overrides[index] if self.overrides else Override()


@dataclass(frozen=True)
class Selection:
    """The signals of one recording by what becomes of them; ``doubled`` by canonical name.

    ``read`` gives the samples of a signal (by index) in a segment: from a file (`select`), or
    from memory, as records of any ``record_duration_s``.
    """

    eeg: tuple[Signal, ...]
    auxiliary: tuple[Signal, ...]
    doubled: tuple[str, ...]
    n_other: int
    record_duration_s: float
    read: Callable[[int, Segment], Samples]
    left_out: tuple[LeftOut, ...] = ()


def select(header: RecordingHeader, choice: Choice | None = None) -> Selection:
    """Signals that hold EEG, without doubled and sign-flipped derivations, and the auxiliary ones.

    A channel without a scale, or sampled too slowly, is left out. Raises RecordingRefused,
    ``no-eeg`` where no label names EEG, and the code of those left out where too few remain.
    """
    choice = choice or Choice()
    ordinary = header.ordinary_signals
    channels = list(zip(ordinary, read_channels(header, choice), strict=True))
    eeg = [(i, channel) for i, channel in channels if channel.kind == "eeg"]
    if not eeg:
        raise no_eeg([header.labels[i] for i in ordinary], [channel for _, channel in channels])
    signals, left_out = _usable(header, eeg, choice)
    kept, doubled = without_doubled([(s.index, s.channel) for s in signals], partial(_live, header))
    wanted = {index for index, _ in kept}
    if len(kept) < choice.least:
        raise too_few(len(kept), choice.least, left_out)
    auxiliary = tuple(_auxiliary(header, channels, choice))
    return Selection(
        eeg=tuple(signal for signal in signals if signal.index in wanted),
        auxiliary=auxiliary,
        doubled=doubled,
        n_other=len(channels) - len(eeg) - len(auxiliary),
        record_duration_s=header.record_duration_s,
        read=partial(read_samples, header),
        left_out=tuple(left_out),
    )


def read_channels(header: RecordingHeader, choice: Choice) -> list[Channel]:
    """The channel that each ordinary signal of a file is, by its label and what overrides it."""
    overrides = [choice.override(i) for i in header.ordinary_signals]
    texts = texts_of(header, choice.overrides)
    channels: list[Channel] = []
    taken = {channel.name for channel in parse_channels(texts)}
    for channel, override in zip(parse_channels(texts), overrides, strict=True):
        if override.kind == "other":
            channel = Channel("OTHER", "other", (), "")
        elif override.kind and override.kind != channel.kind:
            name = distinct(override.kind.upper(), taken)
            channel = Channel(name, override.kind, (), "")
            taken.add(name)
        elif override.reference and len(channel.electrodes) == 1 and not channel.reference:
            channel = replace(channel, reference=override.reference)
        channels.append(channel)
    return channels


def without_doubled(
    eeg: Sequence[tuple[int, Channel]], live: Callable[[int], bool] | None = None
) -> tuple[list[tuple[int, Channel]], tuple[str, ...]]:
    """EEG channels (index, channel) of which none repeats another, and the names of those that do.

    A sign-flipped derivation repeats too. The first counts, or the first that ``live`` (of an
    index) finds alive, where the first is not.
    """
    groups: dict[int, list[int]] = {}
    for r in redundant_derivations([channel.name for _, channel in eeg]):
        groups.setdefault(r.same_as, [r.same_as]).append(r.index)
    spare: set[int] = set()
    for group in groups.values():
        alive = [k for k in group if live(eeg[k][0])] if live and not live(eeg[group[0]][0]) else []
        spare |= set(group) - {(alive or group)[0]}
    kept = [pair for k, pair in enumerate(eeg) if k not in spare]
    return kept, tuple(eeg[k][1].name for k in sorted(spare))


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


def _usable(
    header: RecordingHeader, eeg: Sequence[tuple[int, Channel]], choice: Choice
) -> tuple[list[Signal], list[LeftOut]]:
    """The EEG channels that have samples, a scale and a fast enough rate; and the others."""
    signals: list[Signal] = []
    left_out: list[LeftOut] = []
    for index, channel in eeg:
        try:
            if code := choice.override(index).left_out:
                raise RecordingRefused(code, f"signal {index + 1}: {_WHY[code]}")
            signal = _signal(header, index, channel, choice)
            if choice.filter is not None:
                effective_band(signal.sfreq_hz, choice.filter)
            signals.append(signal)
        except RecordingRefused as refusal:
            left_out.append(LeftOut(channel.name, refusal.code, refusal.reason))
    return signals, left_out


_WHY = {
    "marked-bad": "the file or its channels.tsv calls it bad (channels.bads=keep uses it)",
    "non-finite": "NaN or infinity is among its samples",
    "dropped": "left out by channels.drop or channels.table",
    "no-electrode": "no electrode lies near this contact, or another's lies nearer",
}


def _live(header: RecordingHeader, index: int) -> bool:
    return not is_flat(read_samples(header, index))


def _signal(header: RecordingHeader, index: int, channel: Channel, choice: Choice) -> Signal:
    override = choice.override(index)
    assumed = override.spare_unit or choice.assumed_unit
    gain_uv, _ = recording_scale(header, index, assumed, override.unit or None)
    limits = sample_limits(header, index)
    n_samples, gain_uv = header.samples_per_record[index], gain_uv * override.scale
    return Signal(index, channel, gain_uv, header.sfreq_hz(index), n_samples, limits)


def _auxiliary(
    header: RecordingHeader, channels: Sequence[tuple[int, Channel]], choice: Choice
) -> Iterator[Signal]:
    names: set[str] = set()
    for index, channel in channels:
        if channel.kind not in AUXILIARY_KINDS or channel.name in names:
            continue
        if choice.override(index).left_out != "dropped":
            try:
                yield _signal(header, index, channel, choice)
            except RecordingRefused:
                continue
            names.add(channel.name)
