"""An even sample of each code's patches, and the waveform that they share."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.codes.exemplars import Exemplars


@given(st.integers(0, 2**31), st.lists(st.integers(1, 50), min_size=1, max_size=6))
def test_the_highest_ranks_are_kept_however_they_come(seed: int, pieces: list[int]) -> None:
    rng = np.random.default_rng(seed)
    n = sum(pieces)
    codes, rank = rng.integers(0, 3, n), rng.random(n)
    patches = np.repeat(rank[:, None], 16, axis=1).astype(np.float32)
    kept = Exemplars(np.full((4, 8), -1.0), np.zeros((4, 8, 16), dtype=np.float32))
    for part in np.split(np.arange(n), np.cumsum(pieces)[:-1]):
        kept.offer(codes[part], patches[part], rank[part])
    for code in range(4):
        best = np.sort(rank[codes == code])[::-1][:8]
        there = kept.rank[code] >= 0
        np.testing.assert_array_equal(np.sort(kept.rank[code, there])[::-1], best)
        np.testing.assert_allclose(kept.patches[code, there, 0], kept.rank[code, there], rtol=1e-6)


def test_memory_is_bounded_for_a_great_codebook() -> None:
    assert Exemplars.empty(8192, 200).patches.nbytes <= 96_000_000
    assert Exemplars.empty(128, 200).rank.shape == (128, 32)


def test_rhythms_out_of_step_are_brought_into_step() -> None:
    """Their plain mean is nearly flat; the prototype has their size and rate."""
    rng = np.random.default_rng(0)
    t = np.arange(200) / 200
    phases = rng.uniform(0, 2 * np.pi, 32)
    rhythm = 50 * np.sin(2 * np.pi * 10 * t + phases[:, None])
    noisy = (rhythm + rng.normal(0, 5, rhythm.shape) + 300).astype(np.float32)
    found = Exemplars(rng.random((1, 32)), noisy[None]).prototype(0)
    assert np.abs(noisy.mean(axis=0) - noisy.mean()).max() < 25
    assert 45 < np.abs(found.mean_uv).max() < 60
    assert np.abs(np.fft.rfft(found.mean_uv)).argmax() == 10
    assert abs(found.mean_uv.mean()) < 1
    assert found.likeness > 0.98
    assert found.nearest_uv.shape == (32, 200)


def test_a_code_that_is_not_used_has_a_flat_prototype() -> None:
    found = Exemplars.empty(2, 50).prototype(1)
    assert not found.mean_uv.any()
    assert found.nearest_uv.shape == (1, 50)


def test_flat_patches_have_a_flat_prototype() -> None:
    kept = Exemplars.empty(1, 50)
    kept.offer(np.zeros(5, dtype=np.int64), np.full((5, 50), 7, dtype=np.float32), np.full(5, 0.5))
    found = kept.prototype(0)
    assert not found.mean_uv.any()
    assert found.likeness == 0
