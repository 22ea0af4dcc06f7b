"""Split recordings in time: train on their beginning, test on their end.

Between the parts of a recording lies a gap that no pair reads. Ours; results are within-subject.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.audits.temporal_leaks import IN_TIME, SEEN_BY_ENCODER, temporal_facts
from eegssl.corpus.places.tilings import ListedStarts
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import InputError
from eegssl.tasks.forecast.config import ForecastConfig
from eegssl.tasks.jobs import Job

PARTS = ("train", "val", "test")
TESTED = "test"
"""The split whose recordings are cut in time: nothing upstream was fitted on its subjects."""


def recordings_of(corpus: Corpus, split: str, config: ForecastConfig) -> tuple[Recording, ...]:
    """The recordings that pairs of ``split`` come from. Raises InputError when there is none."""
    return corpus.of_split(TESTED if config.in_time else split)


def past_facts(config: ForecastConfig, job: Job[Any]) -> dict[str, Any]:
    """Facts of a model that is fitted on the beginning of recordings; none without `in_time`.

    Warns where the encoder has seen what is tested.
    """
    if config.in_time is None:
        return {}
    past = temporal_facts(job.seen, job.corpus, job.corpus.of_split(TESTED))
    if past["leaks"]:
        job.context.warn(SEEN_BY_ENCODER)
    return {IN_TIME: past}


def within_subject(corpus: Corpus, config: ForecastConfig) -> bool:
    """Tell if results say nothing of new subjects: split in time, or by recording."""
    return corpus.within_subject or config.in_time is not None


def gap_s(config: ForecastConfig) -> float:
    """Seconds between two parts of a recording: as configured, or context and horizon together."""
    return config.context_s + config.horizon_s if config.gap_s is None else config.gap_s


def shortest_s(config: ForecastConfig, after_s: float = 0.0) -> float:
    """Shortest recording that holds a pair (in each part of it) with ``after_s`` behind."""
    pair_s = config.context_s + config.horizon_s + after_s
    if config.in_time is None:
        return pair_s
    first, second = config.in_time
    apart_s = gap_s(config) + pair_s
    return max(pair_s / first, apart_s / second, apart_s / (1 - first - second))


def tile_part(
    corpus: Corpus,
    recordings: Sequence[Recording],
    whole_s: float,
    part: str,
    config: ForecastConfig,
) -> Windows:
    """Windows of ``whole_s`` in one part of each recording: from its beginning train, val, test.

    They begin every ``stride_s`` from where the part does, which is `gap_s` after the part before.
    Recordings without one are not among those of the result. Raises InputError where all are.
    """
    assert config.in_time is not None
    length, step = (round(s * corpus.sfreq_hz) for s in (whole_s, config.stride_s))
    ends = _ends([r.n_samples for r in recordings], config.in_time)
    k = PARTS.index(part)
    begins = ends[k] + (round(gap_s(config) * corpus.sfreq_hz) if k else 0)
    starts = [
        np.arange(begin, end - length + 1, step, dtype=np.int64)
        for begin, end in zip(begins, ends[k + 1], strict=True)
    ]
    with_windows = [(r, s) for r, s in zip(recordings, starts, strict=True) if s.size]
    if not with_windows:
        needed_s = shortest_s(config, whole_s - config.context_s - config.horizon_s)
        raise InputError(
            f"task.in_time: no recording of split {TESTED} holds {whole_s:g} s in its part {part}, "
            f"{gap_s(config):g} s after the part before; give recordings of {needed_s:.4g} s and "
            "more, or set task.context_s, task.gap_s or other shares"
        )
    owner = np.repeat(np.arange(len(with_windows)), [len(s) for _, s in with_windows])
    tiled = tuple(r for r, _ in with_windows)
    listed = ListedStarts(owner, np.concatenate([s for _, s in with_windows]))
    return Windows(corpus, tiled, listed, length)


def _ends(lengths: Sequence[int], shares: tuple[float, float]) -> NDArray[np.int64]:
    """Begins and ends of the parts of recordings of these lengths [R], in samples: [4, R]."""
    at = np.cumsum([0.0, *shares])
    inner = np.floor(at[:, None] * np.array(lengths))
    return np.concatenate([inner, np.array(lengths)[None]]).astype(np.int64)
