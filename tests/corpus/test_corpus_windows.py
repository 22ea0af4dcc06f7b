"""Windows tile recordings without overlap; draws are pure functions of seed and step."""

from pathlib import Path

import numpy as np
import pytest
from corpora import corpus, recording, stored
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.windows import Windows, tile
from eegssl.errors import InputError

LENGTHS = st.lists(st.floats(0.1, 30), min_size=1, max_size=8).filter(lambda s: max(s) >= 4)


def tiled(seconds: list[float], window_s: float = 4.0, channels: int = 0) -> Windows:
    """Recordings of these lengths, cut; with ``channels`` every second one has so many more."""
    recordings = [recording(k, s, n_channels=2 + channels * (k % 2)) for k, s in enumerate(seconds)]
    return tile(corpus(*recordings), recordings, window_s)


@given(LENGTHS)
def test_windows_tile_each_recording_from_its_start(seconds: list[float]) -> None:
    windows = tiled(seconds)
    assert windows.length == 400
    for k, one in enumerate(windows.recordings):
        starts = windows.start[windows.owner == k]
        np.testing.assert_array_equal(starts, np.arange(one.n_samples // 400) * 400)
    assert len(windows) == sum(round(s * 100) // 400 for s in seconds)


@given(LENGTHS)
def test_recordings_shorter_than_a_window_are_no_part_of_it(seconds: list[float]) -> None:
    windows = tiled(seconds)
    assert [r.id for r in windows.recordings] == [
        f"r-{k:03d}" for k, s in enumerate(seconds) if round(s * 100) >= 400
    ]


@given(st.floats(4, 30), st.integers(50, 400))
def test_windows_may_overlap_where_asked_and_never_pass_the_end(seconds: float, step: int) -> None:
    one = recording(0, seconds)
    windows = tile(corpus(one), [one], 4.0, step / 100)
    assert windows.start[0] == 0
    assert set(np.diff(windows.start)) <= {step}
    assert windows.start[-1] + 400 <= one.n_samples
    assert windows.start[-1] + 400 + step > one.n_samples


def test_nothing_as_long_as_a_window_is_refused_with_both_lengths() -> None:
    with pytest.raises(InputError, match=r"got 3\.5 s at most, expected 4 s"):
        tiled([1.0, 3.5])


@given(LENGTHS, st.integers(1, 7))
def test_in_order_covers_every_window_once_in_batches_of_one_width(
    seconds: list[float], size: int
) -> None:
    windows = tiled(seconds, channels=3)
    batches = list(windows.in_order(size))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(windows)))
    for index in batches:
        assert 1 <= len(index) <= size
        assert len(set(windows.n_channels[index].tolist())) == 1


@given(LENGTHS, st.integers(1, 9), st.integers(0, 2**31 - 1), st.integers(0, 10**6))
def test_a_draw_depends_on_seed_and_step_only(
    seconds: list[float], size: int, seed: int, step: int
) -> None:
    windows = tiled(seconds, channels=3)
    index = windows.draw(size, seed=seed, step=step)
    np.random.default_rng(0).random(7)  # nothing global is read
    np.testing.assert_array_equal(
        index, tiled(seconds, channels=3).draw(size, seed=seed, step=step)
    )
    assert len(index) == size
    assert len(set(windows.n_channels[index].tolist())) == 1
    of_this_width = int((windows.n_channels == windows.n_channels[index[0]]).sum())
    if of_this_width >= size:
        assert len(set(index.tolist())) == size


def test_other_steps_and_seeds_draw_other_windows() -> None:
    windows = tiled([30.0] * 8)
    draws = {
        tuple(windows.draw(8, seed=seed, step=step).tolist())
        for seed in range(4)
        for step in range(4)
    }
    assert len(draws) == 16


@given(st.data())
def test_windows_without_weight_are_never_drawn(data: st.DataObject) -> None:
    windows = tiled([20.0, 13.0, 9.0], channels=3)
    weights = np.array(
        data.draw(
            st.lists(
                st.sampled_from([0.0, 1.0, 5.0]), min_size=len(windows), max_size=len(windows)
            ).filter(any)
        )
    )
    index = windows.draw(4, seed=data.draw(st.integers(0, 99)), step=0, weights=weights)
    assert (weights[index] > 0).all()


def test_weights_make_windows_likelier() -> None:
    """One window in fifteen weighs as much as the others together: half of all draws of one."""
    windows = tiled([60.0])
    weights = np.ones(15)
    weights[3] = 14.0
    drawn = [int(windows.draw(1, seed=0, step=k, weights=weights)[0]) for k in range(2000)]
    share = drawn.count(3) / 2000
    assert abs(share - 0.5) < 4 * 0.5 / np.sqrt(2000)
    plain = [int(windows.draw(1, seed=0, step=k)[0]) for k in range(2000)]
    assert abs(plain.count(3) / 2000 - 1 / 15) < 0.03


def test_widths_are_drawn_by_their_number_of_windows() -> None:
    windows = tiled([80.0, 16.0], channels=3)
    wide = [bool(windows.n_channels[windows.draw(2, seed=1, step=k)[0]] == 5) for k in range(2000)]
    assert abs(np.mean(wide) - 4 / 24) < 0.035


def test_a_batch_holds_the_samples_and_the_geometry_of_its_windows(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    signals = [rng.normal(0, 30, (3, n)) for n in (900, 1300)]
    held = [stored(tmp_path, k, signal) for k, signal in enumerate(signals)]
    windows = tile(corpus(*held), held, 4.0)
    index = np.array([4, 0, 2])
    batch = windows.batch(index)
    assert batch.signal_uv.shape == (3, 3, 400)
    assert batch.signal_uv.dtype == np.float32
    for got, k in zip(batch.signal_uv, index.tolist(), strict=True):
        start = windows.start[k]
        wanted = signals[windows.owner[k]][:, start : start + 400]
        np.testing.assert_allclose(got, wanted, atol=0.01)
    assert batch.positions.shape == (3, 3, 2, 3)
    assert batch.located[:, :, 0].all()
    assert not batch.located[:, :, 1].any()
    assert batch.regions.shape[:2] == (3, 3)
    np.testing.assert_array_equal(batch.index, index)


def test_a_subset_keeps_windows_and_order() -> None:
    windows = tiled([20.0, 13.0])
    some = windows.subset(np.array([6, 1]))
    np.testing.assert_array_equal(some.start, windows.start[[6, 1]])
    np.testing.assert_array_equal(some.owner, windows.owner[[6, 1]])
    assert some.window_s == 4.0
    np.testing.assert_allclose(some.start_s, windows.start[[6, 1]] / 100)
