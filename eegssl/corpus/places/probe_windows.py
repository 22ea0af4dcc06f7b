"""Choose the few windows by which embeddings in training are judged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.runs import Places, Runs, listed_runs, runs_of
from eegssl.corpus.sampling import ictal_places
from eegssl.corpus.windows import Windows

MOST_WINDOWS = 192
"""Ours: so many windows of all subjects together, for rank and subjects."""
MOST_SUBJECTS = 32
MOST_ICTAL = 32
"""Windows that overlap a seizure; of the same subjects twice as many others are taken."""
_FEWEST_WINDOWS = 4  # of a subject, where two subjects have so many
_SEED = 0  # the same windows whatever the seed, so that runs can be compared


@dataclass(frozen=True)
class ProbeWindows:
    """The n windows, in order, and who is asked what of them."""

    windows: Windows
    subjects: NDArray[np.int64]
    """[n], numbers of subjects."""
    of_subjects: NDArray[np.bool_]
    """[n]: of subjects drawn alike, for effective rank and subject probe."""
    of_labels: NDArray[np.bool_]
    """[n]: in and out of seizures, for the label probe."""
    ictal: NDArray[np.bool_]
    """[n]: overlaps a seizure."""


def probe_windows(windows: Windows) -> ProbeWindows:
    """Draw windows of a tiling of any length, always the same ones."""
    runs, owners, _ = windows.stretches
    names = [recording.subject for recording in windows.recordings]
    number_of = np.unique(names, return_inverse=True)[1].astype(np.int64)
    numbers = number_of[owners]
    rng = np.random.default_rng(_SEED)
    of_each = {
        k: runs_of(runs.first[numbers == k], runs.stop[numbers == k])
        for k in np.unique(numbers).tolist()
    }
    first = _of_subjects(of_each, rng)
    ictal = ictal_places(windows)
    second = _of_labels(of_each, ictal, number_of[windows.locate(ictal)[0]], rng)
    places = np.union1d(first, second)
    return ProbeWindows(
        windows.subset(places),
        number_of[windows.locate(places)[0]],
        np.isin(places, first),
        np.isin(places, second),
        np.isin(places, ictal),
    )


def _of_subjects(of_each: dict[int, Runs], rng: np.random.Generator) -> Places:
    """Of each of some subjects as many windows."""
    long = [k for k, runs in of_each.items() if len(runs) >= _FEWEST_WINDOWS]
    chosen = _some(long if len(long) > 1 else list(of_each), rng)
    each = MOST_WINDOWS // len(chosen)
    pieces = [of_each[k].some(min(each, len(of_each[k])), rng) for k in chosen]
    return np.sort(np.concatenate(pieces))


def _of_labels(
    of_each: dict[int, Runs], ictal: Places, numbers: Places, rng: np.random.Generator
) -> Places:
    """Windows in and out of seizures, of some subjects who have both; may be none."""
    pieces = [np.zeros(0, np.int64)]
    chosen = _some(np.unique(numbers).tolist(), rng)
    for k in chosen:
        positive = listed_runs(ictal[numbers == k])
        others = of_each[k].without(ictal[numbers == k])
        n = min(len(positive), max(1, MOST_ICTAL // len(chosen)))
        pieces += [positive.some(n, rng), others.some(min(2 * n, len(others)), rng)]
    return np.sort(np.concatenate(pieces))


def _some(subjects: list[int], rng: np.random.Generator) -> list[int]:
    """At most `MOST_SUBJECTS` of them, in order."""
    n = min(MOST_SUBJECTS, len(subjects))
    return sorted(rng.choice(subjects, n, replace=False).tolist()) if n else []
