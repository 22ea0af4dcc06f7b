"""Cut clips of recordings before and after cleaning, for the quality pages.

The worker that cleans a recording cuts its clip, with spectra, and keeps it as ``.npz`` in the
scratch folder until the pages are drawn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.preprocessing.channel_selection import (
    SAMPLE_WINDOW_S,
    Selection,
    Signal,
    sample_pieces,
)
from eegssl.corpus.signals import SignalFile
from eegssl.io.formats.recording_format import Samples
from eegssl.io.labels.event_types import Event, is_seizure
from eegssl.io.recording_header import Segment
from eegssl.regular_files import require_regular

LEAD_S = 2.0
"""Seconds shown before the first seizure."""


@dataclass(frozen=True)
class Clip:
    """One recording as its pages show it: a stretch before and after, and all of its flags.

    ``before_uv`` [C1, T1] is as recorded but for its offset, ``after_uv`` [C2, T2] as stored; both
    begin ``onset_s`` into a recording of ``seconds``. ``before_psd`` [C1, F1] and ``after_psd``
    [C2, F2] are in µV²/Hz. ``flags`` uint8 [C1, W] tile the whole recording. ``events`` are
    (onset_s, duration_s, type) in seconds of the recording.
    """

    recording: str
    subject: str
    seconds: float
    onset_s: float
    before_names: tuple[str, ...]
    before_uv: NDArray[np.float32]
    before_sfreq_hz: float
    after_names: tuple[str, ...]
    after_uv: NDArray[np.float32]
    after_sfreq_hz: float
    before_psd: NDArray[np.float32]
    before_freqs_hz: NDArray[np.float64]
    after_psd: NDArray[np.float32]
    after_freqs_hz: NDArray[np.float64]
    line_hz: float | None
    band_hz: tuple[float, float]
    flags: NDArray[np.uint8]
    events: tuple[tuple[float, float, str], ...] = ()

    @property
    def flagged_share(self) -> float:
        """Share of channel windows with any flag, 0 where there are none."""
        return float((self.flags > 0).mean()) if self.flags.size else 0.0

    @property
    def seizures(self) -> int:
        """Seizures among the events."""
        return sum(is_seizure(kind) for _, _, kind in self.events)


_ARRAYS = (
    *("before_uv", "after_uv", "before_psd", "before_freqs_hz", "after_psd", "after_freqs_hz"),
    "flags",
)


def write_clip(path: Path, clip: Clip) -> None:
    """Keep a clip for `read_clip`."""
    words = {name: value for name, value in vars(clip).items() if name not in _ARRAYS}
    arrays = {name: getattr(clip, name) for name in _ARRAYS}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, words=np.array(json.dumps(words)), **arrays)


def read_clip(path: Path) -> Clip:
    """The clip that `write_clip` kept."""
    with np.load(require_regular(path)) as stored:
        words = json.loads(str(stored["words"]))
        arrays = {name: stored[name] for name in _ARRAYS}
    for name in ("before_names", "after_names", "band_hz"):
        words[name] = tuple(words[name])
    words["events"] = tuple(map(tuple, words["events"]))
    return Clip(**words, **arrays)


class ClipCutter:
    """Cuts a clip out of a segment while it is cleaned: see `view` and `cut`.

    Around the first of the seizures among ``events``, else in the middle of ``duration_s``.
    """

    def __init__(
        self,
        selection: Selection,
        segment: Segment,
        duration_s: float,
        events: Sequence[Event],
        window_s: float,
    ) -> None:
        self._segment, self._events = segment, events
        self._record_s = selection.record_duration_s
        self._onset_s, self._end_s = _span(duration_s, events, window_s)
        rate_hz = selection.eeg[0].sfreq_hz
        self._shown = [s for s in selection.eeg if s.sfreq_hz == rate_hz]
        self._pieces = sample_pieces(self._record_s, [segment])
        length = round(SAMPLE_WINDOW_S * rate_hz)
        self._windows_uv = np.empty((len(self._pieces), len(self._shown), length), np.float32)
        self._traces_uv: list[NDArray[np.float32]] = []
        self._flags: list[NDArray[np.uint8]] = []

    def view(self, signal: Signal, samples: Samples, flags: NDArray[np.uint8]) -> None:
        """Take what is shown of one raw EEG channel [T]; to be called once with each, in order."""
        if signal not in self._shown:
            return
        first = self._segment.first_record
        for window, piece in zip(self._windows_uv[:, len(self._flags)], self._pieces, strict=True):
            start = (piece.first_record - first) * signal.samples_per_record
            window[:] = samples[start : start + len(window)]
            window *= signal.gain_uv
        self._traces_uv.append(self._trace(signal, samples))
        self._flags.append(flags)

    def cut(self, fields: dict[str, Any], stored: SignalFile) -> Clip:
        """The clip, with the recording's row of the table and its clean samples."""
        rate_hz, sfreq_hz = self._shown[0].sfreq_hz, fields["sfreq_hz"]
        before_freqs_hz, before_psd = _density(self._windows_uv, rate_hz)
        after_freqs_hz, after_psd = _density(self._clean_windows(stored, sfreq_hz), sfreq_hz)
        start, stop = round(self._onset_s * sfreq_hz), round(self._end_s * sfreq_hz)
        return Clip(
            recording=fields["recording"],
            subject=fields["subject"],
            seconds=fields["duration_s"],
            onset_s=self._onset_s,
            before_names=tuple(s.channel.name for s in self._shown),
            before_uv=np.stack(self._traces_uv),
            before_sfreq_hz=rate_hz,
            after_names=tuple(fields["channels"]),
            after_uv=stored.read_uv(start, stop),
            after_sfreq_hz=sfreq_hz,
            before_psd=before_psd,
            before_freqs_hz=before_freqs_hz,
            after_psd=after_psd,
            after_freqs_hz=after_freqs_hz,
            line_hz=fields["line_hz"],
            band_hz=(fields["band_low_hz"], fields["band_high_hz"]),
            flags=np.stack(self._flags),
            events=tuple((event.onset_s, event.duration_s, event.type) for event in self._events),
        )

    def _trace(self, signal: Signal, samples: Samples) -> NDArray[np.float32]:
        """The clip of one channel as recorded, its mean removed, float32 [T]."""
        first = int(self._onset_s // self._record_s)
        start = first * signal.samples_per_record
        start += round((self._onset_s - first * self._record_s) * signal.sfreq_hz)
        length = round((self._end_s - self._onset_s) * signal.sfreq_hz)
        trace_uv = samples[start : start + length].astype(np.float64) * signal.gain_uv
        return (trace_uv - trace_uv.mean()).astype(np.float32)

    def _clean_windows(self, stored: SignalFile, sfreq_hz: float) -> NDArray[np.float32]:
        """Windows [W, C, S] of the clean signal, where those of the raw one begin."""
        length = round(SAMPLE_WINDOW_S * sfreq_hz)
        first = self._segment.first_record
        onsets_s = [(p.first_record - first) * self._record_s for p in self._pieces]
        starts = [round(onset_s * sfreq_hz) for onset_s in onsets_s]
        windows_uv = [stored.read_uv(start, start + length) for start in starts]
        return np.stack([w for w in windows_uv if w.shape[1] == length])


def _span(duration_s: float, events: Sequence[Event], window_s: float) -> tuple[float, float]:
    length_s = min(window_s, duration_s)
    seizures = [event.onset_s for event in events if is_seizure(event.type)]
    wanted_s = min(seizures) - LEAD_S if seizures else (duration_s - length_s) / 2
    onset_s = float(min(max(0.0, np.floor(wanted_s)), duration_s - length_s))
    return onset_s, onset_s + length_s


def _density(
    windows_uv: NDArray[np.float32], sfreq_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Mean power density over windows [W, C, S]: frequencies [F] in Hz and µV²/Hz [C, F]."""
    if not len(windows_uv):
        return np.zeros(0), np.zeros((windows_uv.shape[1], 0), dtype=np.float32)
    freqs_hz, density = scipy.signal.periodogram(windows_uv, sfreq_hz, "hann", axis=-1)
    return freqs_hz, density.mean(axis=0).astype(np.float32)
