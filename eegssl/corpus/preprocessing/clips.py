"""A few seconds of a recording before and after cleaning, with spectra, for a person to look at.

Cut by the worker that cleaned the recording and kept as ``.npz`` in the scratch folder until the
pages are drawn.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.signal
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.config import LookConfig
from eegssl.corpus.preprocessing.channel_selection import (
    SAMPLE_WINDOW_S,
    Selection,
    Signal,
    read_windows,
    sample_pieces,
)
from eegssl.corpus.signals import map_signal
from eegssl.io.edf.layout import Segment
from eegssl.io.edf.samples import EdfHeader, read_digital
from eegssl.io.labels.event_types import Event, is_seizure
from eegssl.signal.config import QualityConfig
from eegssl.signal.quality import window_flags

LEAD_S = 2.0
"""Seconds shown before the first seizure."""


@dataclass(frozen=True)
class Excerpt:
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


def write_excerpt(path: Path, excerpt: Excerpt) -> None:
    """Keep an excerpt for `read_excerpt`."""
    words = {name: value for name, value in vars(excerpt).items() if name not in _ARRAYS}
    arrays = {name: getattr(excerpt, name) for name in _ARRAYS}
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, words=np.array(json.dumps(words)), **arrays)


def read_excerpt(path: Path) -> Excerpt:
    """The excerpt that `write_excerpt` kept."""
    with np.load(path) as stored:
        words = json.loads(str(stored["words"]))
        arrays = {name: stored[name] for name in _ARRAYS}
    for name in ("before_names", "after_names", "band_hz"):
        words[name] = tuple(words[name])
    words["events"] = tuple(map(tuple, words["events"]))
    return Excerpt(**words, **arrays)


def cut_excerpt(
    header: EdfHeader,
    selection: Selection,
    segment: Segment,
    fields: dict[str, Any],
    events: Sequence[Event],
    stored: Path,
    config: LookConfig,
    quality: QualityConfig,
) -> Excerpt:
    """Cut around the first seizure of a recording, else in its middle.

    ``fields`` is the recording's row of the table, ``stored`` its signal file.
    """
    onset_s, end_s = _span(fields["duration_s"], events, config.window_s)
    rate_hz = header.sfreq_hz(selection.eeg[0].index)
    shown = [s for s in selection.eeg if header.sfreq_hz(s.index) == rate_hz]
    before_uv = np.stack([_raw(header, s.index, s.gain_uv, segment, onset_s, end_s) for s in shown])
    after = map_signal(stored)
    sfreq_hz = fields["sfreq_hz"]
    pieces = sample_pieces(header, [segment])
    before_freqs_hz, before_psd = _density(read_windows(header, shown, pieces), rate_hz)
    length = round(SAMPLE_WINDOW_S * sfreq_hz)
    starts = [
        round((piece.first_record - segment.first_record) * header.record_duration_s * sfreq_hz)
        for piece in pieces
    ]
    windows_uv = [after.read_uv(start, start + length) for start in starts]
    same_uv = np.stack([w for w in windows_uv if w.shape[1] == length])
    after_freqs_hz, after_psd = _density(same_uv, sfreq_hz)
    return Excerpt(
        recording=fields["recording"],
        subject=fields["subject"],
        seconds=fields["duration_s"],
        onset_s=onset_s,
        before_names=tuple(s.channel.name for s in shown),
        before_uv=before_uv,
        before_sfreq_hz=rate_hz,
        after_names=tuple(fields["channels"]),
        after_uv=after.read_uv(round(onset_s * sfreq_hz), round(end_s * sfreq_hz)),
        after_sfreq_hz=sfreq_hz,
        before_psd=before_psd,
        before_freqs_hz=before_freqs_hz,
        after_psd=after_psd,
        after_freqs_hz=after_freqs_hz,
        line_hz=fields["line_hz"],
        band_hz=(fields["band_low_hz"], fields["band_high_hz"]),
        flags=np.stack(
            [_window_flags(header, segment, s, quality, fields["line_hz"]) for s in shown]
        ),
        events=tuple((event.onset_s, event.duration_s, event.type) for event in events),
    )


def _window_flags(
    header: EdfHeader,
    segment: Segment,
    signal: Signal,
    config: QualityConfig,
    line_hz: float | None,
) -> NDArray[np.uint8]:
    k = signal.index
    return window_flags(
        read_digital(header, k, segment),
        header.sfreq_hz(k),
        line_hz,
        config=config,
        gain_uv=signal.gain_uv,
        limits=(header.digital_min[k], header.digital_max[k]),
    )


def _span(duration_s: float, events: Sequence[Event], window_s: float) -> tuple[float, float]:
    length_s = min(window_s, duration_s)
    seizures = [event.onset_s for event in events if is_seizure(event.type)]
    wanted_s = min(seizures) - LEAD_S if seizures else (duration_s - length_s) / 2
    onset_s = float(min(max(0.0, np.floor(wanted_s)), duration_s - length_s))
    return onset_s, onset_s + length_s


def _raw(
    header: EdfHeader, index: int, gain_uv: float, segment: Segment, onset_s: float, end_s: float
) -> NDArray[np.float32]:
    """A stretch of one channel as it is in the file, its mean removed, float32 [T]."""
    first = int(onset_s // header.record_duration_s)
    last = min(segment.n_records, int(np.ceil(end_s / header.record_duration_s)))
    records = Segment(segment.first_record + first, last - first, 0.0)
    digital = read_digital(header, index, records).astype(np.float64) * gain_uv
    rate_hz = header.sfreq_hz(index)
    start = round((onset_s - first * header.record_duration_s) * rate_hz)
    piece = digital[start : start + round((end_s - onset_s) * rate_hz)]
    return (piece - piece.mean()).astype(np.float32)


def _density(
    windows_uv: NDArray[np.float32], sfreq_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Mean power density over windows [W, C, S]: frequencies [F] in Hz and µV²/Hz [C, F]."""
    if not len(windows_uv):
        return np.zeros(0), np.zeros((windows_uv.shape[1], 0), dtype=np.float32)
    freqs_hz, density = scipy.signal.periodogram(windows_uv, sfreq_hz, "hann", axis=-1)
    return freqs_hz, density.mean(axis=0).astype(np.float32)
