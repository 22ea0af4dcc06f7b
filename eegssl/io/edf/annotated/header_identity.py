"""Say whose recording an EDF+ file holds, or nobody's.

Source: Kemp & Olivan 2003, EDF+ specification, 2.1.3.3 and 2.1.3.4 (patient and recording).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eegssl.errors import RecordingRefused
from eegssl.io.edf.clock import read_clock
from eegssl.io.edf.edf_writer import START
from eegssl.io.edf.header import MAIN_BYTES
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.tal import decode
from eegssl.regular_files import open_regular

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DATE = r"(?:X|\d\d-[A-Z]{3}-\d{4})"
_PATIENT = re.compile(rf"\S+ [MFX] {_DATE} \S+(?: .*)?")
_RECORDING = re.compile(rf"Startdate {_DATE} (\S+ \S+ \S+(?: .*)?)")
_LONGEST = 80
_LETTERS = str.maketrans(
    {"\u00b5": "u", "\u03bc": "u", "\u00df": "ss", "\u2126": "Ohm", "\u03a9": "Ohm"}
)


@dataclass(frozen=True)
class Identity:
    """Patient and recording fields of EDF+, and the clock at the first sample.

    Without ``dated`` the recording field names no date.
    """

    patient: str = field(default="X X X X", repr=False)
    recording: str = field(default="X X X", repr=False)
    start: datetime = START
    dated: bool = False


ANONYMOUS = Identity()
"""The standard's ``X X X X``, begun at the earliest moment that EDF can say."""


def identity_of(header: EdfHeader) -> Identity:
    """What a file says of its patient and start, in the words and order of EDF+.

    The free text of a plain EDF becomes the patient's name and what is additional to the recording;
    what does not fit 80 letters is cut off. A start that is no date is that of nobody.
    """
    with open_regular(header.path) as stream:
        main = stream.read(MAIN_BYTES)
    patient, recording = (plain_ascii(decode(part)) for part in (main[8:88], main[88:168]))
    if not _PATIENT.fullmatch(patient):
        patient = f"X X X {patient.replace(' ', '_') or 'X'}"
    match = _RECORDING.fullmatch(recording)
    recording = match[1] if match else f"X X X {recording}".strip()
    start = first_sample_clock(header)
    if start is None:
        return Identity(patient[:_LONGEST], recording)
    return Identity(patient[:_LONGEST], recording, start, dated=True)


def first_sample_clock(header: EdfHeader) -> datetime | None:
    """When the first sample was taken, by the header's clock and its time stamp; None if unsaid."""
    try:
        return read_clock(header) + timedelta(seconds=round(header.start_offset_s, 6))
    except (RecordingRefused, OverflowError):
        return None


def main_header(
    identity: Identity, *, bdf: bool, n_signals: int, n_records: int, record_s: str
) -> bytes:
    """The first 256 bytes of an EDF+C or BDF+C file; ``record_s`` as the header shall say it."""
    start = identity.start
    day = f"{start:%d}-{_MONTHS[start.month - 1]}-{start:%Y}" if identity.dated else "X"
    recording = f"Startdate {day} {identity.recording}"[:_LONGEST].rstrip()
    fields = (
        *((identity.patient, 80), (recording, 80)),
        *((f"{start:%d.%m.%y}", 8), (f"{start:%H.%M.%S}", 8)),
        *((str(256 * (n_signals + 1)), 8), ("BDF+C" if bdf else "EDF+C", 44)),
        *((str(n_records), 8), (record_s, 8), (str(n_signals), 4)),
    )
    version = b"\xffBIOSEMI" if bdf else b"0       "
    return version + b"".join(padded(text, width) for text, width in fields)


def padded(text: str, width: int) -> bytes:
    """A header field; raises ValueError where the text is longer than the field."""
    if len(text) > width:
        raise ValueError(f"a header field of {width} letters can't hold {len(text)}")
    return text.ljust(width).encode("ascii")


def plain_ascii(text: str) -> str:
    """Text in printable ASCII, which alone EDF+ allows in headers: accents left out, spaces single.

    A letter without a likeness becomes ``_``.
    """
    letters = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    bare = "".join(c for c in letters if not unicodedata.combining(c))
    ascii_only = "".join(c if " " <= c <= "~" else " _"[c.isprintable()] for c in bare)
    return " ".join(ascii_only.split())
