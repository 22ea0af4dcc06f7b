"""Match the rows of a table of patients to a corpus.

Ambiguous rows are refused with their number; missing patients are counted.
"""

from dataclasses import dataclass
from pathlib import Path

from eegssl.artifacts.atomic import hash_file
from eegssl.corpus.store import Corpus
from eegssl.errors import ConfigError, InputError
from eegssl.io.tables.patient_tables import read_patients


@dataclass(frozen=True)
class PatientTable:
    """Patient -> column -> cell, in the order of the table; cells that say nothing are absent.

    ``here`` are those who have a recording; the others are kept, to be counted.
    """

    rows: dict[str, dict[str, str]]
    here: frozenset[str]
    inputs: tuple[tuple[str, str], ...]


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
    listed = read_patients(Path(path), names_of_corpora(corpus))
    for row in listed:
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
            f"none of the {len(listed)} rows of the table of patients is about one of the "
            f"{len(set(known.values()))} subjects of these recordings; participant_id holds the "
            "subject's name as preprocess found it, with or without sub-, or its id (s-…)"
        )
    return PatientTable(rows, here, (("patients-table", hash_file(Path(path))),))


def names_of_corpora(corpus: Corpus) -> list[str]:
    """The names (``--set corpus=``) of the recordings folders."""
    return sorted({a.manifest.config["corpus"] for a in corpus.artifacts})
