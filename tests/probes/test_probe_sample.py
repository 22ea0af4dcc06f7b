"""The windows that are asked of are fair to subjects and files, few, and of labelled recordings."""

from dataclasses import replace

import numpy as np
import pytest
from corpora import corpus, recording

from eegssl.corpus.windows import Windows, tile
from eegssl.probes.probe_sample import probe_sample

SEIZURES = ((40.0, 30.0, "sz"), (100.0, 4.0, "sz_foc"))


def people(
    n: int, seconds: float = 400.0, with_seizures: int = 2, labelled: bool = True
) -> Windows:
    """Two recordings each of n subjects, the first with seizures in so many of them."""
    ones = []
    for k in range(2 * n):
        events = SEIZURES if k % 2 == 0 and k // 2 < with_seizures else ()
        plain = recording(k, seconds, n_channels=2 + k % 2, events=events)
        ones.append(replace(plain, subject=f"s-{k // 2:04d}", labelled=labelled or k % 2 == 0))
    return tile(corpus(*ones), ones, 4.0)


def test_subjects_and_their_files_give_as_many_windows_as_others() -> None:
    sample = probe_sample(people(8), 192, 60, 0)
    some = sample.of_subjects
    assert set(np.bincount(sample.subject[some]).tolist()) == {24}
    assert set(np.bincount(sample.file[some]).tolist()) == {12}
    halves = np.bincount(sample.file[some & sample.late])
    assert set(halves.tolist()) == {6}


def test_the_later_half_of_a_file_begins_after_the_earlier_one() -> None:
    sample = probe_sample(people(4), 64, 30, 0)
    start_s = sample.windows.start_s
    for k in np.unique(sample.file):
        own = sample.of_subjects & (sample.file == k)
        assert start_s[own & ~sample.late].max() < start_s[own & sample.late].min()


def test_many_subjects_and_files_are_drawn_from_and_told_apart() -> None:
    sample = probe_sample(people(100), 160, 30, 0)
    counts = np.bincount(sample.subject[sample.of_subjects])
    assert set(counts[counts > 0].tolist()) == {8}
    assert (counts > 0).sum() == 20
    assert len(sample.subjects) == 100


def test_seizures_and_others_are_of_the_same_subjects() -> None:
    sample = probe_sample(people(6, with_seizures=3), 96, 90, 0)
    inside, outside = sample.of_labels & sample.ictal, sample.of_labels & ~sample.ictal
    assert set(sample.subject[inside]) == set(sample.subject[outside]) == {0, 1, 2}
    assert outside.sum() == 2 * inside.sum()


def test_what_nobody_labelled_is_no_background() -> None:
    sample = probe_sample(people(4, labelled=False), 64, 60, 0)
    owners = [sample.windows.recordings[k] for k in sample.windows.owner[sample.of_labels]]
    assert owners
    assert all(r.labelled for r in owners)


def test_a_file_with_gaps_is_one_file() -> None:
    ones = [replace(recording(k, 100), subject="s-1", file=f"f-{k // 2}") for k in range(4)]
    sample = probe_sample(tile(corpus(*ones), ones, 4.0), 64, 30, 0)
    assert len(np.unique(sample.file)) == 2


def test_the_seed_decides_and_without_seizures_there_are_no_labels() -> None:
    windows = people(4, with_seizures=0)
    one, same, other = (probe_sample(windows, 64, 30, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one.windows.start, same.windows.start)
    assert one.windows.start.tolist() != other.windows.start.tolist()
    assert not one.of_labels.any()


@pytest.mark.parametrize("most", [16, 64, 1024])
def test_there_are_never_more_than_asked_for(most: int) -> None:
    sample = probe_sample(people(6), most, most, 0)
    assert sample.of_subjects.sum() <= most
    assert sample.of_labels.sum() <= most
