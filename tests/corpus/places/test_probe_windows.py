"""The windows that judge embeddings are few, fair to subjects, and always the same."""

from dataclasses import replace

import numpy as np
from corpora import corpus, recording

from eegssl.corpus.places.probe_windows import (
    MOST_ICTAL,
    MOST_SUBJECTS,
    MOST_WINDOWS,
    probe_windows,
)
from eegssl.corpus.windows import Windows, tile

SEIZURES = ((40.0, 30.0, "sz"), (100.0, 4.0, "sz_foc"))


def people(n: int, seconds: float = 400.0, with_seizures: int = 2) -> Windows:
    """Two recordings each of n subjects, the first with seizures in so many of them."""
    ones = []
    for k in range(2 * n):
        events = SEIZURES if k % 2 == 0 and k // 2 < with_seizures else ()
        plain = recording(k, seconds, n_channels=2 + k % 2, events=events)
        ones.append(replace(plain, subject=f"s-{k // 2:04d}"))
    return tile(corpus(*ones), ones, 4.0)


def test_each_subject_gives_as_many_windows_as_the_others() -> None:
    probe = probe_windows(people(8))
    counts = np.bincount(probe.subjects[probe.of_subjects])
    assert set(counts.tolist()) == {MOST_WINDOWS // 8}


def test_they_stay_few_in_a_large_corpus() -> None:
    windows = people(100, seconds=2000, with_seizures=60)
    probe = probe_windows(windows)
    assert len(windows) == 100_000
    assert probe.of_subjects.sum() <= MOST_WINDOWS
    assert len(np.unique(probe.subjects[probe.of_subjects])) == MOST_SUBJECTS
    assert 0 < (probe.ictal & probe.of_labels).sum() <= MOST_ICTAL
    assert len(probe.windows) <= MOST_WINDOWS + 3 * MOST_ICTAL


def test_windows_in_and_out_of_seizures_are_of_the_same_subjects() -> None:
    probe = probe_windows(people(6, with_seizures=3))
    labelled = probe.of_labels
    inside, outside = labelled & probe.ictal, labelled & ~probe.ictal
    assert set(probe.subjects[inside]) == set(probe.subjects[outside]) == {0, 1, 2}
    assert outside.sum() == 2 * inside.sum()
    owner, start_s = probe.windows.owner, probe.windows.start_s
    touched = [
        any(s < e.onset_s + e.duration_s and s + 4 > e.onset_s for e in events)
        for events, s in zip(
            [probe.windows.recordings[k].events for k in owner], start_s, strict=True
        )
    ]
    assert probe.ictal.tolist() == touched


def test_they_are_the_same_each_time_and_in_order() -> None:
    windows = people(5)
    one, two = probe_windows(windows), probe_windows(windows)
    assert (one.windows.start_s == two.windows.start_s).all()
    assert (np.diff(one.windows.owner) >= 0).all()
    for subject in range(5):
        own = np.flatnonzero(one.subjects == subject)
        assert (np.diff(own) > 0).all()


def test_a_corpus_without_seizures_or_with_one_subject_has_what_there_is() -> None:
    calm = probe_windows(people(4, with_seizures=0))
    assert not calm.of_labels.any()
    alone = probe_windows(people(1, seconds=8, with_seizures=0))
    assert len(alone.windows) == 4
    assert alone.of_subjects.all()
