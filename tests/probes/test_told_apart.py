"""The probes of names find what was planted, and are at chance on noise."""

import numpy as np
import pytest

from eegssl.probes.told_apart import across_files, told_apart

K, EACH = 6, 40  # subjects, windows of each: two files of 20


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def places() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Subject, file and half of each window."""
    subject = np.repeat(np.arange(K), EACH)
    file = np.repeat(np.arange(2 * K), EACH // 2)
    return subject, file, np.tile(np.arange(EACH // 2) >= EACH // 4, 2 * K)


def test_planted_subjects_are_named_and_noise_is_at_chance(rng: np.random.Generator) -> None:
    subject, _, late = places()
    noise = rng.standard_normal((len(subject), 16))
    planted = told_apart(noise + 20 * np.eye(16)[subject], subject, late)
    chance = told_apart(noise, subject, late)
    shuffled = told_apart(noise + 20 * np.eye(16)[subject], rng.permutation(subject), late)
    assert planted and chance and shuffled  # noqa: PT018
    assert planted.shares.tolist() == [1.0] * K
    assert planted.converged
    assert planted.chance == pytest.approx(1 / K)
    for one in (chance, shuffled):
        assert abs(one.shares.mean() - 1 / K) < 0.1
        assert one.n_windows == K * EACH


def test_a_state_of_one_half_does_not_name_a_subject(rng: np.random.Generator) -> None:
    subject, _, late = places()
    states = 2 * subject + late  # one for each subject and half
    one = told_apart(np.eye(2 * K)[states], subject, late)
    assert one is not None
    assert one.shares.mean() < 0.5


def test_no_second_name_no_probe(rng: np.random.Generator) -> None:
    late = np.array([False, True, False, False])
    assert told_apart(rng.standard_normal((4, 3)), np.array([0, 0, 1, 1]), late) is None


def test_what_belongs_to_a_recording_is_lost_in_another(rng: np.random.Generator) -> None:
    subject, file, late = places()
    noise = rng.standard_normal((len(subject), 2 * K))
    of_files = across_files(noise + 20 * np.eye(2 * K)[file], subject, file, late)
    of_subjects = across_files(noise + 20 * np.eye(2 * K)[subject], subject, file, late)
    assert of_files and of_subjects  # noqa: PT018
    assert of_files.same.mean() == 1.0
    assert of_files.other.mean() < 0.5
    assert of_subjects.same.mean() == of_subjects.other.mean() == 1.0


def test_one_recording_a_subject_gives_no_comparison(rng: np.random.Generator) -> None:
    subject, _, late = places()
    assert across_files(rng.standard_normal((len(subject), 3)), subject, subject, late) is None
