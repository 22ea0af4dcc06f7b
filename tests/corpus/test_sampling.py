"""Training windows with seizures as often as asked, seeded by step."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from corpora import corpus, recording
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import Sampler, ictal_places, of_some_subjects, sampler
from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.errors import ConfigError

Span = tuple[float, float, str]


def tiled(*events: Span, widths: tuple[int, ...] = (2, 2, 4), seconds: float = 400) -> Windows:
    """Recordings of so many channels; the first one has the events."""
    ones = [
        recording(k, seconds, n_channels=n, events=events if k == 0 else ())
        for k, n in enumerate(widths)
    ]
    return tile(corpus(*ones), ones, 4.0)


SEIZURE = (50.0, 7.0, "sz_foc_ia")


def test_a_window_that_touches_a_seizure_is_ictal() -> None:
    windows = tiled(SEIZURE, (200.0, 50.0, "bckg"))
    start_s = windows.start_s[ictal_places(windows)]
    assert start_s.tolist() == [48.0, 52.0, 56.0]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("batch", [4, 32])
def test_the_share_is_met_on_average_also_by_three_windows_of_three_hundred(
    share: float, batch: int
) -> None:
    one = sampler(tiled(SEIZURE), SamplingConfig(ictal_share=share), 32)
    drawn = [np.concatenate(one.grains(batch, seed=1, step=k)) for k in range(600)]
    got = np.mean([np.isin(index, one.ictal).mean() for index in drawn])
    buckets = np.sqrt(share * (1 - share) / 600)  # a grain has one width, which has its own share
    assert abs(got - share) < 4 * buckets


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), st.integers(1, 90))
def test_a_draw_depends_on_seed_and_step_only(seed: int, step: int, batch: int) -> None:
    config = SamplingConfig(ictal_share=0.5)
    one, other = (sampler(tiled(SEIZURE), config, 32) for _ in range(2))
    other.grains(7, seed=seed, step=step + 1)  # what was drawn before plays no part
    grains = one.grains(batch, seed=seed, step=step)
    for index, same in zip(grains, other.grains(batch, seed=seed, step=step), strict=True):
        np.testing.assert_array_equal(index, same)
        assert len(set(one.windows.n_channels[index].tolist())) == 1
    assert [len(index) for index in grains] == [32] * (batch // 32) + [batch % 32] * (
        batch % 32 > 0
    )


def test_windows_repeat_only_where_there_are_too_few() -> None:
    one = sampler(tiled(SEIZURE, widths=(2,)), SamplingConfig(ictal_share=0.5), 32)
    for step in range(50):
        (index,) = one.grains(16, seed=0, step=step)
        calm = index[~np.isin(index, one.ictal)]
        assert len(set(calm.tolist())) == len(calm)


def test_without_a_share_every_window_is_as_likely_as_any_other() -> None:
    one = sampler(tiled(SEIZURE), SamplingConfig(grain=4), 32)
    drawn = np.concatenate([i for k in range(3000) for i in one.grains(8, seed=3, step=k)])
    counts = np.bincount(drawn, minlength=300)
    assert abs(counts - 80).max() < 5.5 * np.sqrt(80 * 4)  # grains of a width come together


def test_the_start_is_spread_by_weight_without_repeats() -> None:
    one = sampler(tiled(SEIZURE), SamplingConfig(ictal_share=0.5), 32)
    index = one.spread(20, np.random.default_rng(0))
    assert len(set(index.tolist())) == 20
    assert np.isin(index, one.ictal).sum() == 3
    assert sum(bucket.share for bucket in one.buckets) == pytest.approx(1)


@pytest.mark.parametrize(
    ("events", "words"),
    [
        (((0.0, 400.0, "bckg"),), "none of the 300 .* overlaps a seizure"),
        (((0.0, 400.0, "sz"),), "all of the 100"),
    ],
)
def test_what_cannot_be_met_is_refused(events: tuple[Span, ...], words: str) -> None:
    widths = (2, 2, 4) if "none" in words else (2,)
    with pytest.raises(ConfigError, match=words):
        sampler(tiled(*events, widths=widths), SamplingConfig(ictal_share=0.5), 32)


def test_nothing_is_refused_where_nothing_is_asked() -> None:
    assert isinstance(sampler(tiled(), SamplingConfig(), 32), Sampler)


def mixed(*sizes: tuple[str, int, int, int]) -> Windows:
    """Recordings of (corpus, windows, channels, seizures of three windows each)."""
    ones = [
        replace(
            recording(
                k,
                4.0 * n,
                n_channels=width,
                events=[(40.0 * e, 12.0, "sz") for e in range(n_seizures)],
                folder=Path(name) / "signals",
            ),
            corpus=name,
        )
        for k, (name, n, width, n_seizures) in enumerate(sizes)
    ]
    return tile(corpus(*ones), ones, 4.0)


def shares_drawn(one: Sampler, steps: int = 1500) -> tuple[dict[str, float], float]:
    """Share of each corpus among grains of four, and of ictal windows among all."""
    grains = [index for k in range(steps) for index in one.grains(8, seed=2, step=k)]
    owners = one.windows.owner
    names = np.array([one.windows.recordings[owners[index[0]]].corpus for index in grains])
    ictal = np.isin(np.concatenate(grains), one.ictal).mean()
    return {name: float((names == name).mean()) for name in np.unique(names).tolist()}, ictal


MIXED = (("big", 900, 2, 2), ("big", 80, 4, 0), ("little", 20, 2, 0))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, {"big": 0.98, "little": 0.02}),
        ({"weights": {"big": 1, "little": 3}}, {"big": 0.25, "little": 0.75}),
        ({"temperature": 0.0}, {"big": 0.5, "little": 0.5}),
        ({"temperature": 0.5}, {"big": 7 / 8, "little": 1 / 8}),
    ],
)
@pytest.mark.parametrize("ictal", [None, 0.15])
def test_corpora_come_in_the_shares_that_are_set_and_so_do_seizures(
    config: dict[str, object], expected: dict[str, float], ictal: float | None
) -> None:
    one = sampler(mixed(*MIXED), SamplingConfig(grain=4, ictal_share=ictal, **config), 32)
    shares, of_seizures = shares_drawn(one)
    if not config and ictal:  # as they are: what is ictal is all in one of them
        expected = {"little": 0.85 * 20 / 994, "big": 1 - 0.85 * 20 / 994}
    for name, share in expected.items():
        assert abs(shares[name] - share) < 4 * np.sqrt(share * (1 - share) / 3000)
    if ictal:
        assert abs(of_seizures - ictal) < 4 * np.sqrt(ictal * (1 - ictal) / 3000)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"weights": {"big": 1, "litle": 1}}, "no corpus 'litle'; did you mean 'little'"),
        ({"weights": {"big": 1}}, "has none for little"),
        ({"weights": {"big": 1, "little": 9}, "ictal_share": 0.2}, "between 0 and 0.1"),
    ],
)
def test_weights_that_fit_no_corpora_are_refused(config: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        sampler(mixed(*MIXED), SamplingConfig(**config), 32)


@pytest.mark.parametrize("config", [{"weights": {"big": 2}}, {"temperature": 0.5}])
def test_one_corpus_alone_cannot_be_mixed(config: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="are of one, big"):
        sampler(mixed(MIXED[0], MIXED[1]), SamplingConfig(**config), 32)


@pytest.mark.parametrize(
    "config",
    [
        {"order": "epoch", "ictal_share": 0.5},
        {"order": "epoch", "weights": {"a": 1}},
        {"order": "epoch", "temperature": 0.5},
        {"temperature": 0.5, "weights": {"a": 1}},
    ],
)
def test_settings_that_exclude_each_other_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"can't be met|exclude each other"):
        SamplingConfig(**config)


def test_batches_by_epoch_are_whole_grains() -> None:
    by_epoch = SamplingConfig(order="epoch", grain=8)
    for batch in (4, 8, 24):
        sampler(tiled(), by_epoch, batch)
    with pytest.raises(ConfigError, match="set it to a multiple"):
        sampler(tiled(), by_epoch, 12)


@given(st.data())
def test_by_epoch_every_window_comes_once_before_any_comes_again(data: st.DataObject) -> None:
    sizes = data.draw(
        st.lists(
            st.tuples(st.sampled_from("ab"), st.integers(1, 40), st.sampled_from([2, 4])),
            min_size=1,
            max_size=5,
        )
    )
    seed, batch = data.draw(st.integers(0, 2**40)), data.draw(st.sampled_from([1, 3, 4, 8, 20]))
    by_epoch = SamplingConfig(order="epoch", grain=4)
    one = sampler(mixed(*((*s, 0) for s in sizes)), by_epoch, batch)
    size = min(batch, 4)
    n_grains = sum(-(-len(bucket.calm) // size) for bucket in one.buckets)
    steps = range(-(-3 * n_grains // (batch // size)))
    grains = [index for k in steps for index in one.grains(batch, seed=seed, step=k)]
    passes = [np.concatenate(grains[k * n_grains :][:n_grains]) for k in range(3)]
    for windows in passes:
        assert sorted(windows.tolist()) == list(range(len(one.windows)))
    if len(one.windows) > 40:
        assert len({tuple(windows.tolist()) for windows in passes}) == 3


def pairs_of_recordings() -> list[Recording]:
    """Two recordings of each of eight subjects."""
    return [replace(recording(k, 20), subject=f"s-{k // 2}") for k in range(16)]


@pytest.mark.parametrize("seed", [0, 1])
def test_a_smaller_share_of_subjects_is_a_part_of_every_larger_one(seed: int) -> None:
    shares = [SamplingConfig(subjects_fraction=share) for share in (0.01, 0.25, 0.5, 1.0)]
    drawn = [
        {r.subject for r in of_some_subjects(pairs_of_recordings(), share, seed)}
        for share in shares
    ]
    assert [len(some) for some in drawn] == [1, 2, 4, 8]
    assert all(less < more for less, more in pairwise(drawn))


def test_all_recordings_of_a_drawn_subject_are_trained_on_and_the_seed_says_whose() -> None:
    people = pairs_of_recordings()
    config = SamplingConfig(subjects_fraction=0.5)
    chosen = [of_some_subjects(people, config, seed) for seed in range(6)]
    assert all(len(some) == 8 for some in chosen)
    assert len({frozenset(r.subject for r in some) for some in chosen}) > 1
    assert of_some_subjects(people, SamplingConfig(), 0) == tuple(people)
