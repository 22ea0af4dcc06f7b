"""Hold what is known of a new file."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class EventInFile:
    """An event that a detector found, in seconds from the first sample of its ``recording``."""

    recording: str
    onset_s: float
    duration_s: float
    confidence: float


@dataclass(frozen=True)
class NewFile:
    """A file that a model has read; ``id`` and ``subject`` are hashed ids.

    ``span_s`` is its length from the first sample to the last, gaps included; ``onset_s`` of each
    of its recordings (stretches without a gap), by id, is seconds from the file's first sample.
    ``missing`` are channels that the recordings of training had and this file lacks;
    ``source_sfreq_hz`` is the highest rate of those that were read, before they were resampled.
    """

    id: str
    subject: str
    span_s: float
    onset_s: Mapping[str, float]
    channels: tuple[str, ...]
    missing: tuple[str, ...]
    source_sfreq_hz: float
    events: tuple[EventInFile, ...] = ()
    """Those that a detector found, where the model tells given events apart."""
