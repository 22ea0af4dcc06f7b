"""Clean one stretch of a recording without gaps, channel by channel.

Each channel is read once: it is judged, filtered, resampled and written while its samples are in
hand, so that one channel at a time is in memory, however long the recording. For a montage they
lie on disk until it is made of them; where int16 turns out too coarse, they are read once more.
"""

from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.preprocessing.channel_selection import Selection, Signal
from eegssl.corpus.preprocessing.signal_writer import (
    ScratchRows,
    SignalWriter,
    TooCoarse,
    Width,
    Written,
    widths,
)
from eegssl.corpus.signals import SignalFile
from eegssl.errors import RecordingRefused
from eegssl.io.formats.recording_format import Samples
from eegssl.io.recording_header import Segment
from eegssl.signal.amplitude import COARSE_UV, spread_uv
from eegssl.signal.channels.electrodes import parse_channel
from eegssl.signal.channels.montages import Rereferenced, rereference
from eegssl.signal.config import FilterConfig, MontageConfig, QualityConfig
from eegssl.signal.filtering.filters import Chain, chain
from eegssl.signal.quality import ChannelReport, channel_summary, examine

Viewer = Callable[[Signal, Samples, NDArray[np.uint8]], None]
"""Called with an EEG channel while it is in memory: its samples as recorded and its flags."""
Rows = Generator[NDArray[np.float32], None, None]


@dataclass(frozen=True)
class CleaningSettings:
    """Settings of filters, montage and quality flags."""

    filter: FilterConfig
    montage: MontageConfig
    quality: QualityConfig


@dataclass(frozen=True)
class Cleaned:
    """A stored segment: what the table of recordings says of it, and its EEG on disk."""

    fields: dict[str, Any]
    signal: SignalFile


def require_usable(segment: Segment, signals: Sequence[Signal], config: FilterConfig) -> None:
    """Raise RecordingRefused where a segment is too short or too slow to be filtered."""
    for signal in signals:
        n_samples = segment.n_records * signal.samples_per_record
        chain(signal.sfreq_hz, config, None).require_long_enough(n_samples)


class SegmentCleaner:
    """Cleans one segment of a recording; ``n_samples`` is the length at the new rate.

    Raises RecordingRefused as `require_usable` does.
    """

    def __init__(
        self,
        selection: Selection,
        segment: Segment,
        settings: CleaningSettings,
        line_hz: float | None,
    ) -> None:
        require_usable(segment, selection.eeg, settings.filter)
        self._segment, self._selection = segment, selection
        self._settings, self._line_hz = settings, line_hz
        self.n_samples = min(self._length(signal) for signal in selection.eeg)
        self._auxiliary = [signal for signal in selection.auxiliary if self._is_usable(signal)]
        self._reports: dict[int, ChannelReport] = {}
        self._spreads_uv: dict[int, float] = {}
        self._scratch = np.empty(0, np.float32)

    @property
    def duration_s(self) -> float:
        """Length of the clean signal in seconds."""
        return self.n_samples / self._settings.filter.sfreq_hz

    def clean(self, path: Path, view: Viewer | None = None) -> Cleaned:
        """Clean and store the segment; ``view`` is called with each EEG channel.

        Raises RecordingRefused ``no-eeg`` where all channels are flat.
        """
        for width in widths(exact=self._settings.filter.phase == "causal"):
            try:
                with atomic_path(path) as temporary:
                    montage, flags, written = self._write(temporary, width, view)
                break
            except TooCoarse:
                continue
        self._scratch = np.empty(0, np.float32)
        return Cleaned(self._fields(montage, flags, written), SignalFile(path))

    def _write(
        self, path: Path, width: Width, view: Viewer | None
    ) -> tuple[Rereferenced, NDArray[np.uint8], Written]:
        mixed = self._montage().matrix is not None
        rows = self._mixed_rows(path, view) if mixed else self._rows(view)
        with SignalWriter(path, self.n_samples, width, len(self._auxiliary)) as writer:
            with closing(rows):
                for row in rows:
                    writer.add(row)
            montage = self._montage()
            if mixed or montage.matrix is None:
                for signal in self._auxiliary:
                    writer.add(self._clean(signal, self._read(signal)))
                windows = [self._reports[s.index].windows for s in self._good]
                flags = _flags(windows, self._good, montage)
                return montage, flags, writer.finish(flags)
        return self._write(path, width, view)  # without the flat channels a montage can be had

    @property
    def _good(self) -> list[Signal]:
        """The EEG channels that are not known to be flat."""
        flat = {index for index, report in self._reports.items() if report.flat}
        return [signal for signal in self._selection.eeg if signal.index not in flat]

    def _montage(self) -> Rereferenced:
        """Montage of the good channels; raises RecordingRefused where there are none."""
        if not self._good:
            raise RecordingRefused("no-eeg", self._why_flat())
        return rereference([s.channel for s in self._good], self._settings.montage.reference)

    def _why_flat(self) -> str:
        reason = f"all {len(self._reports)} EEG channels are flat"
        step_uv = max(signal.step_uv for signal in self._selection.eeg)
        if step_uv <= COARSE_UV:
            return reason
        return (
            f"{reason}: a digital step is {step_uv:,.3g} µV, coarser than EEG; export the file "
            "again with a smaller physical range, or set read.units or read.scale"
        )

    def _rows(self, view: Viewer | None) -> Rows:
        """The good EEG channels in µV as recorded, float32 [T]: each is gone with the next."""
        for signal in self._good:
            samples = self._read(signal)
            if signal.index not in self._reports:
                report = self._reports[signal.index] = self._examine(signal, samples)
                if view is not None:
                    view(signal, samples, report.windows)
                if report.flat:
                    continue
            row = self._clean(signal, samples)
            self._spreads_uv[signal.index] = spread_uv(row)
            yield row

    def _mixed_rows(self, path: Path, view: Viewer | None) -> Rows:
        """The channels of a montage in µV, float32 [T] each: each is gone with the next.

        Without the flat channels it may be that there is no montage: then they are as recorded.
        """
        with ScratchRows.beside(path, self.n_samples) as scratch:
            for row in self._rows(view):
                scratch.add(row)
            yield from scratch.mixed(self._montage().matrix)

    def _read(self, signal: Signal) -> Samples:
        return self._selection.read(signal.index, self._segment)

    def _examine(self, signal: Signal, samples: Samples) -> ChannelReport:
        return examine(
            samples,
            signal.sfreq_hz,
            self._line_hz,
            config=self._settings.quality,
            gain_uv=signal.gain_uv,
            limits=signal.limits,
        )

    def _clean(self, signal: Signal, samples: Samples) -> NDArray[np.float32]:
        n_out, filters = self._length(signal), self._chain(signal)
        if len(self._scratch) < n_out:  # fresh memory for each channel would cost time
            self._scratch = np.empty(n_out, np.float32)
        return filters.apply(samples, signal.gain_uv, self._scratch[:n_out])[: self.n_samples]

    def _chain(self, signal: Signal) -> Chain:
        return chain(signal.sfreq_hz, self._settings.filter, self._line_hz)

    def _length(self, signal: Signal) -> int:
        return self._chain(signal).n_out(self._segment.n_records * signal.samples_per_record)

    def _is_usable(self, signal: Signal) -> bool:
        """Whether an auxiliary channel is sampled fast enough, and as long as the EEG."""
        try:
            return self._length(signal) >= self.n_samples
        except RecordingRefused:
            return False

    def _fields(
        self, montage: Rereferenced, flags: NDArray[np.uint8], written: Written
    ) -> dict[str, Any]:
        """Fields of the table of recordings that describe the signal."""
        good, selection = self._good, self._selection
        chains = [self._chain(signal) for signal in good]
        limit = self._settings.quality.saturated_share
        saturated = [s for s in good if self._reports[s.index].saturated_share >= limit]
        return {
            "channels": list(montage.names),
            "missing": list(montage.missing),
            "montage": montage.note or self._settings.montage.reference,
            "auxiliary": [s.channel.name for s in self._auxiliary],
            "auxiliary_kinds": [s.channel.kind for s in self._auxiliary],
            "n_samples": self.n_samples,
            "sfreq_hz": self._settings.filter.sfreq_hz,
            "duration_s": self.duration_s,
            "source_sfreq_hz": max(s.sfreq_hz for s in good),
            "band_low_hz": max(c.band_hz[0] for c in chains),
            "band_high_hz": min(c.band_hz[1] for c in chains),
            "delay_s": max(c.delay_s for c in chains),
            "line_hz": self._line_hz,
            "reference": _reference(good, montage),
            "doubled": list(selection.doubled),
            "flat": [s.channel.name for s in selection.eeg if s not in good],
            "saturated": [s.channel.name for s in saturated],
            "amplitudes": [self._amplitude(signal) for signal in selection.eeg],
            "flagged": channel_summary(flags),
            "n_other_channels": selection.n_other + len(selection.auxiliary) - len(self._auxiliary),
            "peak_uv": written.peak_uv,
            "bytes": written.n_bytes,
            "sha256": written.sha256,
        }

    def _amplitude(self, signal: Signal) -> tuple[str, float, float]:
        """Name, spread when clean and digital step of a channel, in µV; a flat one spreads 0."""
        return signal.channel.name, self._spreads_uv.get(signal.index, 0.0), signal.step_uv


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
