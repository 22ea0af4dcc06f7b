"""Corpora in memory: recordings that are said to be there, with signals where a test has some."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eegssl.corpus.preprocessing.signal_writer import SignalWriter, TooCoarse, widths
from eegssl.corpus.store import Corpus, Recording
from eegssl.io.labels.event_types import Event

CHANNELS = ("Fp1", "F7", "T7", "O1", "Fp2", "F8", "T8", "O2")


def recording(
    k: int,
    seconds: float,
    *,
    split: str = "train",
    n_channels: int = 2,
    sfreq_hz: float = 100.0,
    events: Sequence[tuple[float, float, str]] = (),
    folder: Path = Path("nowhere"),
) -> Recording:
    """Recording ``r-k`` of subject ``s-k``; events are (onset_s, duration_s, type)."""
    return Recording(
        id=f"r-{k:03d}",
        subject=f"s-{k:03d}",
        file=f"r-{k:03d}",
        split=split,
        channels=CHANNELS[:n_channels],
        n_samples=round(seconds * sfreq_hz),
        sfreq_hz=sfreq_hz,
        line_hz=None,
        events=tuple(Event(*event) for event in events),
        folder=folder,
    )


def corpus(*recordings: Recording) -> Corpus:
    """These recordings, without artifacts."""
    return Corpus((), recordings)


def stored(folder: Path, k: int, signal_uv: np.ndarray, **more: object) -> Recording:
    """A recording whose signal [C, T] at 100 Hz lies on disk."""
    path = folder / f"r-{k:03d}.safetensors"
    write_signal(path, signal_uv.astype(np.float32))
    seconds = signal_uv.shape[1] / 100
    return recording(k, seconds, n_channels=len(signal_uv), folder=folder, **more)  # type: ignore[arg-type]


def write_signal(path: Path, signal_uv: np.ndarray) -> None:
    """Store a finite signal [C, T] in µV, without auxiliary channels and flags."""
    for width in widths(exact=False):
        try:
            with SignalWriter(path, signal_uv.shape[1], width) as writer:
                for row in signal_uv:
                    writer.add(row)
                writer.finish()
            return
        except TooCoarse:
            continue
