"""Hold what a model says of one file of EEG."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.scoring.events.event_lists import Event
from eegssl.scoring.events.postprocess import Postprocess


@dataclass(frozen=True)
class FilePrediction:
    """Probabilities and detections of one file; times in seconds from its first sample.

    These are the file's own times: gaps of an EDF+D file are part of them.
    """

    name: str
    """Whatever every output may call the recording: an id, or a name of BIDS."""
    duration_s: float
    """From the first sample to the end of the last, gaps included."""
    start: datetime | None
    """The clock at the first sample; None where no output may tell it."""
    channels: tuple[str, ...]
    """Those that the model read, in its order."""
    missing: tuple[str, ...]
    """Those that the model was fitted with and the file lacks."""
    segments: tuple[tuple[float, float], ...]
    """Stretches with EEG as (onset_s, duration_s), sorted; a file without gaps has one."""
    times_s: NDArray[np.float64]
    """[n], the onset of each window."""
    probabilities: NDArray[np.float64]
    """[n], calibrated, of the class that is detected."""
    window_s: float
    """Length of a window."""
    detections: tuple[Event, ...]
    """(onset_s, offset_s), sorted and apart."""
    confidence: tuple[float, ...]
    """The probability of each detection: the highest in it, smoothed as the rule says."""
    kind: str
    """The type of all detections, ``sz`` for seizures of any kind."""
    rule: Postprocess
    """From windows to detections, with the threshold."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """``task`` and ``model`` (names of the task and of the model artifact), ``fitted_on`` (a
    sentence: the cohort that the model was fitted on), ``seen`` (kinds of leaks of the file into
    the model), ``warnings`` (sentences)."""

    @property
    def gaps(self) -> tuple[Event, ...]:
        """Stretches between the segments as (onset_s, offset_s)."""
        ends = [onset + length for onset, length in self.segments]
        starts = [onset for onset, _ in self.segments]
        return tuple(zip(ends[:-1], starts[1:], strict=True))

    @property
    def recorded_s(self) -> float:
        """Seconds with EEG, gaps left out."""
        return sum(length for _, length in self.segments)
