"""VICReg: known values of each term, and what must not change it."""

import pytest
import torch

from eegssl.objectives.views.vicreg import CONSTANT, vicreg


def rows(n, width, seed=0):
    return torch.randn(n, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def numbers(first, second):
    return {name: value.item() for name, value in vicreg(torch.stack([first, second], 1)).items()}


def test_one_embedding_for_all_has_the_constant_loss():
    same = rows(1, 8).expand(30, 8)
    assert numbers(same, same)["loss"] == pytest.approx(CONSTANT, abs=1e-9)


def test_spread_uncorrelated_equal_views_have_no_loss():
    signs = torch.tensor([[1.0, 1.0], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
    assert numbers(signs, signs)["loss"] == pytest.approx(0, abs=1e-12)


def test_each_term_sees_its_own_fault():
    first = rows(4000, 3)
    base = numbers(first, first)
    assert base["invariance"] == 0
    assert numbers(first, first + 0.5)["invariance"] == pytest.approx(0.25)
    assert numbers(first / 2, first / 2)["variance"] == pytest.approx(1.0, abs=0.03)
    joined = first.clone()
    joined[:, 1] = joined[:, 0]  # two squares of a variance of 1, over three components, twice
    assert numbers(joined, joined)["covariance"] == pytest.approx(4 / 3, abs=0.1)


def test_covariances_are_those_of_torch():
    first, second = rows(50, 4), rows(50, 4, 1)
    expected = sum(
        (c := torch.cov(x.T)).square().sum() - c.diagonal().square().sum() for x in (first, second)
    )
    assert numbers(first, second)["covariance"] == pytest.approx(expected.item() / 4)


def test_order_of_windows_and_views_plays_no_part():
    first, second = rows(20, 5), rows(20, 5, 1)
    order = torch.randperm(20, generator=torch.Generator().manual_seed(2))
    for other in (numbers(first[order], second[order]), numbers(second, first)):
        assert other == pytest.approx(numbers(first, second))


def test_gradients_are_those_of_finite_differences():
    both = torch.stack([rows(6, 3), rows(6, 3, 1)], 1).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: vicreg(x)["loss"], both)


def test_one_window_has_no_statistics_and_a_finite_loss():
    assert numbers(rows(1, 3), rows(1, 3, 1))["loss"] < 1e6
