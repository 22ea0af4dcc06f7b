"""Describe a recording on disk, whatever its format: segments and annotations."""

from dataclasses import dataclass, field


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

    The text is what somebody typed, often with names in it: never log or store it.
    """

    onset_s: float
    duration_s: float | None
    text: str = field(repr=False)


@dataclass(frozen=True)
class AnnotationScan:
    """All annotations in order of onset, and how many pieces could not be read as such."""

    annotations: tuple[Annotation, ...]
    n_unreadable: int
