"""Place windows inside events, so that each event counts once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows
from eegssl.errors import InputError


@dataclass(frozen=True)
class Stretch:
    """A labelled stretch of a recording."""

    recording: Recording
    onset_s: float
    duration_s: float


def place(
    corpus: Corpus, stretches: Sequence[Stretch], window_s: float, most: int
) -> tuple[Windows, NDArray[np.int64]]:
    """Windows inside stretches, and for each window [n] the place of its stretch.

    A stretch holds as many windows as fit side by side, ``most`` at most, from its beginning
    through its middle to its end; one that is shorter than a window gets one about its middle.
    Recordings must be as long as a window. Raises InputError without any stretch.
    """
    if not stretches:
        raise InputError("there is no labelled stretch that a window can be cut from")
    length = round(window_s * corpus.sfreq_hz)
    recordings = {s.recording.id: s.recording for s in stretches}
    index = {id_: k for k, id_ in enumerate(recordings)}
    starts = [_starts(s, length, corpus.sfreq_hz, most) for s in stretches]
    owner = np.repeat([index[s.recording.id] for s in stretches], [len(s) for s in starts])
    stretch = np.repeat(np.arange(len(stretches)), [len(s) for s in starts])
    windows = Windows(corpus, tuple(recordings.values()), owner, np.concatenate(starts), length)
    return windows, stretch


def _starts(one: Stretch, length: int, sfreq_hz: float, most: int) -> NDArray[np.int64]:
    """First samples of the windows of one stretch, in order, inside the recording."""
    begin = max(0, round(one.onset_s * sfreq_hz))
    end = min(one.recording.n_samples, round((one.onset_s + one.duration_s) * sfreq_hz))
    n_windows = min(most, max(1, (end - begin) // length))
    if n_windows == 1:
        middle = (begin + end - length) // 2
        return np.array([np.clip(middle, 0, one.recording.n_samples - length)], dtype=np.int64)
    return np.linspace(begin, end - length, n_windows).astype(np.int64)
