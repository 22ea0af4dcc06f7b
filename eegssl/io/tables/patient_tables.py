"""Read the user's tables of outcomes by participant and sessions by recording.

Names become the ids that recordings have (`eegssl.io.private.pseudonyms`); none is kept.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.participants import participant_rows
from eegssl.io.tables.tsv import read_tsv

_MISSING = ("", "n/a")
_BIDS_SUBJECT = "sub-"
_BIDS_SESSION = "ses-"
_SESSION = re.compile(r"(?:^|[/_])ses-([A-Za-z0-9]+)(?=[/_.]|$)")


@dataclass(frozen=True)
class PatientRow:
    """A row: the ids that its patient may have, and column -> cell of what is known."""

    ids: tuple[str, ...]
    cells: dict[str, str]


@dataclass(frozen=True)
class SessionRow:
    """A row: the ids that its recording may have, and the session's name."""

    ids: tuple[str, ...]
    session: str


def read_patients(path: Path, corpora: Sequence[str]) -> list[PatientRow]:
    """The rows of a ``participants.tsv``; empty cells and n/a are left out.

    ``participant_id`` is a subject's name with or without ``sub-`` as BIDS writes it, or an id
    (``s-…``). ``corpora`` are the names (``--set corpus=``) of the recordings folders. Raises
    ConfigError and InputError for a table that can't be read.
    """
    pseudonyms = Pseudonyms()
    patients = []
    for name, row in participant_rows(path).items():
        cells = {column: cell for column, cell in row.items() if cell.lower() not in _MISSING}
        bare = name.removeprefix(_BIDS_SUBJECT)
        names = [_within(c, one) for one in (name, _BIDS_SUBJECT + bare, bare) for c in corpora]
        ids = dict.fromkeys([name, *map(pseudonyms.subject, names)])
        patients.append(PatientRow(tuple(ids), cells))
    return patients


def read_sessions(path: Path, corpora: Sequence[str]) -> list[SessionRow]:
    """The rows of a table with the columns ``recording`` and ``session``.

    ``recording`` is the path below the EDF folder, as preprocess saw it, or an id (``r-…``).
    Raises ConfigError for a table that can't be read.
    """
    pseudonyms = Pseudonyms()
    sessions = []
    for row in read_tsv(path, ("recording", "session")):
        if row["session"].lower() not in _MISSING:
            name = row["recording"]
            ids = dict.fromkeys([name, *(pseudonyms.recording(_within(c, name)) for c in corpora)])
            sessions.append(SessionRow(tuple(ids), bare_session(row["session"])))
    return sessions


def sessions_by_name(ids: Sequence[str]) -> list[str | None]:
    """The BIDS session (``ses-…``) in the name behind each id; None where there is no one session.

    Names are known only where the recordings were preprocessed, to the private folder there.
    """
    pseudonyms = Pseudonyms()
    sessions = [set(_SESSION.findall(pseudonyms.name(id_))) for id_ in ids]
    return [next(iter(names)) if len(names) == 1 else None for names in sessions]


def bare_session(name: str) -> str:
    """A session's name without the ``ses-`` of BIDS."""
    return name.removeprefix(_BIDS_SESSION)


def _within(corpus: str, name: str) -> str:
    return f"{corpus}/{name}" if corpus else name
