"""Patients of a corpus: what the user's tables say of them, by hashed id, and which session.

What can't be told apart from a mistake is refused with its number; what is missing is counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError
from eegssl.files import hash_file
from eegssl.io.patient_tables import bare_session, read_patients, read_sessions, sessions_by_name


@dataclass(frozen=True)
class PatientTable:
    """Patient -> column -> cell, in the order of the table; cells that say nothing are absent.

    ``here`` are those who have a recording; the others are kept, to be counted.
    """

    rows: dict[str, dict[str, str]]
    here: frozenset[str]
    inputs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Sessions:
    """Recording -> 0 (before treatment) or 1 (after); ``others`` are of neither session."""

    side: dict[str, int]
    others: int
    inputs: tuple[tuple[str, str], ...] = ()


def patient_table(corpus: Corpus, path: str | None) -> PatientTable:
    """Read the table of patients of these recordings.

    Raises ConfigError where none is given or it can't be found, InputError when a patient has two
    rows, a row means two patients, or no row means a patient of these recordings.
    """
    if path is None:
        raise ConfigError(
            "the task needs a table of patients and their outcomes: --set "
            "task.table=participants.tsv, or `table` in a task file of your own"
        )
    known = {id_: r.subject for r in corpus.recordings for id_ in (r.subject, *r.aliases)}
    rows: dict[str, dict[str, str]] = {}
    twice = several = 0
    found = read_patients(Path(path), _corpora(corpus))
    for row in found:
        subjects = {known[id_] for id_ in row.ids if id_ in known}
        several += len(subjects) > 1
        name = subjects.pop() if subjects else row.ids[-1]
        twice += name in rows
        rows[name] = row.cells
    if twice or several:
        raise InputError(
            f"in the table of patients {twice} row(s) are about a patient of another row, and "
            f"{several} mean patients of several folders; give each patient one row, under the id "
            "(s-…) that subjects.tsv of the recordings has, where names are shared"
        )
    here = frozenset(rows) & set(known.values())
    if not here:
        raise InputError(
            f"none of the {len(found)} rows of the table of patients is about one of the "
            f"{len(set(known.values()))} subjects of these recordings; participant_id holds the "
            "subject's name as preprocess found it, with or without sub-, or its id (s-…)"
        )
    return PatientTable(rows, here, (("patients-table", hash_file(Path(path))),))


def sessions_of(
    corpus: Corpus, recordings: Sequence[Recording], wanted: tuple[str, str], path: str | None
) -> Sessions:
    """Which of ``recordings`` are from before treatment and which from after.

    By the user's table of sessions, or else by ``ses-…`` in their names. Raises InputError when
    the session of a recording is unknown, ConfigError when a table gives it two.
    """
    names = _by_table(corpus, path) if path else _by_names(recordings)
    unknown = sum(r.id not in names for r in recordings)
    if unknown:
        reason = (
            "the table of sessions does not name them: add a row for each"
            if path
            else "their names hold no one ses-…, or this machine's private folder does not know "
            "their names: give a table with the columns recording and session, with --set "
            "task.sessions_table=FILE.tsv"
        )
        raise InputError(f"{unknown} of {len(recordings)} recordings have no session; {reason}")
    first, second = map(bare_session, wanted)
    sides = {first: 0, second: 1}
    side = {r.id: sides[names[r.id]] for r in recordings if names[r.id] in sides}
    for name, k in sides.items():
        if k not in side.values():
            there = len({names[r.id] for r in recordings})
            raise InputError(
                f"no recording is of the session {name!r} among {there} session(s) of "
                f"{len(recordings)} recordings; name them with --set "
                'task.sessions=\'["BEFORE", "AFTER"]\''
            )
    inputs = (("sessions-table", hash_file(Path(path))),) if path else ()
    return Sessions(side, len(recordings) - len(side), inputs)


def _by_names(recordings: Sequence[Recording]) -> dict[str, str]:
    found = sessions_by_name([r.file for r in recordings])
    return {r.id: s for r, s in zip(recordings, found, strict=True) if s is not None}


def _by_table(corpus: Corpus, path: str) -> dict[str, str]:
    """Recording -> session, by the user's table."""
    said: dict[str, str] = {}
    for row in read_sessions(Path(path), _corpora(corpus)):
        for id_ in row.ids:
            if said.setdefault(id_, row.session) != row.session:
                raise ConfigError("the table of sessions gives a recording two; it has one")
    by_id = {r.id: (r.id, r.file) for r in corpus.recordings}
    return {name: said[id_] for name, ids in by_id.items() for id_ in reversed(ids) if id_ in said}


def _corpora(corpus: Corpus) -> list[str]:
    return sorted({a.manifest.config["corpus"] for a in corpus.artifacts})
