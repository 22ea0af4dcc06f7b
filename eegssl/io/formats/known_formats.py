"""List the formats of recordings that are read: one line each."""

from pathlib import Path

from eegssl.io.formats.edf_format import BDF, EDF
from eegssl.io.formats.recording_format import Format

FORMATS: dict[str, Format] = {
    ".edf": EDF,
    ".bdf": BDF,
}
"""Ending of a file's name, in lower case -> its format."""


def format_of(path: Path) -> Format:
    """The format of a file by its name; one of no known ending may be EDF."""
    return FORMATS.get(path.suffix.lower(), EDF)
