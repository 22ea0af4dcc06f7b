"""Unbiased CKA: 1 for a rotation, 0 on average for noise, and the formula of Song et al."""

import numpy as np
import pytest

from eegssl.probes.layer_similarity import cka_matrix


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(6)


def test_rotations_factors_and_offsets_change_nothing(rng: np.random.Generator) -> None:
    layer = rng.standard_normal((50, 12))
    turned, _ = np.linalg.qr(rng.standard_normal((12, 12)))
    assert cka_matrix([layer], [3.5 * layer @ turned + 7])[0, 0] == pytest.approx(1.0, abs=1e-9)


def test_independent_noise_is_0_where_the_plain_estimate_is_not(rng: np.random.Generator) -> None:
    """Sixty windows of width 200: the plain estimate is above one half."""
    pairs = [rng.standard_normal((2, 60, 200)) for _ in range(40)]
    unbiased = [cka_matrix([one], [other])[0, 0] for one, other in pairs]
    assert abs(np.mean(unbiased)) < 4 * np.std(unbiased) / np.sqrt(40) + 0.005
    plain = []
    for one, other in pairs:
        k, h = [x - x.mean(axis=0) for x in (one, other)]
        grams = [k @ k.T, h @ h.T]
        plain.append(np.sum(grams[0] * grams[1]) / np.prod([np.linalg.norm(g) for g in grams]))
    assert np.mean(plain) > 0.5


def test_it_is_the_estimator_of_song_et_al(rng: np.random.Generator) -> None:
    one, other = rng.standard_normal((20, 5)), rng.standard_normal((20, 3))

    def hsic(x: np.ndarray, y: np.ndarray) -> float:
        n, k, m = len(x), x @ x.T, y @ y.T
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        ones = np.ones(n)
        middle = (ones @ k @ ones) * (ones @ m @ ones) / ((n - 1) * (n - 2))
        last = 2 / (n - 2) * (ones @ k @ m @ ones)
        return float((np.trace(k @ m) + middle - last) / (n * (n - 3)))

    expected = hsic(one, other) / np.sqrt(hsic(one, one) * hsic(other, other))
    assert cka_matrix([one], [other])[0, 0] == pytest.approx(expected, rel=1e-9)


def test_a_matrix_is_symmetric_with_ones_and_a_constant_layer_has_none(
    rng: np.random.Generator,
) -> None:
    layers = [rng.standard_normal((30, 4)), rng.standard_normal((30, 6)), np.ones((30, 2))]
    matrix = cka_matrix(layers)
    np.testing.assert_allclose(matrix, matrix.T)
    np.testing.assert_allclose(np.diag(matrix)[:2], 1)
    assert np.isnan(matrix[2]).all()


def test_three_windows_are_too_few() -> None:
    with pytest.raises(ValueError, match="got 3 windows"):
        cka_matrix([np.eye(3)])
