"""Label windows by the class whose events they lie in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.ictal import overlap_share, positive_spans
from eegssl.corpus.labelled import LabelledWindows
from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import tile
from eegssl.errors import InputError
from eegssl.tasks.labels.config import TaskConfig

_NO_CLASS = "windows in events of no class"
_TWO_CLASSES = "windows in events of two classes"


def class_windows(
    corpus: Corpus, recordings: Sequence[Recording], task: TaskConfig
) -> LabelledWindows:
    """Windows [n] of a fixed tiling with the class that covers them, such as a sleep stage.

    A window has a class when ``min_overlap`` of it lies in events of that class and less in those
    of any other; the rest are left out and counted (ours). Raises InputError when none is left.
    """
    windows = tile(corpus, recordings, task.window_s)
    shares = np.zeros((len(windows), len(task.classes)))
    for k, recording in enumerate(windows.recordings):
        rows = np.flatnonzero(windows.owner == k)
        shares[rows] = _shares(recording, windows.start_s[rows], task)
    covered = shares >= task.min_overlap
    best = shares.max(axis=1, keepdims=True)
    tied = (shares == best).sum(axis=1) > 1
    labelled = np.flatnonzero(covered.any(axis=1) & ~tied)
    left_out = {
        _NO_CLASS: int((~covered.any(axis=1)).sum()),
        _TWO_CLASSES: int((covered.any(axis=1) & tied).sum()),
    }
    if not len(labelled):
        raise InputError(
            f"task {task.name}: no window of {task.window_s:g} s of these {len(recordings)} "
            f"recordings lies in an event of {', '.join(task.event_types)}; `eegssl info` on the "
            "recordings lists the types of their events, events.sources of preprocess says where "
            "they are read from"
        )
    return LabelledWindows(
        windows.subset(labelled),
        shares[labelled].argmax(axis=1).astype(np.int64),
        left_out={reason: n for reason, n in left_out.items() if n},
    )


def _shares(
    recording: Recording, start_s: NDArray[np.float64], task: TaskConfig
) -> NDArray[np.float64]:
    """[n, K], the share of each window in the events of each class."""
    spans = [positive_spans(recording.events, task.class_events[name]) for name in task.classes]
    return np.stack([overlap_share(start_s, task.window_s, one) for one in spans], axis=1)
