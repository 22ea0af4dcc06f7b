"""The Epps-Pulley statistic: known values, a slow reference, gradients, rotations, parts."""

import cmath
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from eegssl.objectives.latents.isotropy import KNOTS, LAST, epps_pulley, waves


def statistic(projections: Tensor) -> Tensor:
    return epps_pulley(waves(projections), len(projections))


def reference(samples: list[float]) -> float:
    """The formula, number by number."""
    n, step, total = len(samples), LAST / (KNOTS - 1), 0.0
    for k in range(KNOTS):
        t = k * step
        phi = sum(cmath.exp(1j * t * s) for s in samples) / n
        weight = step / 2 if k in (0, KNOTS - 1) else step
        normal = math.exp(-t * t / 2)
        total += weight * abs(phi - normal) ** 2 * normal
    return 2 * n * total


EXPECTED = 2 * np.trapezoid(
    [(1 - math.exp(-t * t)) * math.exp(-t * t / 2) for t in np.linspace(0, LAST, KNOTS)],
    dx=LAST / (KNOTS - 1),
)
"""Of n samples of the normal distribution, where the variance of φ at t is (1 - exp(-t²)) / n."""


@pytest.mark.parametrize("n", [16, 400])
def test_samples_of_the_normal_distribution_are_near_the_expectation(n: int) -> None:
    g = torch.Generator().manual_seed(0)
    mean = statistic(torch.randn(n, 4000, generator=g)).mean().item()
    assert mean == pytest.approx(EXPECTED, rel=0.05)
    assert pytest.approx(1.05, abs=0.01) == EXPECTED


@pytest.mark.parametrize("value", [0.0, 1.0, 3.0])
def test_a_constant_is_far_from_it_in_proportion_to_n(value: float) -> None:
    few, many = (statistic(torch.full((n, 1), value)).item() for n in (10, 100))
    assert many == pytest.approx(10 * few, rel=1e-4)
    assert many > 30 * EXPECTED


def test_it_is_that_of_a_slow_reference() -> None:
    samples = torch.randn(9, 3, dtype=torch.float64).cumsum(0)
    found = statistic(samples)
    for column, value in zip(samples.T.tolist(), found.tolist(), strict=True):
        assert value == pytest.approx(reference(column), rel=1e-12)
    torch.testing.assert_close(statistic(samples.float()), found.float(), rtol=1e-4, atol=1e-5)


def test_gradients_are_those_of_finite_differences() -> None:
    samples = torch.randn(5, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(statistic, samples)


def test_parts_add_up() -> None:
    samples = torch.randn(12, 4, dtype=torch.float64)
    sums = waves(samples[:5]) + waves(samples[5:])
    torch.testing.assert_close(epps_pulley(sums, 12), statistic(samples))


def test_over_random_directions_rotated_embeddings_are_as_far() -> None:
    g = torch.Generator().manual_seed(1)
    embeddings = torch.randn(50, 6, generator=g) * torch.tensor([3.0, 1, 1, 0.1, 0.1, 1])
    rotation = torch.linalg.qr(torch.randn(6, 6, generator=g)).Q
    directions = torch.nn.functional.normalize(torch.randn(20_000, 6, generator=g), dim=-1)
    found = [statistic(z @ directions.T).mean() for z in (embeddings, embeddings @ rotation)]
    assert found[0].item() == pytest.approx(found[1].item(), rel=0.03)
