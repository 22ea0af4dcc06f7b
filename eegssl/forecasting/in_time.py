"""Within a subject: recordings that train on their beginning and are tested on their end.

Between the parts of a recording lies a gap that no pair reads. Ours; results are within-subject,
and tell what a model can know of a patient whom it was fitted to.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts import Artifact
from eegssl.corpus.own_past import IN_TIME, SEEN_BY_ENCODER, own_past
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import InputError
from eegssl.forecasting.config import ForecastConfig

PARTS = ("train", "val", "test")
TESTED = "test"
"""The split whose recordings are cut in time: nothing upstream was fitted on its subjects."""


def recordings_of(corpus: Corpus, split: str, config: ForecastConfig) -> tuple[Recording, ...]:
    """The recordings that pairs of ``split`` come from. Raises InputError when there is none."""
    return corpus.of_split(TESTED if config.in_time else split)


def past_facts(
    config: ForecastConfig, encoder: Artifact | None, corpus: Corpus
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What a manifest says of a model that is fitted on the beginning of recordings, and warnings;
    nothing where subjects are apart. ``encoder`` is None where its weights are random."""
    if config.in_time is None:
        return {}, ()
    past = own_past(encoder, corpus, corpus.of_split(TESTED))
    return {IN_TIME: past}, (SEEN_BY_ENCODER,) if past["leaks"] else ()


def gap_s(config: ForecastConfig) -> float:
    """Seconds between two parts of a recording: as configured, or context and horizon together."""
    return config.context_s + config.horizon_s if config.gap_s is None else config.gap_s


def shortest_s(config: ForecastConfig, after_s: float = 0.0) -> float:
    """What a recording needs at least to hold a pair (in each part of it), ``after_s`` behind."""
    pair_s = config.context_s + config.horizon_s + after_s
    if config.in_time is None:
        return pair_s
    first, second = config.in_time
    apart_s = gap_s(config) + pair_s
    return max(pair_s / first, apart_s / second, apart_s / (1 - first - second))


def part_of(windows: Windows, part: str, config: ForecastConfig) -> Windows:
    """The windows in one part of each recording: from its beginning ``train``, ``val``, ``test``.

    A window lies in its part as a whole, and begins `gap_s` after the part before. Raises
    InputError where no recording has one.
    """
    assert config.in_time is not None
    ends = _ends([r.n_samples for r in windows.recordings], config.in_time)
    gap = round(gap_s(config) * windows.corpus.sfreq_hz)
    k = PARTS.index(part)
    begin, end = ends[k] + (gap if k else 0), ends[k + 1]
    inside = (windows.start >= begin[windows.owner]) & (
        windows.start + windows.length <= end[windows.owner]
    )
    if not inside.any():
        raise InputError(
            f"task.in_time: no recording of split {TESTED} holds a whole window in its part "
            f"{part}, {gap / windows.corpus.sfreq_hz:g} s after the part before; give longer "
            "recordings, or set task.context_s, task.gap_s or other shares"
        )
    return _compact(windows.subset(np.flatnonzero(inside)))


def _ends(lengths: Sequence[int], shares: tuple[float, float]) -> NDArray[np.int64]:
    """Where parts begin and end in recordings of these lengths [R], in samples: [4, R]."""
    at = np.cumsum([0.0, *shares])
    inner = np.floor(at[:, None] * np.array(lengths))
    return np.concatenate([inner, np.array(lengths)[None]]).astype(np.int64)


def _compact(windows: Windows) -> Windows:
    """The same windows, without recordings that have none."""
    kept, owner = np.unique(windows.owner, return_inverse=True)
    recordings = tuple(windows.recordings[k] for k in kept)
    return Windows(windows.corpus, recordings, owner, windows.start, windows.length)
