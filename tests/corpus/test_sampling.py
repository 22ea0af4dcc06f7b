"""Training windows with seizures as often as asked, seeded by step."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from corpora import corpus, recording
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import Sampler, of_some_subjects, overlaps_seizure, sampler
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
    start_s = windows.start_s[overlaps_seizure(windows)]
    assert start_s.tolist() == [48.0, 52.0, 56.0]


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("batch", [4, 32])
def test_the_share_is_met_on_average_also_by_three_windows_of_three_hundred(
    share: float, batch: int
) -> None:
    one = sampler(tiled(SEIZURE), SamplingConfig(ictal_share=share))
    drawn = [one.draw(batch, seed=1, step=k) for k in range(600)]
    got = np.mean([one.ictal[index].mean() for index in drawn])
    buckets = np.sqrt(share * (1 - share) / 600)  # a batch has one width, which has its own share
    assert abs(got - share) < 4 * buckets


@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), st.integers(1, 40))
def test_a_draw_depends_on_seed_and_step_only(seed: int, step: int, batch: int) -> None:
    config = SamplingConfig(ictal_share=0.5)
    one, other = (sampler(tiled(SEIZURE), config) for _ in range(2))
    index = one.draw(batch, seed=seed, step=step)
    np.testing.assert_array_equal(index, other.draw(batch, seed=seed, step=step))
    assert len(index) == batch
    assert len(set(one.windows.n_channels[index].tolist())) == 1


def test_windows_repeat_only_where_there_are_too_few() -> None:
    one = sampler(tiled(SEIZURE, widths=(2,)), SamplingConfig(ictal_share=0.5))
    for step in range(50):
        index = one.draw(16, seed=0, step=step)
        calm = index[~one.ictal[index]]
        assert len(set(calm.tolist())) == len(calm)


def test_without_a_share_draws_are_those_of_the_windows() -> None:
    windows = tiled(SEIZURE)
    one = sampler(windows, SamplingConfig())
    for step in range(20):
        np.testing.assert_array_equal(
            one.draw(8, seed=3, step=step), windows.draw(8, seed=3, step=step)
        )


def test_the_start_is_spread_by_weight_without_repeats() -> None:
    one = sampler(tiled(SEIZURE), SamplingConfig(ictal_share=0.5))
    index = one.spread(20, np.random.default_rng(0))
    assert len(set(index.tolist())) == 20
    assert one.ictal[index].sum() == 3
    assert one.weights.sum() == pytest.approx(1)


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
        sampler(tiled(*events, widths=widths), SamplingConfig(ictal_share=0.5))


def test_nothing_is_refused_where_nothing_is_asked() -> None:
    assert isinstance(sampler(tiled(), SamplingConfig()), Sampler)


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
