"""Labelled windows with a planted seizure rhythm, for every baseline."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from corpora import corpus, recording, write_signal

from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Recording
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.data import labelled_windows

SFREQ_HZ = 160.0
SECONDS = 120.0
SEIZURES = ((21.0, 20.0, "sz"), (70.5, 16.0, "sz_foc"))
TASK = TaskConfig(name="planted", labels="events", classes=("background", "seizure"), window_s=2.0)
PERMUTED = TASK.model_copy(update={"permute_labels": True})


def planted(
    folder: Path,
    k: int,
    channels: Sequence[str] = ("F7", "Fp1", "T7"),
    *,
    rhythm_uv: float = 30.0,
    gain: float = 1.0,
) -> Recording:
    """Noise of 20 µV, a rhythm of 3 Hz in seizures; a channel's signal depends on its name only."""
    n_samples = round(SECONDS * SFREQ_HZ)
    time_s = np.arange(n_samples) / SFREQ_HZ
    ictal = sum((time_s >= on) & (time_s < on + length) for on, length, _ in SEIZURES)
    rhythm = rhythm_uv * np.sin(2 * np.pi * 3 * time_s) * ictal
    rows = []
    for name in channels:
        seed = [k, *name.encode()]
        rows.append(np.random.default_rng(seed).normal(0, 20, n_samples) + rhythm)
    own = folder / f"{'-'.join(channels)}-{gain:g}"
    own.mkdir(exist_ok=True)
    plain = recording(k, SECONDS, sfreq_hz=SFREQ_HZ, events=SEIZURES, folder=own)
    write_signal(plain.path, gain * np.array(rows, dtype=np.float32))
    return replace(plain, channels=tuple(channels))


def windows_of(
    recordings: Sequence[Recording], task: TaskConfig = TASK, seed: int = 0
) -> LabelledWindows:
    """Windows of recordings, labelled for the task."""
    return labelled_windows(corpus(*recordings), recordings, task, None, seed=seed)
