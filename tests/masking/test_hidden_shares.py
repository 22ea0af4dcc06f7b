"""Block masks reach every channel, and each kind hides all about equally often."""

import numpy as np
import pytest
from montage_names import CHBMIT, MONTAGES, TEN_TWENTY

from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_mask
from eegssl.signal.channels.electrodes import geometry


def draws(config, where, n_patches, n):
    """So many masks [n, C, N], one a step."""
    return np.stack(
        [draw_mask(config, where, n_patches, seed=0, step=k, sample=0) for k in range(n)]
    )


@pytest.mark.parametrize("radius_cm", [0.01, 0.7, 4.0, 40.0])
def test_blocks_of_any_radius_reach_every_electrode(radius_cm):
    where = geometry(MONTAGES["10-10"])
    config = MaskingConfig(kind="block", radius_cm=radius_cm)
    masks = draws(config, where, 4, 60)
    assert masks.any(axis=(0, 2)).all()
    assert not masks.all(axis=(0, 2)).any()


DOUBLE_BANANA = CHBMIT[:18]
OVERLAPPING = 0.17
"""A derivation between two regions is hidden with either, so more often than one inside a region:
.63 to .65 against .37 to .39."""


@pytest.mark.parametrize(
    ("kind", "names", "bound"),
    [
        ("block", TEN_TWENTY, 0.05),
        ("block", DOUBLE_BANANA, 0.05),
        ("region", TEN_TWENTY, 0.05),
        ("region", DOUBLE_BANANA, OVERLAPPING),
        ("region-time", TEN_TWENTY, 0.05),
        ("region-time", DOUBLE_BANANA, OVERLAPPING),
    ],
)
def test_each_channel_is_hidden_about_as_often_as_the_ratio_says(kind, names, bound):
    """Shares of 2,000 masks at a ratio of one half; discs around electrodes had .30 to .62."""
    config = MaskingConfig(kind=kind, ratio=0.5)
    where = geometry(names)
    shares = draws(config, where, 10, 2000).mean(axis=(0, 2))
    assert np.abs(shares - 0.5).max() < bound, dict(zip(names, shares.round(2), strict=True))
