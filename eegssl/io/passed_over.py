"""Tell files that are passed over: misnamed EDF, tables of labels."""

import re
import unicodedata
from collections.abc import Collection
from pathlib import Path

from eegssl.regular_files import open_regular

TABLES = (
    *(".csv", ".tsv", ".txt", ".xls", ".xlsx", ".ods", ".xml", ".mat", ".ann", ".annot"),
    *(".evt", ".mrk", ".lbl"),
)
"""Endings of files in which people keep labels."""
_LABELS = re.compile(
    r"seiz|szr|(?<![a-z])sz(?![a-z])|anfae?ll|anfald|aanval|krae?mpf|crise|crisi|convuls"
    r"|napad|zachvat|ictal|iktal|event|evenement|ereign|label|annot|marker|hypno|sleep.?stag"
    r"|приступ|судорог|发作|發作|発作|발작"
)
"""Words in names of tables of labels, in small letters without accents."""
# BIDS and corpora ship these beside their labels; none of them is a table of events that is unread.
_NO_LABELS = re.compile(
    r"(?:.*_)?(?:participants|channels|electrodes|coordsystem|scans|sessions|eeg)\.\w+"
    r"|annotations_2017(?:_[abc](?:_fixed)?)?\.\w+|readme.*|license.*|changes.*",
    re.IGNORECASE,
)
_OTHERS = (
    *(".json", ".html", ".htm", ".pdf", ".png", ".jpg", ".jpeg", ".py", ".md", ".toml", ".yaml"),
    *(".npy", ".npz", ".parquet", ".safetensors", ".zip", ".gz", ".bz2", ".xz", ".7z", ".doc"),
    *(".docx", ".avi", ".mp4", ".mov", ".log", ".seizures", ".csv_bi", ".tse", ".tse_bi"),
)
"""Endings of files that are certainly no EDF, and are not opened to see."""
_HEADER_BYTES = 256
_OF_EDF = (".rec", ".edf+", ".bdf+", ".edf_", ".dat", ".bin", ".raw", ".sig", ".psg", ".bak")


def is_shipped_table(name: str) -> bool:
    """Whether a file's name is one that BIDS or a corpus gives a table that is known."""
    return _NO_LABELS.fullmatch(name) is not None


def may_hold_labels(name: str, stems: Collection[str]) -> bool:
    """Whether a file's name is that of a table of labels.

    It has the ending of a table, and either speaks of labels or is called as a recording of its
    folder (``stems``) is.
    """
    path = Path(name)
    if path.suffix.lower() not in TABLES or is_shipped_table(name):
        return False
    return path.stem in stems or _LABELS.search(_plain_letters(path.stem)) is not None


def _plain_letters(text: str) -> str:
    """A text in small letters without accents, however its system writes them (macOS: apart)."""
    apart = unicodedata.normalize("NFD", text.casefold())
    letters = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return unicodedata.normalize("NFC", letters)


def ending_in_words(path: Path) -> str:
    """The ending of a misnamed file in words; one that is not common may be part of a name."""
    ending = path.suffix.lower()
    return ending if ending in _OF_EDF else "another ending" if ending else "no ending"


def begins_like_edf(path: Path) -> bool:
    """Whether a file under another name begins with the header of an EDF or BDF file.

    Source: Kemp et al. 1992, the fixed part of the header. What can't be opened does not.
    """
    if path.suffix.lower() in (*_OTHERS, *TABLES):
        return False
    try:
        with open_regular(path) as stream:
            head = stream.read(_HEADER_BYTES)
    except OSError:
        return False
    if len(head) < _HEADER_BYTES or head[:8] not in (b"0       ", b"\xffBIOSEMI"):
        return False
    n_bytes, n_signals = head[184:192].strip(), head[252:256].strip()
    if not (n_bytes.isdigit() and n_signals.isdigit()):
        return False
    return int(n_bytes) == _HEADER_BYTES * (int(n_signals) + 1)
