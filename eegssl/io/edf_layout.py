"""What is known of one EDF or BDF file once its header has been read and checked."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EdfHeader:
    """What is known of one EDF or BDF file (per-signal fields are tuples of equal length).

    ``n_records`` is resolved: the whole records that are really there. Limits that can't be read
    are NaN. ``start_offset_s`` is the onset of the first time-keeping TAL: annotation times count
    from the header's clock, samples from there. ``notes`` are codes of what is unusual:
    ``truncated``, ``surplus``, ``record-count-unknown``, ``no-timekeeping``.
    """

    path: Path = field(repr=False)
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
    start_offset_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def record_bytes(self) -> int:
        """Bytes of one data record."""
        return sum(self.samples_per_record) * self.bytes_per_sample

    @property
    def duration_s(self) -> float:
        """Length of the samples that are there, in seconds."""
        return self.n_records * self.record_duration_s

    @property
    def annotation_signals(self) -> tuple[int, ...]:
        """Indices of the signals that hold annotations in place of samples."""
        names = ("EDF Annotations", "BDF Annotations")
        return tuple(i for i, label in enumerate(self.labels) if label in names)

    @property
    def ordinary_signals(self) -> tuple[int, ...]:
        """Indices of the signals that hold samples."""
        return tuple(i for i in range(len(self.labels)) if i not in self.annotation_signals)

    def sfreq_hz(self, index: int) -> float:
        """Sampling rate of one signal."""
        return self.samples_per_record[index] / self.record_duration_s
