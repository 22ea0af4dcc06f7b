"""Within a subject: parts of recordings, in order and a gap apart."""

import numpy as np
import pytest
from fewerexamples import examples
from forecastdata import RATE_HZ, MemoryCorpus, noise
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eegssl.errors import InputError
from eegssl.tasks.forecast.config import ForecastConfig
from eegssl.tasks.forecast.data import cut_pairs
from eegssl.tasks.forecast.temporal_split import PARTS, gap_s, shortest_s

SHORT = {"context_s": 2, "horizon_s": 1, "stride_s": 0.5, "pairs_per_recording": None}


class Lengths(MemoryCorpus):
    """Recordings of these lengths that nobody reads."""

    def __init__(self, *seconds: float) -> None:
        empty = np.zeros((3, 1))
        sizes = [round(s * RATE_HZ) for s in seconds]
        super().__init__(
            {f"s{k}-1": np.broadcast_to(empty[:, :1], (3, n)) for k, n in enumerate(sizes)}
        )


def spans_s(corpus: MemoryCorpus, config: ForecastConfig, part: str) -> dict[str, np.ndarray]:
    """Recording -> begin and end [n, 2] of its pairs in one part."""
    windows = cut_pairs(corpus, corpus.recordings, config, part=part).windows
    ends = np.stack([windows.start, windows.start + windows.length], axis=1) / RATE_HZ
    return {r.id: ends[windows.owner == k] for k, r in enumerate(windows.recordings)}


@given(
    seconds=st.lists(st.floats(5, 200), min_size=1, max_size=3),
    first=st.floats(0.1, 0.7),
    second=st.floats(0.1, 0.25),
    gap=st.one_of(st.none(), st.floats(0, 5)),
)
@examples(60)
def test_parts_follow_one_another_and_no_pair_reads_the_gap(
    seconds: list[float], first: float, second: float, gap: float | None
) -> None:
    config = ForecastConfig(**SHORT, in_time=(first, second), gap_s=gap)
    corpus, found = Lengths(*seconds), []
    for part in PARTS:
        try:
            found.append(spans_s(corpus, config, part))
        except InputError:
            found.append({})
    for k, recording in enumerate(corpus.recordings):
        name, n = f"s{k}-1", recording.n_samples / RATE_HZ
        edges = np.array([0, first, first + second, 1]) * n
        for part, spans in enumerate(of.get(name, np.empty((0, 2))) for of in found):
            assert (spans[:, 0] >= edges[part] + (gap_s(config) if part else 0) - 0.01).all()
            assert (spans[:, 1] <= edges[part + 1] + 0.01).all()


def test_the_shortest_recording_that_may_do_does_and_a_shorter_one_does_not() -> None:
    config = ForecastConfig(**SHORT, in_time=(0.5, 0.25))
    needed_s = shortest_s(config)
    assert needed_s == pytest.approx((3 + 3) / 0.25)
    corpus = Lengths(needed_s)
    assert all(spans_s(corpus, config, part)["s0-1"].size for part in PARTS)
    with pytest.raises(InputError, match="in_time"):
        spans_s(Lengths(needed_s - 0.1), config, "test")


def test_recordings_that_lack_a_part_leave_the_others_their_own() -> None:
    config = ForecastConfig(**SHORT, in_time=(0.6, 0.2))
    corpus = Lengths(40, 5, 60)
    assert set(spans_s(corpus, config, "train")) == {"s0-1", "s1-1", "s2-1"}
    tested = spans_s(corpus, config, "test")
    assert set(tested) == {"s0-1", "s2-1"}
    assert tested["s2-1"][:, 0].min() >= 0.8 * 60 + 3


def test_no_more_pairs_than_asked_are_taken_of_each_part() -> None:
    config = ForecastConfig(**SHORT | {"pairs_per_recording": 4}, in_time=(0.6, 0.2))
    corpus = Lengths(100)
    assert {len(spans_s(corpus, config, part)["s0-1"]) for part in PARTS} == {4}


def test_what_is_read_comes_from_the_part() -> None:
    config = ForecastConfig(**SHORT, in_time=(0.6, 0.2))
    signal_uv = noise(8000, 0)
    corpus = MemoryCorpus({"a-1": signal_uv})
    pairs = cut_pairs(corpus, corpus.recordings, config, part="test")
    start = pairs.windows.start[0]
    pair = pairs.batch(np.array([0]))
    np.testing.assert_array_equal(
        pair.context.signal_uv[0], signal_uv[:, start : start + 400].astype(np.float32)
    )


def test_a_gap_without_parts_is_refused() -> None:
    with pytest.raises(ValidationError, match="in_time"):
        ForecastConfig(gap_s=5)


@pytest.mark.parametrize("shares", [(0.6, 0.4), (0.9, 0.2), (0, 0.5), (1, 0.1), (0.5,)])
def test_shares_that_leave_nothing_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="in_time"):
        ForecastConfig(in_time=shares)
