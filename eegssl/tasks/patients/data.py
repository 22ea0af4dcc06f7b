"""Gather a cohort: patients with an outcome, and their recordings.

Who is left out, and what is set aside, is counted with its reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl.corpus.store import Corpus, Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.errors import InputError
from eegssl.tasks.patients.cohort.outcome import Outcomes, outcomes
from eegssl.tasks.patients.cohort.patient_rows import PatientTable, patient_table
from eegssl.tasks.patients.cohort.sessions import Sessions, one_session, sessions_of
from eegssl.tasks.patients.config import OutcomeConfig, PatientTaskConfig

LACKING = "no EEG, or not of every session"


@dataclass(frozen=True)
class Cohort:
    """Patients with an outcome and the recordings that the design needs, in sorted order.

    ``good`` is patient -> 1 or 0. ``left_out`` counts patients of the table by reason,
    ``set_aside`` recordings, and ``set_aside_of`` the patients whose they are.
    """

    table: PatientTable
    good: dict[str, int]
    recordings: tuple[Recording, ...]
    side: dict[str, int]
    """Recording -> 0 before treatment, 1 after; all 0 with ``design = "single"``."""
    left_out: dict[str, int]
    set_aside: dict[str, int]
    set_aside_of: dict[str, int]
    inputs: tuple[tuple[str, str], ...]
    told_by: dict[str, int]
    """Columns that say the outcome (label, numbers or both) -> number of patients."""
    caveats: tuple[str, ...]
    """Warnings about outcomes and sessions."""

    @property
    def counts(self) -> dict[str, int]:
        """Patients of good and of poor outcome."""
        n_good = sum(self.good.values())
        return {"good": n_good, "poor": len(self.good) - n_good}


def gather(task: PatientTaskConfig, corpus: Corpus) -> Cohort:
    """Put the user's tables and the recordings together.

    Raises ConfigError and InputError for tables that can't be understood or contradict themselves,
    for recordings without a session where sessions are needed, for several sessions of a patient
    where one is, and where nobody is left.
    """
    table = patient_table(corpus, task.table)
    outcome = outcomes(table.rows, task.outcome)
    aside: dict[str, list[Recording]] = {}
    mine: list[Recording] = []
    for recording in corpus.recordings:
        why = _why_aside(recording, table, outcome, task)
        (aside.setdefault(why, []) if why else mine).append(recording)
    sessions = _sessions(task, corpus, mine)
    aside["of other sessions"] = [r for r in mine if r.id not in sessions.side]
    mine = [r for r in mine if r.id in sessions.side]
    whole = _of_every_session(task, mine, sessions)
    aside["of patients who lack the other session"] = [r for r in mine if r.subject not in whole]
    aside = {why: recordings for why, recordings in aside.items() if recordings}
    left_out = dict(outcome.left_out)
    if n := sum(name not in whole for name in outcome.good):
        left_out[LACKING] = n
    good = {name: outcome.good[name] for name in sorted(whole)}
    if not good:
        raise InputError(
            f"none of the {len(table.rows)} patients of the table has an outcome and the "
            f"recordings that the task needs (left out: {in_words(left_out)})"
        )
    return Cohort(
        table=table,
        good=good,
        recordings=tuple(r for r in mine if r.subject in whole),
        side=sessions.side,
        left_out=left_out,
        set_aside={why: len(recordings) for why, recordings in aside.items()},
        set_aside_of={why: len({r.subject for r in one}) for why, one in aside.items()},
        inputs=(*table.inputs, *sessions.inputs),
        told_by=dict(sorted(Counter(outcome.told_by[name] for name in good).items())),
        caveats=tuple(_caveats(outcome, task.outcome, sessions)),
    )


def _why_aside(
    recording: Recording, table: PatientTable, outcome: Outcomes, task: PatientTaskConfig
) -> str:
    """The reason to set a recording aside, or an empty text."""
    if recording.subject not in table.here:
        return "of subjects that the table of patients does not name"
    if recording.subject not in outcome.good:
        return "of patients without a usable outcome"
    if recording.duration_s < task.window_s:
        return f"shorter than a window of {task.window_s:g} s"
    return ""


def _sessions(task: PatientTaskConfig, corpus: Corpus, recordings: Sequence[Recording]) -> Sessions:
    """Find the recordings of the sessions that the design needs."""
    if not recordings:
        return Sessions({})
    if task.design == "paired":
        return sessions_of(corpus, recordings, task.sessions, task.sessions_table)
    if task.session is not None:
        return sessions_of(corpus, recordings, [task.session], task.sessions_table)
    return one_session(corpus, recordings, task.sessions_table)


def _of_every_session(
    task: PatientTaskConfig, recordings: Sequence[Recording], sessions: Sessions
) -> set[str]:
    """The patients who have recordings of every session that the design needs."""
    sides: dict[str, set[int]] = {r.subject: set() for r in recordings}
    for recording in recordings:
        sides[recording.subject].add(sessions.side[recording.id])
    needed = {0, 1} if task.design == "paired" else {0}
    return {name for name, there in sides.items() if there == needed}


def _caveats(outcome: Outcomes, config: OutcomeConfig, sessions: Sessions) -> Iterator[str]:
    if sessions.caveat:
        yield sessions.caveat
    if not any(config.label in columns for columns in outcome.told_by.values()):
        yield (
            f"no patient has a word in column {config.label}: outcomes are those of the numbers of "
            "seizures (outcome.label names the column)"
        )
    if outcome.shortly:
        yield (
            f"{outcome.shortly} patient(s) were followed for less than {config.free_months:g} "
            "months: nobody knows whether they stay as they are (outcome.least_follow_up_months "
            "leaves them out)"
        )


def windows_of(cohort: Cohort, corpus: Corpus, task: PatientTaskConfig) -> Windows:
    """At most ``most_windows`` windows of each recording, spread evenly over it."""
    return tile(corpus, cohort.recordings, task.window_s).spread(task.most_windows)


def follow_up(cohort: Cohort, config: OutcomeConfig) -> dict[str, Any]:
    """Summarise the months of follow-up, and count the patients for whom it is known."""
    cells = [cohort.table.rows[name].get(config.follow_up_column) for name in cohort.good]
    months = [float(cell) for cell in cells if cell is not None]
    summary: dict[str, Any] = {"known": len(months)}
    if months:
        low, middle, high = np.quantile(months, (0, 0.5, 1)).tolist()
        summary |= {"least_months": low, "median_months": middle, "most_months": high}
    return summary


def in_words(counts: Mapping[str, int]) -> str:
    """Counts by reason as one phrase."""
    return ", ".join(f"{n} {why}" for why, n in counts.items()) or "nobody"


def sessions_by_window(
    cohort: Cohort, windows: Windows, task: PatientTaskConfig
) -> list[str] | None:
    """The session of each window; None with one session."""
    if task.design == "single":
        return None
    sides = [cohort.side[r.id] for r in windows.recordings]
    return [task.sessions[sides[k]] for k in windows.owner.tolist()]
