"""Masks: pure, seeded, near their ratio, and each kind hides what it says, on any montage."""

import itertools

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from montage_names import CHBMIT, MONTAGES, TEN_TWENTY

from eegssl.errors import InputError
from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_mask, draw_masks
from eegssl.signal.channels.electrodes import Geometry, geometry
from eegssl.signal.channels.regions import membership, region_set

KINDS = ("region", "region-time", "block", "random", "entropy", "mixed")
ONE_BY_ONE = ("random", "entropy")
REGION = MaskingConfig(kind="region", ratio=0.5)


def abstract(regions: np.ndarray) -> Geometry:
    """Channels of which only the regions are known."""
    n = len(regions)
    return Geometry(
        np.zeros((n, 2, 3), np.float32), np.zeros((n, 2), bool), regions.astype(np.float32)
    )


def referential(n_channels: int, n_regions: int = 8) -> np.ndarray:
    regions = np.zeros((n_channels, n_regions), np.float32)
    regions[np.arange(n_channels), np.arange(n_channels) % n_regions] = 1
    return regions


def bipolar(n_channels: int, n_regions: int = 8) -> np.ndarray:
    return np.maximum(referential(n_channels), np.roll(referential(n_channels), 1, axis=0))


def draw(config, where, n_patches=10, *, seed=0, step=0, sample=0, weights=None):
    if weights is None:
        weights = np.ones((len(where.located), n_patches))
    return draw_mask(config, where, n_patches, seed=seed, step=step, sample=sample, weights=weights)


@st.composite
def anywhere(draw):
    """Channels in none, one or several regions; any ratio; any length."""
    n_channels, n_patches = draw(st.integers(1, 40)), draw(st.integers(1, 30))
    seed = draw(st.integers(0, 10_000))
    density = draw(st.sampled_from([0.0, 0.1, 0.3, 1.0]))
    regions = np.random.default_rng(seed).random((n_channels, 8)) < density
    return abstract(regions), n_patches, draw(st.floats(0.01, 0.99)), seed


def holds_something(mask, shape):
    assert mask.shape == shape
    assert mask.dtype == bool
    assert 0 < mask.sum() < mask.size


@examples(300)
@given(anywhere(), st.sampled_from(KINDS))
def test_exact_masks_meet_their_ratio_to_the_patch(case, kind):
    where, n_patches, ratio, seed = case
    total = len(where.regions) * n_patches
    config = MaskingConfig(kind=kind, ratio=ratio, exact=True)
    if total < 2:
        with pytest.raises(InputError, match="at least 2 patches"):
            draw(config, where, n_patches, seed=seed)
        return
    mask = draw(config, where, n_patches, seed=seed)
    holds_something(mask, (len(where.regions), n_patches))
    assert mask.sum() == min(max(round(ratio * total), 1), total - 1)


@examples(200)
@given(
    st.sampled_from(sorted(MONTAGES)),
    st.sampled_from(KINDS),
    st.integers(1, 40),
    st.floats(0.05, 0.95),
    st.booleans(),
    st.integers(0, 1000),
)
def test_any_montage_of_any_length_gets_a_mask_and_its_complement(
    name, kind, n_patches, ratio, exact, step
):
    where = geometry(MONTAGES[name])
    n_channels = len(MONTAGES[name])
    config = MaskingConfig(kind=kind, ratio=ratio, exact=exact)
    if n_channels * n_patches < 2:
        with pytest.raises(InputError, match="at least 2 patches"):
            draw(config, where, n_patches, step=step)
        return
    mask = draw(config, where, n_patches, step=step)
    other = ~mask
    holds_something(mask, (n_channels, n_patches))
    holds_something(other, (n_channels, n_patches))
    assert not (mask & other).any()
    assert (mask | other).all()
    assert mask.mean() + other.mean() == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("names", [TEN_TWENTY, CHBMIT])
def test_same_seed_step_and_sample_give_the_same_mask_and_others_another(kind, names):
    where = geometry(names)
    config = MaskingConfig(kind=kind)
    np.random.seed(0)
    first = draw(config, where, seed=1, step=2, sample=3)
    np.random.seed(1)  # the global generator plays no part
    assert np.array_equal(first, draw(config, where, seed=1, step=2, sample=3))
    other = [
        draw(config, where, seed=a, step=b, sample=c)
        for a, b, c in [(0, 2, 3), (1, 0, 3), (1, 2, 0)]
    ]
    assert len({m.tobytes() for m in [first, *other]}) > 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_holds_the_masks_of_its_windows(kind):
    montages = [geometry(TEN_TWENTY), geometry(CHBMIT[:19])]
    batch = Geometry(*(np.stack([a, b, a]) for a, b in zip(*montages, strict=True)))
    weights = np.random.default_rng(0).random((3, 19, 8))
    config = MaskingConfig(kind=kind)
    masks = draw_masks(
        config, batch, 8, seed=4, step=5, samples=np.array([7, 7, 9]), weights=weights
    )
    for row, sample in enumerate([7, 7, 9]):
        where = montages[row % 2]
        alone = draw(config, where, 8, seed=4, step=5, sample=sample, weights=weights[row])
        assert np.array_equal(masks[row], alone)


@pytest.mark.parametrize("montage", [referential, bipolar])
def test_region_masks_hide_whole_regions_over_the_whole_window(montage):
    for sample in range(50):
        regions = montage(20) > 0
        mask = draw(REGION, abstract(regions), sample=sample)
        hidden = mask.all(axis=1)
        assert np.array_equal(hidden, mask.any(axis=1))
        complete = [r for r in range(8) if hidden[regions[:, r]].all()]
        # every hidden channel lies in a region that is hidden altogether
        assert np.array_equal(regions[:, complete].any(axis=1), hidden)


@pytest.mark.parametrize("montage", [referential, bipolar])
def test_with_exact_only_the_last_region_is_cut_in_time(montage):
    for sample in range(50):
        regions = montage(20) > 0
        mask = draw(MaskingConfig(exact=True), abstract(regions), sample=sample)
        partly = mask.any(axis=1) & ~mask.all(axis=1)
        if not partly.any():
            continue
        assert any(partly[regions[:, r]].any() for r in range(8))
        assert regions[partly].all(axis=0).any()
        # its channels are hidden over one span, which may go on at the window's beginning ...
        some, every = mask[partly].any(axis=0), mask[partly].all(axis=0)
        assert np.abs(np.diff(some.astype(int), append=some[:1])).sum() in (0, 2)
        # ... but for one patch, where some of them make the count exact
        assert (some & ~every).sum() <= 1


@pytest.mark.parametrize("names", [TEN_TWENTY, CHBMIT])
@pytest.mark.parametrize("ratio", [0.3, 0.5, 0.7])
def test_regions_come_as_near_to_the_ratio_as_their_order_allows(names, ratio):
    """Some region hidden last: without it, the ratio would be missed by as much or more."""
    where = geometry(names)
    members = where.regions > 0
    realised = []
    for step in range(200):
        hidden = draw(MaskingConfig(ratio=ratio), where, step=step).any(axis=1)
        inside = [r for r in range(8) if hidden[members[:, r]].all()]
        others = [[q for q in inside if q != r] for r in inside]
        gaps = [abs(members[:, rest].any(axis=1).mean() - ratio) for rest in others]
        assert max(gaps) >= abs(hidden.mean() - ratio) - 1e-9
        realised.append(hidden.mean())
    largest = int(members.sum(axis=0).max())
    assert np.max(np.abs(np.array(realised) - ratio)) <= largest / (2 * len(names)) + 0.003
    assert np.mean(realised) == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize("kind", ["block", "region-time"])
@pytest.mark.parametrize("names", [TEN_TWENTY, CHBMIT])
def test_without_exact_the_ratio_is_met_to_half_a_block(kind, names):
    where = geometry(names)
    ratios = [draw(MaskingConfig(kind=kind, ratio=0.4), where, step=k).mean() for k in range(200)]
    largest = where.regions.sum(axis=0).max() if kind == "region-time" else 8
    assert np.max(np.abs(np.array(ratios) - 0.4)) <= largest * 3 / (2 * len(names) * 10) + 0.003
    assert np.mean(ratios) == pytest.approx(0.4, abs=0.01)


def test_every_region_is_hidden_equally_often():
    counts = np.zeros(16)
    for sample in range(800):
        counts += draw(REGION, abstract(referential(16)), 8, sample=sample).mean(axis=1)
    assert np.allclose(counts / 800, 0.5, atol=0.08)


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_no_moment_of_the_window_is_favoured(kind, exact):
    """Nor is any channel by the kinds that go patch by patch; a z of 4.5 is one in 150,000."""
    where = geometry(TEN_TWENTY)
    config = MaskingConfig(kind=kind, ratio=0.4, exact=exact)
    masks = np.stack([draw(config, where, 7, step=k) for k in range(1500)]).astype(float)
    shares = masks.mean(axis=1) - masks.mean(axis=(1, 2))[:, None]
    error = shares.std(axis=0) / np.sqrt(len(masks))
    assert (np.abs(shares.mean(axis=0)) <= 4.5 * error + 1e-9).all()
    if kind in ONE_BY_ONE:
        cells = masks.mean(axis=0) - 0.4
        assert np.abs(cells).max() < 4.5 * np.sqrt(0.24 / len(masks))


def test_regions_may_be_other_sets_and_the_users_own():
    where = geometry(TEN_TWENTY)
    own = {"left temple": ("T3", "F7"), "elsewhere": ("Cz", "C4", "P4", "O2", "F4", "C3")}
    for chosen in ("lobes", "hemispheres", own):
        config = MaskingConfig(regions=chosen, ratio=0.3)
        members = membership(where.positions, where.located, region_set(config.regions))
        assert members.sum(axis=1).max() == 1
        seen = set()
        for step in range(40):
            hidden = draw(config, where, step=step).all(axis=1)
            touched = [tuple(hidden[column]) for column in members.T]
            assert all(len(set(one)) == 1 for one in touched)
            seen.add(hidden.tobytes())
        assert len(seen) > 1


def test_a_block_is_a_disc_on_the_head_over_a_span():
    """At a ratio that one block more than fills, all that is hidden is one disc and span."""
    where = geometry(TEN_TWENTY)
    places = where.positions[:, 0].astype(float)
    config = MaskingConfig(kind="block", ratio=0.001, radius_cm=7, span_s=3)
    centres = np.random.default_rng(0).standard_normal((20_000, 3))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)
    inside = 9.5 * np.arccos(np.clip(centres @ places.T, -1, 1)) <= 7
    for step in range(100):
        mask = draw(config, where, 20, step=step)
        channels, moments = mask.any(axis=1), mask.any(axis=0)
        # some centre has just these channels within 7 cm
        assert (inside == channels).all(axis=1).any()
        assert np.array_equal(mask, channels[:, None] & moments)
        assert np.abs(np.diff(np.flatnonzero(moments))).max(initial=1) == 1
        assert moments.sum() <= 3


def test_spans_are_in_seconds():
    where = geometry(TEN_TWENTY)
    config = MaskingConfig(kind="region-time", ratio=0.001, span_s=2)
    for patch_s, longest in [(0.5, 4), (1.0, 2), (5.0, 1)]:
        lengths = [
            draw_mask(config, where, 40, seed=0, step=k, sample=0, patch_s=patch_s)
            .any(axis=0)
            .sum()
            for k in range(60)
        ]
        assert max(lengths) == longest
        assert np.median(lengths) == longest


def test_channels_that_nothing_reaches_are_masked_patch_by_patch():
    regions = referential(16)
    regions[:8] = 0
    for kind in ("region", "region-time"):
        mask = draw(MaskingConfig(kind=kind), abstract(regions), 20)
        assert mask[:8].sum() == 80
        assert len(np.unique(mask[:8], axis=0)) == 8
    where = geometry([*TEN_TWENTY[:8], *(f"X{k}" for k in range(8))])
    mask = draw(MaskingConfig(kind="block"), where, 20)
    assert mask[8:].sum() == 80
    assert len(np.unique(mask[8:], axis=0)) == 8


def test_random_masks_hide_exactly_the_asked_number():
    config = MaskingConfig(kind="random", ratio=0.3)
    assert draw(config, abstract(referential(10))).sum() == 30


def test_entropy_masks_draw_in_proportion_to_the_weights():
    """Of one patch to hide, the chance is its weight's share; weight 0 is hidden last."""
    where = abstract(referential(2))
    weights = np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 0.0]])
    one = MaskingConfig(kind="entropy", ratio=0.01)
    counts = sum(draw(one, where, 3, step=k, weights=weights) for k in range(4000))
    assert np.allclose(counts / 4000, weights / 10, atol=0.03)
    four = MaskingConfig(kind="entropy", ratio=4 / 6)
    assert np.array_equal(draw(four, where, 3, weights=weights), weights > 0)


def test_successive_draws_without_replacement_are_what_entropy_masks_are():
    """Pairs out of four patches against the probabilities written out."""
    where = abstract(referential(1))
    w = np.array([[1.0, 2.0, 3.0, 6.0]])
    config = MaskingConfig(kind="entropy", ratio=0.5)
    seen: dict[tuple[int, ...], int] = {}
    for k in range(6000):
        pair = tuple(np.flatnonzero(draw(config, where, 4, step=k, weights=w)[0]).tolist())
        seen[pair] = seen.get(pair, 0) + 1
    p = (w / w.sum())[0]
    for a, b in itertools.combinations(range(4), 2):
        expected = p[a] * p[b] / (1 - p[a]) + p[b] * p[a] / (1 - p[b])
        assert seen[a, b] / 6000 == pytest.approx(expected, abs=0.025)


@pytest.mark.parametrize(
    "weights",
    [np.ones((3, 9)), np.full((10, 10), np.nan), np.full((10, 10), -1.0)],
    ids=["shape", "nan", "negative"],
)
def test_weights_that_cannot_be_used_are_refused(weights):
    config = MaskingConfig(kind="entropy")
    with pytest.raises(InputError, match=r"weights >= 0 of shape \(10, 10\)"):
        draw(config, abstract(referential(10)), weights=weights)


def test_entropy_masks_without_weights_are_refused():
    with pytest.raises(InputError, match="got no weights"):
        draw_mask(
            MaskingConfig(kind="entropy"), abstract(referential(4)), 4, seed=0, step=0, sample=0
        )
