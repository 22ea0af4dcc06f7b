"""NT-Xent: known values at chance and at truth, and what must not change it."""

import math

import pytest
import torch
from torch.nn import functional as F

from eegssl.objectives.views.nt_xent import nt_xent


def views(n=40, width=64, seed=0, dtype=torch.float64):
    return torch.randn(n, 2, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def loss_of(both, temperature=0.1):
    return nt_xent(both, both, 0, temperature)[0].mean()


@pytest.mark.parametrize("n", [1, 2, 40])
def test_one_embedding_for_all_has_the_loss_of_a_guess(n):
    both = views(1).expand(n, 2, 64).clone()
    both[:, 1] = both[:, 0]
    assert loss_of(both).item() == pytest.approx(math.log(2 * n - 1), abs=1e-9)


def test_random_embeddings_are_near_the_loss_of_a_guess():
    losses, hits = nt_xent(views(200), views(200), 0, 1.0)
    assert losses.mean().item() == pytest.approx(math.log(399), abs=0.02)
    assert hits.double().mean() < 0.03


def test_at_truth_the_loss_vanishes():
    both = torch.eye(20, dtype=torch.float64)[:, None].expand(20, 2, 20)
    losses, hits = nt_xent(both, both, 0, 0.05)
    assert hits.all()
    assert losses.max().item() == pytest.approx(math.log(1 + 38 * math.exp(-20)), abs=1e-12)


def test_it_is_what_its_formula_says():
    both, temperature = views(5, 3), 0.3
    rows = F.normalize(both.flatten(0, 1), dim=-1)
    cosines = rows @ rows.T / temperature
    expected = 0.0
    for i in range(10):
        others = [cosines[i, j].exp() for j in range(10) if j != i]
        expected -= (cosines[i, i ^ 1].exp() / sum(others)).log() / 10
    assert loss_of(both, temperature).item() == pytest.approx(expected.item(), abs=1e-12)


def test_order_of_windows_and_views_and_scale_play_no_part():
    both = views()
    order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
    for other in (both[order], both.flip(1), 7 * both):
        torch.testing.assert_close(loss_of(other), loss_of(both))


def test_shares_of_windows_add_up_to_the_whole():
    both = views(7)
    parts = [nt_xent(both[a:b], both, a, 0.1)[0] for a, b in ((0, 3), (3, 4), (4, 7))]
    torch.testing.assert_close(torch.cat(parts), nt_xent(both, both, 0, 0.1)[0])


def test_gradients_are_those_of_finite_differences():
    both = views(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss_of(x, 0.5), both)
