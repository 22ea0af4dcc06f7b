"""A temperature undoes over-confidence, changes no order, and stays finite."""

import numpy as np
import pytest

from eegssl.scoring.temperature import choose_temperature


def calibrated(n: int, n_classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Logits that say the truth about their own errors, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((n, n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return logits, np.array([rng.choice(n_classes, p=row) for row in p])


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("factor", [0.25, 1.0, 4.0])
def test_logits_that_were_scaled_are_scaled_back(factor: float, n_classes: int) -> None:
    logits, truth = calibrated(20_000, n_classes)
    found = choose_temperature(factor * logits, truth, balanced=False)
    assert found is not None
    assert found.value == pytest.approx(factor, rel=0.05)
    assert found.loss_after <= found.loss_before


def test_windows_told_apart_without_an_error_leave_it_finite() -> None:
    truth = np.arange(200) % 2
    logits = np.stack([-(2.0 * truth - 1), 2.0 * truth - 1], axis=1)
    found = choose_temperature(logits, truth, balanced=True)
    assert found is not None
    # by Platt's targets the positive probability is (N + 1) / (N + 2): the margin is log(101)
    assert found.value == pytest.approx(2 / np.log(101), rel=1e-3)


def test_windows_without_a_label_have_no_part_in_it() -> None:
    logits, truth = calibrated(500, 3)
    more = np.concatenate([truth, np.full(50, -1)])
    wild = np.concatenate([logits, np.full((50, 3), 9.0)])
    found = choose_temperature(wild, more, balanced=False)
    assert found == choose_temperature(logits, truth, balanced=False)
    assert choose_temperature(logits, np.full(500, -1), balanced=False) is None


def test_a_rare_class_does_not_flatten_logits_that_were_learned_balanced() -> None:
    rng = np.random.default_rng(0)
    truth = (np.arange(60_000) % 50 == 0).astype(int)  # as at validation; learned half and half
    seen = rng.exponential(np.where(truth == 1, 4.0, 1.0))
    margin = np.log(0.25) + 0.75 * seen  # the logarithm of how much likelier it makes class 1
    logits = np.stack([0 * margin, 3 * margin], axis=1)
    found = choose_temperature(logits, truth, balanced=True)
    plain = choose_temperature(logits, truth, balanced=False)
    assert found is not None
    assert plain is not None
    assert found.value == pytest.approx(3, rel=0.1)
    assert abs(plain.value - 3) > 1
