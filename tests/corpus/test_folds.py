"""Every subject is tested once, nobody is on two sides, and seizures are shared out."""

import math
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import InputError
from eegssl.io.labels.event_types import Event


def corpus(n_subjects: int, n_with_seizures: int, each: int = 2) -> Corpus:
    """``each`` recordings of each subject; of the first subjects the first holds a seizure."""
    return Corpus(
        (),
        [
            Recording(
                id=f"r-{s:03}-{k}",
                subject=f"s-{s:03}",
                file=f"r-{s:03}-{k}",
                split="train",
                channels=("Cz",),
                n_samples=2000,
                sfreq_hz=200.0,
                line_hz=None,
                events=(Event(1.0, 2.0, "sz"),) if s < n_with_seizures and k == 0 else (),
                folder=Path("nowhere"),
                within_subject=True,
            )
            for s in range(n_subjects)
            for k in range(each)
        ],
    )


def sides(folded: Corpus) -> dict[str, set[str]]:
    return {
        split: {r.subject for r in folded.recordings if r.split == split}
        for split in ("train", "val", "test")
    }


@given(st.integers(3, 40), st.data())
def test_each_subject_is_tested_once_and_on_one_side_only(n: int, data: st.DataObject) -> None:
    marked, folds = data.draw(st.integers(0, n)), data.draw(st.integers(2, n))
    whole, tested = corpus(n, marked, each=1), []
    assume(n - math.ceil(n / folds) >= 2)
    assert n_folds(whole, folds) == folds
    for k in range(folds):
        split = sides(refolded(whole, folds, k, seed=data.draw(st.just(3))))
        assert all(split.values())
        assert sum(map(len, split.values())) == n
        tested += sorted(split["test"])
    assert sorted(tested) == sorted({r.subject for r in whole.recordings})


def test_subjects_with_seizures_are_spread_over_folds_and_validate() -> None:
    whole = corpus(20, 10)
    for k in range(5):
        split = sides(refolded(whole, 5, k, seed=0))
        with_seizures = {f"s-{s:03}" for s in range(10)}
        assert {name: len(who & with_seizures) for name, who in split.items()} == {
            "test": 2,
            "val": round(0.2 * 16 * 8 / 16),
            "train": 8 - round(0.2 * 16 * 8 / 16),
        }


def test_folds_depend_on_the_seed_and_on_nothing_else() -> None:
    whole = corpus(12, 6)
    assert sides(refolded(whole, 4, 1, seed=5)) == sides(refolded(whole, 4, 1, seed=5))
    assert sides(refolded(whole, 4, 1, seed=5)) != sides(refolded(whole, 4, 1, seed=6))


def test_a_fold_is_no_within_subject_split() -> None:
    assert not any(r.within_subject for r in refolded(corpus(5, 2), 5, 0, seed=0).recordings)


def test_leave_one_out_has_a_fold_for_each_subject_and_too_many_folds_are_refused() -> None:
    assert n_folds(corpus(7, 3), "loso") == 7
    assert n_folds(corpus(7, 3), 5) == 5
    with pytest.raises(InputError, match=r"4 subject\(s\) can't make 5 folds"):
        n_folds(corpus(4, 2), 5)
    with pytest.raises(InputError, match="two subjects beside each"):
        n_folds(corpus(2, 2), "loso")
