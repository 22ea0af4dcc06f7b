"""Find each recording's session, before or after treatment.

By the user's table, or by name. Different sessions of a patient are never mixed without a warning.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.artifacts.atomic import hash_file, hash_json
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError
from eegssl.io.tables.patient_tables import bare_session, read_sessions, sessions_by_name
from eegssl.tasks.patients.cohort.patient_rows import names_of_corpora


@dataclass(frozen=True)
class Sessions:
    """Recording -> its place among the sessions asked for: 0 before treatment, 1 after.

    Recordings of none of them are absent; ``caveat`` is a warning about them, or empty.
    """

    side: dict[str, int]
    inputs: tuple[tuple[str, str], ...] = ()
    caveat: str = ""


def sessions_of(
    corpus: Corpus, recordings: Sequence[Recording], wanted: Sequence[str], path: str | None
) -> Sessions:
    """Find the ``recordings`` of the one or two sessions ``wanted``.

    By the user's table of sessions, or else by ``ses-…`` in their names. Raises InputError when
    the session of a recording is unknown or none is of a session wanted, ConfigError when a table
    gives a recording two.
    """
    names = _session_names(corpus, recordings, path)
    _require_known(recordings, names, path)
    sides = {bare_session(name): k for k, name in enumerate(wanted)}
    side = {id_: sides[name] for id_, name in names.items() if name in sides}
    setting = "session=NAME" if len(wanted) == 1 else 'sessions=\'["BEFORE", "AFTER"]\''
    for name, k in sides.items():
        if k not in side.values():
            raise InputError(
                f"no recording is of the session {name!r} among {len(set(names.values()))} "
                f"session(s) of {len(recordings)} recordings; name what there is with --set "
                f"task.{setting}"
            )
    return Sessions(side, (*_inputs(path), ("sessions", hash_json(sorted(side.items())))))


def one_session(corpus: Corpus, recordings: Sequence[Recording], path: str | None) -> Sessions:
    """Take all of ``recordings``, where no patient has several sessions.

    A patient's recordings without a session count as one more. Raises InputError where a patient
    has several, or a table of sessions does not name a recording.
    """
    names = _session_names(corpus, recordings, path)
    if path:
        _require_known(recordings, names, path)
    by_subject: dict[str, set[str]] = {}
    for recording in recordings:
        by_subject.setdefault(recording.subject, set()).add(names.get(recording.id, ""))
    several = Counter(len(sessions) for sessions in by_subject.values() if len(sessions) > 1)
    if several:
        counted = ", ".join(f"{n} sessions: {several[n]}" for n in sorted(several))
        raise InputError(
            f"{several.total()} of {len(by_subject)} patients have recordings of several sessions "
            f"({counted}), which may be from before and after treatment; those without a session "
            "count as one. Name the session to take with --set task.session=NAME; or say which "
            "recordings are of one session with --set task.sessions_table=FILE.tsv, whose columns "
            "are recording and session"
        )
    caveat = _caveat(recordings, names)
    return Sessions({r.id: 0 for r in recordings}, _inputs(path), caveat)


def _caveat(recordings: Sequence[Recording], names: Mapping[str, str]) -> str:
    """Tell that recordings may not be comparable, where every patient has one session, or none."""
    n_sessions = len(set(names.values()))
    if n_sessions > 1:
        return (
            f"recordings are of {n_sessions} different sessions, one a patient, and all are taken: "
            "task.session=NAME takes those of one"
        )
    per_patient = Counter(r.subject for r in recordings)
    n_patients = sum(n > 1 for n in per_patient.values())
    if n_sessions == 0 and n_patients:
        return (
            f"{n_patients} patients have several recordings, whose session nobody knows, and all "
            "are taken: task.sessions_table tells sessions apart, and task.session=NAME takes one"
        )
    return ""


def _session_names(
    corpus: Corpus, recordings: Sequence[Recording], path: str | None
) -> dict[str, str]:
    """Recording -> session, of those whose session is known."""
    by_id = _by_table(corpus, path) if path else _by_names(recordings)
    return {r.id: by_id[r.id] for r in recordings if r.id in by_id}


def _require_known(
    recordings: Sequence[Recording], names: Mapping[str, str], path: str | None
) -> None:
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


def _inputs(path: str | None) -> tuple[tuple[str, str], ...]:
    return (("sessions-table", hash_file(Path(path))),) if path else ()


def _by_names(recordings: Sequence[Recording]) -> dict[str, str]:
    names = sessions_by_name([r.file for r in recordings])
    return {r.id: s for r, s in zip(recordings, names, strict=True) if s is not None}


def _by_table(corpus: Corpus, path: str) -> dict[str, str]:
    """Recording -> session, by the user's table."""
    session_of: dict[str, str] = {}
    for row in read_sessions(Path(path), names_of_corpora(corpus)):
        for id_ in row.ids:
            if session_of.setdefault(id_, row.session) != row.session:
                raise ConfigError(
                    "the table of sessions names two sessions for a recording, expected one: "
                    "correct task.sessions_table"
                )
    return {
        r.id: session_of[id_]
        for r in corpus.recordings
        for id_ in (r.file, r.id)
        if id_ in session_of
    }
