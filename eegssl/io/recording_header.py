"""Describe a recording on disk, whatever its format: header, segments, annotations."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Segment:
    """Records without a gap between them; ``onset_s`` counts from the file's first sample.

    The onset is true time, gaps included: it says when the segment's first sample was taken.
    """

    first_record: int
    n_records: int
    onset_s: float


@dataclass(frozen=True)
class Annotation:
    """A remark on a stretch of time; ``duration_s`` is None where the file gives none.

    The text is what somebody typed, often with names in it: never log or store it. ``channels`` are
    labels of those that it is about, empty for all.
    """

    onset_s: float
    duration_s: float | None
    text: str = field(repr=False)
    channels: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnnotationScan:
    """All annotations in order of onset, and how many pieces could not be read as such.

    ``n_commas`` of these have a decimal comma in their times.
    """

    annotations: tuple[Annotation, ...]
    n_unreadable: int
    n_commas: int = 0


@dataclass(frozen=True, kw_only=True)
class RecordingHeader:
    """Checked header of one recording (per-signal fields are tuples of equal length).

    Samples lie in ``n_records`` records of ``record_duration_s`` each, which hold
    ``samples_per_record`` of a signal. ``segments`` are the pieces between gaps, one where there is
    none. ``start_offset_s`` is how long after the header's clock the first sample was taken.
    ``patient_code`` is a code for the person, empty where the file has none. ``notes`` are codes of
    what is unusual, such as ``truncated`` and ``gaps``. ``kinds`` are what the file itself
    calls its channels: ecg, eog, emg, other, or empty where the label decides; ``faults`` are the
    codes of those that can't be used, ``marked-bad`` or ``non-finite``, else empty. Both are ()
    where a format says nothing of the kind.
    """

    path: Path = field(repr=False)
    labels: tuple[str, ...]
    units: tuple[str, ...]
    samples_per_record: tuple[int, ...]
    record_duration_s: float
    n_records: int
    patient_code: str = field(default="", repr=False)
    start_offset_s: float = 0.0
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """Length of the samples that are there, in seconds, gaps left out."""
        return self.n_records * self.record_duration_s

    @property
    def declared_s(self) -> float:
        """Length that the file says it has, in seconds."""
        return self.duration_s

    @property
    def span_s(self) -> float:
        """Time from the first sample to the end of the last, in seconds, gaps included."""
        last = self.segments[-1]
        return last.onset_s + last.n_records * self.record_duration_s

    @property
    def ordinary_signals(self) -> tuple[int, ...]:
        """Indices of the signals that hold samples."""
        return tuple(range(len(self.labels)))

    def sfreq_hz(self, index: int) -> float:
        """Sampling rate of one signal."""
        return self.samples_per_record[index] / self.record_duration_s
