"""Collect the free text of recordings that mne opens, to search for."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from eegssl.io.formats.through_mne.mne_annotations import scan_mne_annotations
from eegssl.io.formats.through_mne.mne_header import MneFormat, MneHeader
from eegssl.io.formats.through_mne.mne_reader import open_raw_of

_FIELDS = ("experimenter", "description", "proj_name", "device_info", "helium_info")
_DATES = ("%Y-%m-%d", "%d.%m.%Y", "%Y%m%d")


def mne_texts(kind: MneFormat, header: MneHeader) -> Iterator[tuple[str, str]]:
    """Texts out of header and annotations, and what kind of place each stands in."""
    raw = open_raw_of(kind, header)
    words = {note.text for note in scan_mne_annotations(kind, header).annotations}
    yield from ((text, "annotation") for text in sorted(words))
    yield from ((label, "label") for label in header.labels)
    for value in (raw.info["subject_info"] or {}).values():
        yield from ((text, "patient field") for text in _texts(value))
    for name in _FIELDS:
        yield from ((text, "recording field") for text in _texts(raw.info.get(name)))
    yield from ((text, "start date") for text in _texts(raw.info["meas_date"]))


def _texts(value: Any) -> Iterator[str]:
    """A text, a date in the usual spellings, and those inside of a dictionary."""
    if isinstance(value, str) and value.strip():
        yield value.strip()
    elif isinstance(value, datetime | date):
        yield from (value.strftime(form) for form in _DATES)
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
