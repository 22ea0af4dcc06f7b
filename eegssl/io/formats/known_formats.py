"""List the formats of recordings that are read: one line each."""

from pathlib import Path

from eegssl.io.formats.edf_format import BDF, EDF
from eegssl.io.formats.recording_format import Format
from eegssl.io.formats.through_mne.brainvision import BRAINVISION
from eegssl.io.formats.through_mne.eeglab import EEGLAB
from eegssl.io.formats.through_mne.egi import EGI
from eegssl.io.formats.through_mne.fif import FIF
from eegssl.io.formats.through_mne.gdf import GDF
from eegssl.io.formats.through_mne.neuroscan import NEUROSCAN

FORMATS: dict[str, Format] = {
    ".edf": EDF,
    ".bdf": BDF,
    ".vhdr": BRAINVISION,
    ".set": EEGLAB,
    ".fif": FIF,
    ".gdf": GDF,
    ".cnt": NEUROSCAN,
    ".mff": EGI,
}
"""Ending of a file's name, in lower case -> its format."""


def format_of(path: Path) -> Format:
    """The format of a file by its name; one of no known ending may be EDF."""
    return FORMATS.get(path.suffix.lower(), EDF)
