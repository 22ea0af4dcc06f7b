"""Describe an EDF or BDF file whose header was checked."""

from dataclasses import dataclass, field
from pathlib import Path

from eegssl.io.recording_header import Segment


@dataclass(frozen=True)
class EdfHeader:
    """Checked header of one EDF or BDF file (per-signal fields are tuples of equal length).

    ``n_records`` is resolved: the whole records that are really there. Limits that can't be read
    are NaN. ``modified_ns`` is when the file was last changed, ``clock`` the date and time of its
    start as they stand there. ``start_offset_s`` is the onset of the first time-keeping TAL:
    annotation times count from the header's clock, samples from there. ``notes`` are codes of what
    is unusual: ``truncated``, ``surplus``, ``record-count-unknown``, ``no-timekeeping``, ``gaps``,
    ``decimal-comma``, ``comma-unclear`` (it may part thousands), ``unit-sign-lost`` (``?V``).
    ``annotation_signals`` are the indices of those that hold annotations in place of samples;
    with ``decimal_comma`` their times may have commas.
    ``segments`` are the pieces between gaps, one where there is none.
    """

    path: Path = field(repr=False)
    modified_ns: int
    clock: bytes = field(repr=False)
    file_bytes: int
    header_bytes: int
    bytes_per_sample: int
    labels: tuple[str, ...]
    units: tuple[str, ...]
    physical_min: tuple[float, ...]
    physical_max: tuple[float, ...]
    digital_min: tuple[float, ...]
    digital_max: tuple[float, ...]
    samples_per_record: tuple[int, ...]
    record_duration_s: float
    n_records: int
    declared_records: int
    is_plus: bool
    continuous: bool
    patient_code: str = field(repr=False)
    annotation_signals: tuple[int, ...]
    decimal_comma: bool
    start_offset_s: float = 0.0
    segments: tuple[Segment, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def record_bytes(self) -> int:
        """Bytes of one data record."""
        return sum(self.samples_per_record) * self.bytes_per_sample

    @property
    def duration_s(self) -> float:
        """Length of the samples that are there, in seconds, gaps left out."""
        return self.n_records * self.record_duration_s

    @property
    def span_s(self) -> float:
        """Time from the first sample to the end of the last, in seconds, gaps included."""
        last = self.segments[-1]
        return last.onset_s + last.n_records * self.record_duration_s

    @property
    def ordinary_signals(self) -> tuple[int, ...]:
        """Indices of the signals that hold samples."""
        return tuple(i for i in range(len(self.labels)) if not self.is_annotation(i))

    def is_annotation(self, index: int) -> bool:
        """Whether one signal holds annotations in place of samples."""
        return index in self.annotation_signals

    def sfreq_hz(self, index: int) -> float:
        """Sampling rate of one signal."""
        return self.samples_per_record[index] / self.record_duration_s
