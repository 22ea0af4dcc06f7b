"""Labelled windows of the study: seizures, arithmetic, a flickering light."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.tilings import ListedStarts
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.private.pseudonyms import Pseudonyms

WINDOW_S = 4.0
BACKGROUND = 3
"""Windows of background for each one of seizure."""
DATA = ("synth", "synth_more", "eegmat", "ssvep_exo", "ssvep_which")
"""Labelled corpora; `ssvep_which` has the recordings of `ssvep_exo`."""
FLICKER = ("13 Hz", "17 Hz", "21 Hz")


@dataclass(frozen=True)
class Labelled:
    """Windows of some subjects, their classes (from 0) [n] and their subjects [n]."""

    windows: Windows
    truth: NDArray[np.int64]
    subject: NDArray[np.str_]

    def of(self, keep: NDArray[np.bool_]) -> "Labelled":
        """The windows for which ``keep`` [n] is True."""
        return Labelled(
            self.windows.subset(np.flatnonzero(keep)), self.truth[keep], self.subject[keep]
        )


def labelled(data: str, corpus: Corpus, edf: Path) -> Labelled:
    """Every labelled window of a corpus whose EDF files lie in ``edf``."""
    names, rows = Pseudonyms(), []
    stimuli = _stimuli(edf, data == "ssvep_which") if data.startswith("ssvep") else {}
    recordings = corpus.of_split("train", "val", "test")
    for owner, recording in enumerate(recordings):
        name = Path(names.name(recording.id)).name
        if data.startswith("synth"):
            found = _seizures(recording)
        elif data == "eegmat":
            found = _whole(recording, int("_2" in name))
        else:
            found = iter(stimuli[name])
        rows += [(owner, start_s, label) for start_s, label in found]
    owner, start_s, truth = (np.array(column) for column in zip(*rows, strict=True))
    length = round(WINDOW_S * corpus.sfreq_hz)
    start = np.round(start_s * corpus.sfreq_hz).astype(np.int64)
    fits = start + length <= np.array([r.n_samples for r in recordings])[owner]
    listed = ListedStarts(owner[fits], start[fits])
    windows = Windows(corpus, recordings, listed, length)
    subject = np.array([recordings[k].subject for k in windows.owner])
    return Labelled(windows, truth[fits].astype(np.int64), subject)


def _whole(recording: Recording, label: int) -> Iterator[tuple[float, int]]:
    """All windows of a recording that is of one class."""
    for start_s in np.arange(0, recording.duration_s - WINDOW_S + 1e-9, WINDOW_S):
        yield float(start_s), label


def _stimuli(edf: Path, which: bool) -> dict[str, list[tuple[float, int]]]:
    """File -> windows half a second into each stimulus of 5 s.

    Rest (0) or flicker (1); with ``which`` of flicker alone, 0 to 2 by frequency.
    """
    lines = (edf / "events.tsv").read_text().splitlines()[1:]
    windows: dict[str, list[tuple[float, int]]] = {}
    for file, _, onset_s, _, label in (line.split("\t") for line in lines):
        number = int(label != "rest")
        if which:
            number = FLICKER.index(label) if number else -1
        if number >= 0:
            windows.setdefault(file, []).append((float(onset_s) + 0.5, number))
    return windows


def _seizures(recording: Recording) -> Iterator[tuple[float, int]]:
    """Windows inside seizures, and some that are 5 s or more away from any."""
    starts = np.arange(0, recording.duration_s - WINDOW_S + 1e-9, WINDOW_S)
    seizures = [e for e in recording.events if is_seizure(e.type)]
    spans = [(e.onset_s, e.onset_s + e.duration_s) for e in seizures]
    inside = np.array([any(a <= s and s + WINDOW_S <= b for a, b in spans) for s in starts], bool)
    near = np.array(
        [any(a - 5 < s + WINDOW_S and s < b + 5 for a, b in spans) for s in starts], bool
    )
    rng = np.random.default_rng(int(recording.id[2:10], 16))
    calm = rng.permutation(np.flatnonzero(~near))[: max(10, BACKGROUND * int(inside.sum()))]
    yield from ((float(starts[k]), 1) for k in np.flatnonzero(inside))
    yield from ((float(starts[k]), 0) for k in np.sort(calm))
