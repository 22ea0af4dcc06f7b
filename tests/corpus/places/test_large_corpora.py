"""What a draw costs depends on the batch, not on the corpus."""

import tracemalloc

import numpy as np
import pytest
from corpora import corpus, recording

from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import sampler
from eegssl.corpus.windows import tile

TEN_MILLION = 10_000_000


@pytest.mark.parametrize(
    "config", [{}, {"ictal_share": 0.3}, {"order": "epoch"}], ids=["random", "seizures", "epoch"]
)
def test_ten_million_windows_cost_the_memory_of_their_recordings(config: dict) -> None:
    """A list of them in 8 bytes each would take 80 MB, one of flags 10 MB."""
    seized = [(100.0, 900.0, "sz")]
    ones = [
        recording(k, 4 * TEN_MILLION / 2000, n_channels=2 + k % 2, events=seized if k < 9 else ())
        for k in range(2000)
    ]
    held = corpus(*ones)
    tracemalloc.start()
    windows = tile(held, ones, 4.0)
    draws = sampler(windows, SamplingConfig(**config), 64)
    for step in range(20):
        grains = draws.grains(64, seed=0, step=step)
        assert [len(index) for index in grains] == [32, 32]
        for index in grains:
            assert len(set(index.tolist())) == 32
            assert len({windows.recordings[k].channels for k in windows.locate(index)[0]}) == 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(windows) == TEN_MILLION
    assert peak < 3e6


def test_windows_that_are_drawn_are_those_of_a_list() -> None:
    """The buckets hold each window once, whatever recordings lie between."""
    ones = [recording(k, 4.0 * (1 + k % 5), n_channels=2 + k % 3) for k in range(40)]
    windows = tile(corpus(*ones), ones, 4.0)
    listed = windows.subset(np.arange(len(windows)))
    for config in ({}, {"order": "epoch"}):
        one, other = (sampler(w, SamplingConfig(**config), 8) for w in (windows, listed))
        for step in range(30):
            grains = [s.grains(8, seed=1, step=step) for s in (one, other)]
            for index, same in zip(*grains, strict=True):
                np.testing.assert_array_equal(index, same)
