"""Pooling: one vector per window, whatever the order of the channels."""

import pytest
import torch

from eegssl.encoder.pooling import pool, pooled_width
from eegssl.errors import ConfigError
from eegssl.signal.channels.regions import REGIONS


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
    with pytest.raises(ConfigError, match="mean, max, mean_max, region, channels"):
        pool(torch.zeros(1, 1, 1, 4), "median")


def test_regions_are_means_of_their_channels_and_an_empty_one_is_the_mean_of_all():
    x = torch.tensor([1.0, 3.0, 8.0]).view(1, 3, 1, 1).expand(1, 3, 2, 4)
    regions = torch.zeros(1, 3, len(REGIONS))
    regions[0, 0, 0] = regions[0, 1, 0] = 1
    regions[0, 2, 1] = 0.5
    pooled = pool(x, "region", regions=regions)
    assert pooled.shape == (1, pooled_width(4, "region"))
    assert torch.allclose(pooled.view(len(REGIONS), 4)[:3, 0], torch.tensor([2.0, 8.0, 4.0]))
    flipped = pool(x.flip(1), "region", regions=regions.flip(1))
    assert torch.allclose(pooled, flipped)
    assert torch.equal(pool(x, "region", regions=regions, per_patch=True)[:, 0], pooled)


def test_absent_channels_have_no_part_in_regions():
    x = torch.randn(1, 4, 2, 3, generator=torch.Generator().manual_seed(0))
    regions = torch.rand(1, 4, len(REGIONS), generator=torch.Generator().manual_seed(1))
    present = torch.tensor([[True, True, True, False]])
    for per_patch in (False, True):
        padded = pool(x, "region", present, regions=regions, per_patch=per_patch)
        plain = pool(x[:, :3], "region", regions=regions[:, :3], per_patch=per_patch)
        torch.testing.assert_close(padded, plain)


def test_channels_stay_apart_in_their_order():
    x = torch.arange(24.0).view(1, 3, 2, 4)
    assert pool(x, "channels").shape == (1, pooled_width(4, "channels", 3))
    assert torch.equal(pool(x, "channels").view(3, 4), x[0].mean(dim=1))
    assert pool(x, "channels", per_patch=True).shape == (1, 2, 12)
