"""Describe an EDF or BDF file whose header was checked."""

from dataclasses import dataclass, field

from eegssl.io.recording_header import RecordingHeader


@dataclass(frozen=True, kw_only=True)
class EdfHeader(RecordingHeader):
    """Checked header of one EDF or BDF file (per-signal fields are tuples of equal length).

    ``n_records`` is resolved: the whole records that are really there. Limits that can't be read
    are NaN. ``modified_ns`` is when the file was last changed, ``clock`` the date and time of its
    start as they stand there. ``start_offset_s`` is the onset of the first time-keeping TAL:
    annotation times count from the header's clock, samples from there. ``notes`` are codes of what
    is unusual: ``truncated``, ``surplus``, ``record-count-unknown``, ``no-timekeeping``, ``gaps``,
    ``decimal-comma``, ``comma-unclear`` (it may part thousands), ``unit-sign-lost`` (``?V``).
    ``annotation_signals`` are the indices of those that hold annotations in place of samples;
    with ``decimal_comma`` their times may have commas.
    """

    modified_ns: int
    clock: bytes = field(repr=False)
    file_bytes: int
    header_bytes: int
    bytes_per_sample: int
    physical_min: tuple[float, ...]
    physical_max: tuple[float, ...]
    digital_min: tuple[float, ...]
    digital_max: tuple[float, ...]
    declared_records: int
    is_plus: bool
    continuous: bool
    annotation_signals: tuple[int, ...]
    decimal_comma: bool

    @property
    def record_bytes(self) -> int:
        """Bytes of one data record."""
        return sum(self.samples_per_record) * self.bytes_per_sample

    @property
    def declared_s(self) -> float:
        """Length that the number of records in the header says, in seconds."""
        return self.declared_records * self.record_duration_s

    @property
    def ordinary_signals(self) -> tuple[int, ...]:
        """Indices of the signals that hold samples."""
        return tuple(i for i in range(len(self.labels)) if not self.is_annotation(i))

    def is_annotation(self, index: int) -> bool:
        """Whether one signal holds annotations in place of samples."""
        return index in self.annotation_signals
