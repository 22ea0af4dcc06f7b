"""Probes of held-out subjects give what is known: R² of 1 and 0, AUROC of 1 and a half."""

import numpy as np
import pytest

from eegssl.probes.subjects_held_out import class_probe, dealt, explained, subject_values

K, EACH = 10, 30
SUBJECT = np.repeat(np.arange(K), EACH)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def r2(features: np.ndarray, targets: np.ndarray) -> list[float]:
    one = explained(features, targets, SUBJECT)
    assert one is not None
    whole = np.ones((1, K), np.int64)
    return [float(one.r2(whole, k)[0]) for k in range(targets.shape[1])]


def test_features_that_hold_band_power_explain_it(rng: np.random.Generator) -> None:
    powers = rng.standard_normal((len(SUBJECT), 5)) + rng.standard_normal((K, 5))[SUBJECT]
    mixed = powers @ rng.standard_normal((5, 12))
    assert min(r2(mixed, powers)) > 0.999


def test_noise_explains_nothing_and_is_not_rewarded_for_subjects(
    rng: np.random.Generator,
) -> None:
    """Features that only name the subject know its mean in training, and nothing of others."""
    targets = rng.standard_normal((K, 2))[SUBJECT]
    named = np.eye(K)[SUBJECT] + 0.01 * rng.standard_normal((len(SUBJECT), K))
    assert max(r2(named, targets)) < 0.2
    assert max(r2(rng.standard_normal((len(SUBJECT), 8)), targets)) < 0.1


def test_a_constant_answer_is_an_r2_of_0() -> None:
    targets = np.arange(len(SUBJECT), dtype=np.float64)[:, None]
    assert r2(np.ones((len(SUBJECT), 3)), targets) == [pytest.approx(0.0, abs=1e-9)]


def test_planted_classes_are_ranked_and_noise_is_not(rng: np.random.Generator) -> None:
    positive = np.tile(np.arange(EACH) < 8, K)
    noise = rng.standard_normal((len(SUBJECT), 6))
    planted = class_probe(noise + 8 * positive[:, None], positive, SUBJECT)
    chance = class_probe(noise, positive, SUBJECT)
    assert planted and chance  # noqa: PT018
    assert planted.auroc.tolist() == [1.0] * K
    assert abs(chance.auroc.mean() - 0.5) < 0.1


def test_probes_of_the_full_features_are_asked_of_changed_ones(rng: np.random.Generator) -> None:
    positive = np.tile(np.arange(EACH) < 8, K)
    full = rng.standard_normal((len(SUBJECT), 4)) + 8 * positive[:, None]
    turned = class_probe(full, positive, SUBJECT, [-full])
    assert turned is not None
    assert turned.auroc.mean() == 1.0
    assert turned.auroc_changed[0].mean() == 0.0


def test_one_subject_with_both_classes_is_too_few(rng: np.random.Generator) -> None:
    positive = SUBJECT == 0
    positive[0] = False
    assert class_probe(rng.standard_normal((len(SUBJECT), 3)), positive, SUBJECT) is None
    assert explained(np.ones((4, 1)), np.ones((4, 1)), np.array([0, 0, 1, 1])) is None


def test_subjects_are_classified_without_their_own_row(rng: np.random.Generator) -> None:
    positive = np.arange(24) % 3 == 0
    values, converged = subject_values(
        rng.standard_normal((24, 3)) + 9 * positive[:, None], positive
    )
    assert converged
    assert values[positive].min() > values[~positive].max()


def test_a_subject_is_in_one_fold() -> None:
    folds = dealt(SUBJECT)
    assert np.sum(folds, axis=0).tolist() == [1] * len(SUBJECT)
    for fold in folds:
        assert not set(SUBJECT[fold]) & set(SUBJECT[~fold])
