"""Effective rank and probes say of made embeddings what was put into them."""

import numpy as np
import pytest

from eegssl.scoring.embedding_scores import effective_rank, label_probe, subject_probe


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.mark.parametrize(("rank", "width"), [(1, 8), (4, 16), (12, 200), (30, 30)])
def test_equally_strong_directions_are_counted(
    rng: np.random.Generator, rank: int, width: int
) -> None:
    basis, _ = np.linalg.qr(rng.standard_normal((width, rank)))
    scores = rng.standard_normal((120, rank))
    scores, _ = np.linalg.qr(scores - scores.mean(axis=0))
    embeddings = 3.0 + scores @ basis.T
    assert effective_rank(embeddings) == pytest.approx(rank, rel=1e-6)


def test_it_is_the_exponential_of_the_entropy_by_hand() -> None:
    embeddings = np.array([[3.0, 0.0], [-3.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    share = np.array([0.75, 0.25])
    assert effective_rank(embeddings) == pytest.approx(np.exp(-(share * np.log(share)).sum()))


def test_collapsed_embeddings_have_rank_one(rng: np.random.Generator) -> None:
    assert effective_rank(np.full((50, 16), 7.25)) == 1.0
    assert effective_rank(np.zeros((1, 16))) == 1.0
    line = np.outer(rng.standard_normal(50), rng.standard_normal(16)) + 4
    assert effective_rank(line) == pytest.approx(1.0, abs=1e-5)


def test_many_windows_and_wide_embeddings_agree(rng: np.random.Generator) -> None:
    tall = rng.standard_normal((40, 39))
    tall -= tall.mean(axis=0)
    wide = np.hstack([tall, np.zeros((40, 30))])
    assert effective_rank(wide) == pytest.approx(effective_rank(tall), rel=1e-9)


def test_one_hot_subjects_are_told_apart_and_noise_is_not(rng: np.random.Generator) -> None:
    subjects = np.repeat(np.arange(10), 20)
    told = subject_probe(np.eye(10)[subjects] + 0.01 * rng.standard_normal((200, 10)), subjects)
    assert told == (1.0, pytest.approx(0.1))
    noise = subject_probe(rng.standard_normal((200, 10)), subjects)
    assert noise is not None
    assert noise[0] < 0.25


def test_what_changes_within_a_subject_is_not_its_identity(rng: np.random.Generator) -> None:
    """The second half of a subject's windows is asked: a state of the first does not help."""
    subjects = np.repeat(np.arange(4), 40)
    states = np.tile(np.repeat([0, 1], 20), 4) * 4 + subjects
    told = subject_probe(np.eye(8)[states], subjects)
    assert told is not None
    assert told[0] <= 0.5


def test_collapsed_embeddings_tell_nobody_apart() -> None:
    subjects = np.repeat(np.arange(5), 8)
    told = subject_probe(np.ones((40, 16)), subjects)
    assert told == (pytest.approx(0.2), pytest.approx(0.2))


def test_too_few_subjects_have_no_probe() -> None:
    assert subject_probe(np.ones((6, 2)), np.zeros(6, np.int64)) is None
    assert subject_probe(np.ones((3, 2)), np.arange(3)) is None


def test_seizures_are_read_across_subjects(rng: np.random.Generator) -> None:
    subjects = np.repeat(np.arange(6), 30)
    positive = np.tile(np.arange(30) < 6, 6)
    signal = np.where(positive, 1.5, 0.0)[:, None] * np.eye(1, 40)
    embeddings = signal + rng.standard_normal((180, 40)) * 0.3
    score = label_probe(embeddings, positive, subjects)
    assert score is not None
    assert score > 0.95
    chance = label_probe(rng.standard_normal((180, 40)), positive, subjects)
    assert chance is not None
    assert abs(chance - 0.5) < 0.2


def test_a_sign_that_each_subject_has_of_its_own_is_no_label(rng: np.random.Generator) -> None:
    """What marks seizures in one person and not in another does not pass between the halves."""
    subjects = np.repeat(np.arange(6), 30)
    positive = np.tile(np.arange(30) < 15, 6)
    own = np.eye(6)[subjects] * np.where(positive, 1.0, -1.0)[:, None]
    score = label_probe(own + 0.01 * rng.standard_normal(own.shape), positive, subjects)
    assert score is not None
    assert score < 0.7


def test_without_seizures_in_two_subjects_there_is_no_label_probe() -> None:
    subjects = np.repeat(np.arange(3), 10)
    embeddings = np.random.default_rng(0).standard_normal((30, 4))
    assert label_probe(embeddings, np.zeros(30, bool), subjects) is None
    assert label_probe(embeddings, (subjects == 1) & (np.arange(30) % 2 == 0), subjects) is None
    assert label_probe(embeddings, np.ones(30, bool), subjects) is None
