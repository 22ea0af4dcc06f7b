"""Define a format of recordings: the functions that read its files."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from eegssl.io.recording_header import AnnotationScan, RecordingHeader, Segment

Samples = NDArray[Any]
"""Samples [T] of one signal as recorded: integers of a file, or floats."""


@dataclass(frozen=True)
class Format:
    """A format of recordings, and the functions that read its files.

    Each takes what ``read_header`` made; all of them raise RecordingRefused for what they can't
    read. See `eegssl.io.formats.recordings`, which calls them.
    """

    name: str
    read_header: Callable[[Path, Path, bool], RecordingHeader]
    """From a path, the folder that its parts must lie in, and whether commas are points."""
    parts: Callable[[Path, Path], tuple[Path, ...]]
    """All files that a recording is made of, from the same path and folder."""
    require_unchanged: Callable[[Any], None]
    """Compares size and time of change with those that the header was read at."""
    read_samples: Callable[[Any, int, Segment | None], Samples]
    microvolt_scale: Callable[[Any, int, str | None, str | None], tuple[float, float]]
    sample_limits: Callable[[Any, int], tuple[float, float] | None]
    scan_annotations: Callable[[Any], AnnotationScan]
    read_clock: Callable[[Any], datetime]
    texts: Callable[[Any], Iterable[tuple[str, str]]]
    """Free texts, which may name somebody, and the kind of place that each stands in."""
    in_folder: bool = False
    """Whether a recording is a folder of files."""
