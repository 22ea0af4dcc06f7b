"""Draws of calm and ictal windows: apart, each once, all sets equally likely."""

from collections import Counter
from itertools import combinations

import numpy as np

from eegssl.corpus.places.buckets import Bucket, Key
from eegssl.corpus.places.runs import Runs
from eegssl.corpus.places.seizure_shares import seizure_shares


def runs(*pairs: tuple[int, int]) -> Runs:
    return Runs(np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))


def bucket(calm: Runs, ictal: Runs, ictal_share: float) -> Bucket:
    return Bucket(Key("made", 19), calm, ictal, 1.0, ictal_share)


FIRST = bucket(runs((0, 40), (50, 90)), runs((40, 50)), 0.5)
SECOND = bucket(runs((100, 170), (180, 200)), runs((170, 180)), 0.1)


def test_a_grain_holds_different_windows_of_its_bucket() -> None:
    shares = seizure_shares([FIRST, SECOND])
    for seed in range(200):
        grains = shares.draw(np.array([1, 0, 1]), [8, 8, 5], np.random.default_rng(seed))
        assert [len(grain) for grain in grains] == [8, 8, 5]
        for grain, low in zip(grains, (100, 0, 100), strict=True):
            assert len(set(grain.tolist())) == len(grain)
            assert low <= grain.min()
            assert grain.max() < low + 100


def test_the_expected_share_of_each_bucket_is_its_own() -> None:
    shares, rng = seizure_shares([FIRST, SECOND]), np.random.default_rng(0)
    grains = shares.draw(np.repeat([0, 1], 2000), [4] * 4000, rng)
    first, second = np.concatenate(grains[:2000]), np.concatenate(grains[2000:])
    of_first = np.isin(first, np.arange(40, 50)).mean()
    of_second = np.isin(second, np.arange(170, 180)).mean()
    assert abs(of_first - 0.5) < 5 * np.sqrt(0.25 / 8000)
    assert abs(of_second - 0.1) < 5 * np.sqrt(0.09 / 8000)


def test_all_sets_of_windows_are_equally_likely() -> None:
    only = bucket(runs((0, 1)), runs((10, 15)), 1.0)
    n = 10_000
    grains = seizure_shares([only]).draw(np.zeros(n, int), [3] * n, np.random.default_rng(1))
    counts = Counter(tuple(sorted(grain.tolist())) for grain in grains)
    expected = n / 10
    assert set(counts) == set(combinations(range(10, 15), 3))
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < 27.9  # of 9 degrees of freedom: .001


def test_as_many_as_there_are_come_once_and_more_come_again() -> None:
    only = bucket(runs((0, 1)), runs((10, 15)), 1.0)
    shares, rng = seizure_shares([only]), np.random.default_rng(2)
    (whole,) = shares.draw(np.array([0]), [5], rng)
    assert sorted(whole.tolist()) == list(range(10, 15))
    (more,) = shares.draw(np.array([0]), [9], rng)
    assert len(more) == 9
    assert set(more.tolist()) <= set(range(10, 15))
