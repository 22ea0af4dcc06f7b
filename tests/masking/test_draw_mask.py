"""Masks: pure, seeded, near their ratio, and region masks hide regions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_mask

REGION = MaskingConfig(kind="region", ratio=0.5)


def referential(n_channels: int, n_regions: int = 8) -> np.ndarray:
    regions = np.zeros((n_channels, n_regions), np.float32)
    regions[np.arange(n_channels), np.arange(n_channels) % n_regions] = 1
    return regions


def bipolar(n_channels: int, n_regions: int = 8) -> np.ndarray:
    return np.maximum(referential(n_channels), np.roll(referential(n_channels), 1, axis=0))


@st.composite
def anywhere(draw):
    """Channels in none, one or several regions; any ratio; any length."""
    n_channels, n_patches = draw(st.integers(1, 40)), draw(st.integers(1, 30))
    seed = draw(st.integers(0, 10_000))
    density = draw(st.sampled_from([0.0, 0.1, 0.3, 1.0]))
    regions = np.random.default_rng(seed).random((n_channels, 8)) < density
    return regions.astype(np.float32), n_patches, draw(st.floats(0.01, 0.99)), seed


@settings(deadline=None, max_examples=300)
@given(anywhere(), st.sampled_from(["region", "random"]))
def test_ratio_holds_and_something_is_always_hidden_and_visible(case, kind):
    regions, n_patches, ratio, seed = case
    total = len(regions) * n_patches
    config = MaskingConfig(kind=kind, ratio=ratio)
    if total < 2:
        with pytest.raises(InputError, match="at least 2 patches"):
            draw_mask(config, regions, n_patches, seed=seed, step=0, sample=0)
        return
    mask = draw_mask(config, regions, n_patches, seed=seed, step=0, sample=0)
    assert mask.shape == (len(regions), n_patches)
    assert mask.dtype == bool
    assert 0 < mask.sum() < total
    bound = 1 / total + (1 / (2 * n_patches) if kind == "region" else 0)
    assert abs(mask.mean() - ratio) <= bound + 1e-9


def test_same_seed_step_and_sample_give_the_same_mask_and_others_another():
    def mask(seed, step, sample):
        return draw_mask(REGION, referential(19), 10, seed=seed, step=step, sample=sample)

    np.random.seed(0)
    first = mask(1, 2, 3)
    np.random.seed(1)  # the global generator plays no part
    assert np.array_equal(first, mask(1, 2, 3))
    masks = {m.tobytes() for m in [first, mask(0, 2, 3), mask(1, 0, 3), mask(1, 2, 0)]}
    assert len(masks) > 2


@pytest.mark.parametrize("montage", [referential, bipolar])
def test_a_hidden_region_hides_every_channel_that_touches_it(montage):
    for sample in range(50):
        regions = montage(20) > 0
        mask = draw_mask(REGION, regions.astype(np.float32), 10, seed=0, step=0, sample=sample)
        hidden_throughout = mask.all(axis=1)
        complete = [r for r in range(8) if hidden_throughout[regions[:, r]].all()]
        partly = mask.any(axis=1) & ~hidden_throughout
        assert complete
        # every channel hidden all along lies in a region that is hidden altogether
        assert (regions[:, complete].any(axis=1) >= hidden_throughout).all()
        # the one region that is cut in time is cut to one span, the same for all its channels
        if partly.any():
            spans = np.unique(mask[partly], axis=0)
            assert len(spans) == 1
            assert np.abs(np.diff(spans[0].astype(int), prepend=0, append=0)).sum() == 2
            assert regions[partly].all(axis=0).any()


def test_every_region_is_hidden_equally_often():
    counts = np.zeros(16)
    for sample in range(800):
        counts += draw_mask(REGION, referential(16), 8, seed=5, step=0, sample=sample).mean(axis=1)
    assert np.allclose(counts / 800, 0.5, atol=0.08)


def test_unlocated_channels_are_masked_patch_by_patch():
    regions = referential(16)
    regions[:8] = 0
    mask = draw_mask(REGION, regions, 20, seed=0, step=0, sample=0)
    assert mask[:8].sum() == 80
    assert len(np.unique(mask[:8], axis=0)) == 8


def test_random_masks_hide_exactly_the_asked_number():
    config = MaskingConfig(kind="random", ratio=0.3)
    assert draw_mask(config, referential(10), 10, seed=0, step=0, sample=0).sum() == 30
