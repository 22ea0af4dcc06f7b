"""Pooling: one vector per window, whatever the order of the channels."""

import pytest
import torch

from eegssl.encoder.pooling import pool, pooled_width
from eegssl.errors import ConfigError


@pytest.mark.parametrize("kind", ["mean", "max", "mean_max"])
def test_pooling_is_blind_to_the_order_of_channels(kind):
    x = torch.randn(2, 5, 3, 4, generator=torch.Generator().manual_seed(0))
    assert pool(x, kind).shape == (2, pooled_width(4, kind))
    torch.testing.assert_close(pool(x, kind), pool(x.flip(1), kind))


def test_a_seizure_in_one_channel_shows_in_the_maximum():
    x = torch.zeros(1, 20, 3, 4)
    x[:, 7] = 1
    pooled = pool(x, "mean_max")
    assert torch.equal(pooled[:, 4:], torch.ones(1, 4))
    assert torch.allclose(pooled[:, :4], torch.full((1, 4), 0.05))


def test_an_unknown_kind_is_refused_with_the_known_ones():
    with pytest.raises(ConfigError, match="mean, max, mean_max"):
        pool(torch.zeros(1, 1, 1, 4), "median")
