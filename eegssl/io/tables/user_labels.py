"""Read the user's table of labels (TSV)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.errors import ConfigError
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.tsv import read_tsv
from eegssl.regular_files import read_text

_MISSING = ("", "n/a")


@dataclass(frozen=True)
class LabelRow:
    """A row: the ids that its recording or subject may have, a stretch of time, and the label."""

    names: tuple[str, ...]
    label: str
    onset_s: float | None = None
    duration_s: float | None = None


def read_labels(path: Path, corpora: Sequence[str]) -> list[LabelRow]:
    """The rows of a table with a column ``label`` and ``recording`` or ``subject`` (or both).

    ``recording`` is the path below the EDF folder, as preprocess saw it or as Windows has it;
    ids of recordings are taken as they are. ``corpora`` are the names (``--set corpus=``) of the
    recordings folders.

    Raises ConfigError for a table that can't be read, rows without a name, times that are none.
    """
    rows = read_tsv(path, ("label",))
    columns = rows[0].keys() if rows else _header(path)
    if not {"recording", "subject"} & set(columns):
        raise ConfigError(
            f"{path} has no column 'recording' and none 'subject'; a tab-separated table that "
            "says what each label belongs to was expected"
        )
    pseudonyms = Pseudonyms()
    labels, nameless, timeless = [], 0, 0
    for row in rows:
        name, subject = (_text(row, column) for column in ("recording", "subject"))
        hashed = pseudonyms.recording if name else pseudonyms.subject
        own = name or subject
        spellings = dict.fromkeys([own, own.replace("\\", "/").removeprefix("./")])
        prefixed = [f"{corpus}/{o}" if corpus else o for corpus in corpora for o in spellings]
        onset_s, duration_s = (_text(row, column) for column in ("onset_s", "duration_s"))
        times = [_seconds(text) for text in (onset_s, duration_s)]
        nameless += not own
        timeless += bool(onset_s or duration_s) and not (
            all(map(math.isfinite, times)) and times[0] >= 0 and times[1] > 0
        )
        stretch = times if onset_s else (None, None)
        ids = dict.fromkeys([own, *map(hashed, prefixed)])
        labels.append(LabelRow(tuple(ids), row["label"], *stretch))
    if nameless or timeless:
        raise ConfigError(
            f"{path}: {nameless} of {len(rows)} rows name neither recording nor subject, and "
            f"{timeless} have an onset_s or duration_s that is no time (seconds, both or neither: "
            "an onset of 0 or more, a duration above 0)"
        )
    return labels


def _header(path: Path) -> list[str]:
    """The columns of a table without rows."""
    first = read_text(path).splitlines()[:1]
    return [name.strip() for name in "".join(first).split("\t")]


def _text(row: dict[str, str], column: str) -> str:
    text = row.get(column, "")
    return "" if text in _MISSING else text


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
