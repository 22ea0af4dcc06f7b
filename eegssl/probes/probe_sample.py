"""Draw the windows that probes are asked of."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.places.runs import Places, Runs, listed_runs, runs_of
from eegssl.corpus.sampling import ictal_places
from eegssl.corpus.windows import Windows

_OF_SUBJECT = 8  # windows of a subject at least, where it has so many
_OF_FILE = 4  # windows of a recording at least: two in either half
_OTHERS = 2  # windows out of seizures for one that overlaps one
_STREAM = int.from_bytes(b"probe", "big")


@dataclass(frozen=True)
class ProbeSample:
    """The n windows, in order, whose they are, and what is asked of them."""

    windows: Windows
    subjects: tuple[str, ...]
    """Hashed ids."""
    subject: NDArray[np.int64]
    """[n], place in ``subjects``."""
    file: NDArray[np.int64]
    """[n], number of the file; one with gaps is one."""
    late: NDArray[np.bool_]
    """[n]: in the later half of the windows of its file that were drawn for ``of_subjects``."""
    of_subjects: NDArray[np.bool_]
    """[n]: of subjects and their files drawn alike."""
    of_labels: NDArray[np.bool_]
    """[n]: in and out of seizures, of subjects with labelled ones."""
    ictal: NDArray[np.bool_]
    """[n]: overlaps a seizure."""


def probe_sample(windows: Windows, most: int, most_labelled: int, seed: int) -> ProbeSample:
    """Draw at most ``most`` windows for subjects, and ``most_labelled`` in and out of seizures.

    Subjects share alike, and files of a subject; where there are too many for eight windows a
    subject or four a file, some are drawn.
    """
    rng = np.random.default_rng([seed, _STREAM])
    subjects = tuple(sorted({r.subject for r in windows.recordings}))
    number_of = {name: k for k, name in enumerate(subjects)}
    files = {name: k for k, name in enumerate(sorted({r.file for r in windows.recordings}))}
    first = _of_subjects(windows, most, rng)
    second, ictal = _of_labels(windows, most_labelled, rng)
    places = np.union1d(first, second)
    owners = [windows.recordings[k] for k in windows.locate(places)[0].tolist()]
    file = np.array([files[r.file] for r in owners], np.int64)
    of_subjects = np.isin(places, first)
    return ProbeSample(
        windows.subset(places),
        subjects,
        np.array([number_of[r.subject] for r in owners], np.int64),
        file,
        _late(file, of_subjects),
        of_subjects,
        np.isin(places, second),
        np.isin(places, ictal),
    )


def _late(file: NDArray[np.int64], chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    late = np.zeros(len(file), np.bool_)
    for k in np.unique(file[chosen]):
        places = np.flatnonzero((file == k) & chosen)
        late[places[(len(places) + 1) // 2 :]] = True
    return late


def _of_subjects(windows: Windows, most: int, rng: np.random.Generator) -> Places:
    """Windows of subjects and files, alike of each."""
    of_each = _runs_of_files(windows)
    names = _some(sorted(of_each), max(1, most // _OF_SUBJECT), rng)
    each, pieces = most // len(names), []
    for name in names:
        files = of_each[name]
        chosen = _some(sorted(files), max(1, each // _OF_FILE), rng)
        n = max(1, each // len(chosen))
        pieces += [files[f].some(min(n, len(files[f])), rng) for f in chosen]
    return np.sort(np.concatenate(pieces))


def _of_labels(windows: Windows, most: int, rng: np.random.Generator) -> tuple[Places, Places]:
    """Windows in and out of seizures, of subjects with both; and all that overlap a seizure."""
    labelled = np.array([r.labelled for r in windows.recordings])
    ictal = ictal_places(windows)
    of_each = _runs_of_files(windows, labelled)
    owner = windows.locate(ictal)[0]
    names = np.array([windows.recordings[k].subject for k in owner.tolist()], np.str_)
    with_seizures = _some(np.unique(names[labelled[owner]]).tolist(), most, rng)
    each = max(1, most // (1 + _OTHERS) // max(1, len(with_seizures)))
    pieces = [np.zeros(0, np.int64)]
    for name in with_seizures:
        own = ictal[(names == name) & labelled[owner]]
        runs = list(of_each[name].values())
        starts = np.sort(np.concatenate([r.first for r in runs]))
        stops = np.sort(np.concatenate([r.stop for r in runs]))
        others = runs_of(starts, stops).without(own)
        n = min(len(own), each)
        pieces += [listed_runs(own).some(n, rng)]
        pieces += [others.some(min(_OTHERS * n, len(others)), rng)] if len(others) else []
    return np.sort(np.concatenate(pieces)), ictal


def _runs_of_files(
    windows: Windows, wanted: NDArray[np.bool_] | None = None
) -> dict[str, dict[str, Runs]]:
    """Subject -> file -> its windows; of ``wanted`` recordings [R] alone, where given."""
    runs, owners, _ = windows.stretches
    places: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for k, owner in enumerate(owners.tolist()):
        if wanted is None or wanted[owner]:
            recording = windows.recordings[owner]
            places[recording.subject, recording.file].append(k)
    of_each: defaultdict[str, dict[str, Runs]] = defaultdict(dict)
    for (subject, file), own in places.items():
        of_each[subject][file] = runs_of(runs.first[own], runs.stop[own])
    return dict(of_each)


def _some(names: list[str], most: int, rng: np.random.Generator) -> list[str]:
    """At most so many of the names, in order."""
    return sorted(rng.choice(names, most, replace=False).tolist()) if len(names) > most else names
