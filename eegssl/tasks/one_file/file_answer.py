"""Hold what a model says of one file of EEG."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eegssl.io.edf.mne_raw import make_annotations
from eegssl.tasks.new_file import NewFile

if TYPE_CHECKING:
    from eegssl.io.edf.mne_raw import Annotations

ANSWERS = "answers"
"""The folder of predictions that holds what is said of each file, but of events."""
EVENTS = "events"
"""The answer of models that detect."""

Floats = NDArray[np.float64]


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True)
class FileAnswer:
    """What a model says of a file; times in seconds from its first sample, gaps included.

    Windows begin at ``times_s`` [n] and last ``window_s``; a model of classes says
    ``probabilities`` [n, K] of ``classes``. Events (or stretches of one class) are at ``onset_s``
    [m], last ``duration_s`` [m], have ``confidence`` [m] and are named by ``labels``.
    """

    file: NewFile
    answer: str
    """In a word: `events`, a class, `number`, `forecast`."""
    value: float
    """The number of events, the probability (or share) of the class, the number, or seconds."""
    document: Mapping[str, Any]
    """All of it that is no array, as plain values."""
    times_s: Floats = field(default_factory=_none)
    window_s: float = 0.0
    probabilities: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    classes: tuple[str, ...] = ()
    onset_s: Floats = field(default_factory=_none)
    duration_s: Floats = field(default_factory=_none)
    confidence: Floats = field(default_factory=_none)
    labels: tuple[str, ...] = ()
    detects: bool = False
    """Whether it looked for events, of which a file may have none."""
    leaks: tuple[str, ...] = ()
    """Words for each way in which the model has seen the file or its person in its training."""
    seen: tuple[str, ...] = ()
    """The kinds of these, each once: ``recording``, ``subject``, ``waveform``, ``statistics``."""
    arrays: Mapping[str, Floats] = field(default_factory=dict)
    """Further arrays by name, such as ``numbers`` [n] of windows."""

    def annotations(self) -> "Annotations":
        """The events as ``mne.Annotations``, for ``raw.set_annotations`` of the same file."""
        return make_annotations(self.onset_s, self.duration_s, self.labels)
