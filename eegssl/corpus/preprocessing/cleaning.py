"""One stretch of a file without gaps to a clean signal on disk, channel by channel.

The raw signal is gone through twice: once for its quality, once to be filtered, resampled and
written, so that one channel at a time is in memory, however long the recording.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path, hash_file
from eegssl.corpus.preprocessing.channel_selection import Selection, Signal
from eegssl.corpus.signals import write_rows
from eegssl.errors import RecordingRefused
from eegssl.io.edf.layout import Segment
from eegssl.io.edf.samples import EdfHeader, read_digital
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.signal.channels.montages import Rereferenced, rereference
from eegssl.signal.config import FilterConfig, MontageConfig, QualityConfig
from eegssl.signal.filtering.filters import Chain, chain
from eegssl.signal.quality import ChannelReport, channel_summary, examine


@dataclass(frozen=True)
class CleaningSettings:
    """What decides what a signal becomes."""

    filter: FilterConfig
    montage: MontageConfig
    quality: QualityConfig


def require_usable(
    header: EdfHeader, segment: Segment, signals: Sequence[Signal], config: FilterConfig
) -> None:
    """Raise RecordingRefused where a segment is too short or too slow to be filtered."""
    for signal in signals:
        n_samples = segment.n_records * header.samples_per_record[signal.index]
        chain(header.sfreq_hz(signal.index), config, None).require_long_enough(n_samples)


def clean_segment(
    header: EdfHeader,
    segment: Segment,
    selection: Selection,
    settings: CleaningSettings,
    line_hz: float | None,
    path: Path,
) -> dict[str, Any]:
    """Clean and store one segment; returns what the table of recordings says of its signal.

    Raises RecordingRefused ``no-eeg`` where all channels are flat, and what `require_usable` says.
    """
    require_usable(header, segment, selection.eeg, settings.filter)
    reports = [
        _examine(header, segment, signal, settings.quality, line_hz) for signal in selection.eeg
    ]
    flat = [s for s, report in zip(selection.eeg, reports, strict=True) if report.flat]
    kept = [(s, r) for s, r in zip(selection.eeg, reports, strict=True) if not r.flat]
    if not kept:
        raise RecordingRefused("no-eeg", f"all {len(flat)} EEG channels are flat")
    signals = [s for s, _ in kept]
    montage = rereference([s.channel for s in signals], settings.montage.reference)
    work = _Work(header, segment, signals, selection.auxiliary, montage, settings.filter, line_hz)
    flags = _flags([r.windows for _, r in kept], signals, montage)
    with atomic_path(path) as temporary:
        write_rows(
            temporary,
            work.rows,
            (len(montage.names), work.n_samples),
            auxiliary=work.auxiliary_rows,
            n_auxiliary=len(work.auxiliary),
            quality=flags,
            exact=settings.filter.phase == "causal",
        )
    return {
        "channels": list(montage.names),
        "missing": list(montage.missing),
        "montage": montage.note or settings.montage.reference,
        "auxiliary": [s.channel.name for s in work.auxiliary],
        "auxiliary_kinds": [s.channel.kind for s in work.auxiliary],
        "n_samples": work.n_samples,
        "sfreq_hz": settings.filter.sfreq_hz,
        "duration_s": work.n_samples / settings.filter.sfreq_hz,
        "source_sfreq_hz": max(header.sfreq_hz(s.index) for s in signals),
        "band_low_hz": max(c.band_hz[0] for c in work.chains),
        "band_high_hz": min(c.band_hz[1] for c in work.chains),
        "delay_s": max(c.delay_s for c in work.chains),
        "line_hz": line_hz,
        "reference": _reference(signals, montage),
        "doubled": list(selection.doubled),
        "flat": [s.channel.name for s in flat],
        "saturated": [
            s.channel.name for s, r in kept if r.saturated_share >= settings.quality.saturated_share
        ],
        "flagged": channel_summary(flags),
        "n_other_channels": selection.n_other + len(selection.auxiliary) - len(work.auxiliary),
        "bytes": path.stat().st_size,
        "sha256": hash_file(path),
    }


class _Work:
    """The rows of one stored recording, made when they are asked for."""

    def __init__(
        self,
        header: EdfHeader,
        segment: Segment,
        signals: Sequence[Signal],
        auxiliary: Sequence[Signal],
        montage: Rereferenced,
        config: FilterConfig,
        line_hz: float | None,
    ) -> None:
        self._header, self._segment, self._montage = header, segment, montage
        self._signals = signals
        self._config, self._line_hz = config, line_hz
        self.chains = [self._chain(signal) for signal in signals]
        self.n_samples = min(self._length(s, c) for s, c in zip(signals, self.chains, strict=True))
        self.auxiliary = [s for s in auxiliary if self._usable(s)]

    def rows(self) -> Iterator[NDArray[np.float32]]:
        """The EEG channels in µV, in the montage asked for, float32 [T] each."""
        cleaned = (self._clean(signal) for signal in self._signals)
        matrix = self._montage.matrix
        if matrix is None:
            yield from cleaned
            return
        inputs = np.stack(list(cleaned))
        for weights in matrix:
            used = np.flatnonzero(weights)
            yield weights[used] @ inputs[used]

    def auxiliary_rows(self) -> Iterator[NDArray[np.float32]]:
        """ECG, EOG and EMG, cleaned in the same way, float32 [T] each."""
        return (self._clean(signal) for signal in self.auxiliary)

    def _clean(self, signal: Signal) -> NDArray[np.float32]:
        digital = read_digital(self._header, signal.index, self._segment)
        return self._chain(signal).apply(digital, signal.gain_uv)[: self.n_samples]

    def _chain(self, signal: Signal) -> Chain:
        return chain(self._header.sfreq_hz(signal.index), self._config, self._line_hz)

    def _length(self, signal: Signal, filters: Chain) -> int:
        n_samples = self._segment.n_records * self._header.samples_per_record[signal.index]
        return filters.n_out(n_samples)

    def _usable(self, signal: Signal) -> bool:
        """Whether an auxiliary channel is sampled fast enough, and as long as the EEG."""
        try:
            return self._length(signal, self._chain(signal)) >= self.n_samples
        except RecordingRefused:
            return False


def _examine(
    header: EdfHeader,
    segment: Segment,
    signal: Signal,
    config: QualityConfig,
    line_hz: float | None,
) -> ChannelReport:
    return examine(
        read_digital(header, signal.index, segment),
        header.sfreq_hz(signal.index),
        line_hz,
        config=config,
        gain_uv=signal.gain_uv,
        limits=(header.digital_min[signal.index], header.digital_max[signal.index]),
    )


def _flags(
    windows: Sequence[NDArray[np.uint8]], signals: Sequence[Signal], montage: Rereferenced
) -> NDArray[np.uint8]:
    """Flags [C, W] of what is stored: those of the electrodes that a channel stands between.

    A common average holds a little of every electrode; its channels keep their own flags.
    """
    shortest = min(len(flags) for flags in windows)
    own = np.stack([flags[:shortest] for flags in windows])
    if montage.matrix is None:
        return own
    of = [set(parse_channel(name).electrodes) for name in montage.names]
    inputs = [set(signal.channel.electrodes) for signal in signals]
    rows = [[k for k, there in enumerate(inputs) if there & electrodes] for electrodes in of]
    return np.stack([np.bitwise_or.reduce(own[row], axis=0) for row in rows])


def _reference(signals: Sequence[Signal], montage: Rereferenced) -> str:
    """The reference that most stored channels have, empty for derivations."""
    if montage.matrix is not None:
        return montage.reference
    return Counter(s.channel.reference for s in signals).most_common(1)[0][0]
