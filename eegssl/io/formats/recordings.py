"""Read header, samples, annotations and clock of a recording in any format."""

from datetime import datetime
from pathlib import Path

from eegssl.io.formats.known_formats import format_of
from eegssl.io.formats.recording_format import Samples
from eegssl.io.recording_header import AnnotationScan, RecordingHeader, Segment


def read_recording_header(
    path: Path, root: Path | None = None, *, decimal_comma: bool = False
) -> RecordingHeader:
    """Read and check the header of a recording; none of its parts may lie outside ``root``.

    Without ``root`` all have to lie beside it. With ``decimal_comma`` commas in numbers of EDF are
    decimal points. Raises RecordingRefused.
    """
    return format_of(path).read_header(path, root or path.parent, decimal_comma)


def format_name(path: Path) -> str:
    """The name of a recording's format, such as ``EDF`` or ``BrainVision``."""
    return format_of(path).name


def recording_parts(path: Path, root: Path) -> tuple[Path, ...]:
    """All files that a recording is made of, its own first; raises RecordingRefused."""
    return format_of(path).parts(path, root)


def require_same_size_and_time(header: RecordingHeader) -> None:
    """Raise RecordingRefused ``unreadable`` where a file changed since its header was read."""
    format_of(header.path).require_unchanged(header)


def read_samples(header: RecordingHeader, index: int, segment: Segment | None = None) -> Samples:
    """The samples of one signal as stored [T], of a segment or of all joined.

    `recording_scale` brings them to µV. Raises RecordingRefused.
    """
    return format_of(header.path).read_samples(header, index, segment)


def recording_scale(
    header: RecordingHeader, index: int, assumed_unit: str | None = None, unit: str | None = None
) -> tuple[float, float]:
    """Gain and offset from stored samples to microvolts: µV = sample · gain + offset.

    ``assumed_unit`` stands in where the signal names no unit, or one that nobody knows; ``unit``
    is used in place of what it names. Raises RecordingRefused.
    """
    return format_of(header.path).microvolt_scale(header, index, assumed_unit, unit)


def sample_limits(header: RecordingHeader, index: int) -> tuple[float, float] | None:
    """The least and greatest value that a sample can have, None where that is not known."""
    return format_of(header.path).sample_limits(header, index)


def recording_annotations(header: RecordingHeader) -> AnnotationScan:
    """The annotations inside a recording, onsets counted from its first sample."""
    return format_of(header.path).scan_annotations(header)


def recording_texts(header: RecordingHeader) -> list[tuple[str, str]]:
    """Free texts of a recording, which may name somebody, with the kind of their place.

    For a search of outputs alone. Raises RecordingRefused.
    """
    return list(format_of(header.path).texts(header))


def recording_start(header: RecordingHeader) -> datetime:
    """The local date and time at which a recording began, as its header says.

    Raises RecordingRefused ``events`` where it says none.
    """
    start: datetime = format_of(header.path).read_clock(header)
    return start
