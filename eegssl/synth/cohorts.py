"""Draw a cohort's patients and the effects planted in their recordings.

In the outcome cohorts a marker is planted in the EEG of each patient: the log amplitude of theta
over both temporal lobes. Responders to a medication (asm) have less of it; after a
thermocoagulation (rftc) it falls in patients of good outcome. Settings give the size, as Cohen's d
between patients of good and poor outcome. The design is ours, not a finding about patients.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eegssl.synth.config import SynthConfig
from eegssl.synth.label_files import PARTICIPANTS_JSON, participants_tsv
from eegssl.synth.schedule import RecordingPlan, plan_recording
from eegssl.synth.subject import Subject, draw_subjects
from eegssl.synth.waves.processes import draw_process

SLOWING_UV = 14.0
"""RMS of the temporal theta of a patient whose marker is 0."""

SD_LOG = 0.5
"""Standard deviation over patients of one outcome of the log amplitude; its change has half."""

SESSIONS = ("before", "after")
"""The sessions of a patient of the cohort ``rftc``."""


@dataclass(frozen=True)
class Course:
    """A patient's outcome, cells of the table of participants, and marker in each session."""

    good: bool
    follow_up_months: int
    seizures_per_month: float
    seizures_per_month_after: float
    seizure_free_months: int
    marker: tuple[float, ...]


@dataclass(frozen=True)
class Cohort:
    """All recordings of a corpus and its table of participants with what the columns mean."""

    plans: tuple[RecordingPlan, ...]
    participants_tsv: str
    columns: dict[str, Any]


def draw_cohort(config: SynthConfig) -> Cohort:
    """Draw all that a corpus holds, before any sample is made."""
    subjects = draw_subjects(config)
    runs = range(config.recordings_per_subject)
    if config.cohort == "epilepsy":
        plans = [plan_recording(config, s, run) for s in subjects for run in runs]
        return Cohort(tuple(plans), participants_tsv(subjects), PARTICIPANTS_JSON)
    subjects = tuple(replace(s, reference="average", style="plain") for s in subjects)
    if config.cohort == "forecast":
        plans = [_process(config, replace(s, has_ecg=False), run) for s in subjects for run in runs]
        return Cohort(tuple(plans), participants_tsv(subjects), PARTICIPANTS_JSON)
    courses = draw_courses(config)
    plans = [
        _session(config, subject, k, run, course.marker[k])
        for subject, course in zip(subjects, courses, strict=True)
        for k in range(len(course.marker))
        for run in runs
    ]
    table = participants_tsv(subjects, _columns(config, courses))
    return Cohort(tuple(plans), table, PARTICIPANTS_JSON | _COLUMNS_JSON | _LABEL[config.cohort][1])


def draw_courses(config: SynthConfig) -> tuple[Course, ...]:
    """The courses of all patients of an outcome cohort; half, drawn, have a good outcome."""
    n = config.n_subjects
    good = np.random.default_rng([config.seed, 4]).permutation(np.arange(n) < n // 2)
    return tuple(_course(config, i, bool(good[i])) for i in range(n))


def _course(config: SynthConfig, index: int, good: bool) -> Course:
    rng = np.random.default_rng([config.seed, 5, index])
    side = 0.5 if good else -0.5
    log_rate = rng.normal(1.5, 1.0) - config.clinical_effect * side
    before = max(0.5, round(float(np.exp(log_rate)), 2))
    months = int(rng.integers(12, 37))
    free = good and rng.random() < 0.5
    ratio = 0.0 if free else rng.uniform(0.05, 0.45) if good else rng.uniform(0.6, 1.3)
    level, change = rng.standard_normal(2)
    planted = config.effect * side
    both = (level, level + (change - planted) / 2)
    marker = both if config.cohort == "rftc" else (level - planted,)
    return Course(
        good=good,
        follow_up_months=months,
        seizures_per_month=before,
        seizures_per_month_after=round(before * float(ratio), 2),
        seizure_free_months=months if free else int(rng.integers(0, 4)),
        marker=tuple(round(float(m), 4) for m in marker),
    )


def _session(
    config: SynthConfig, subject: Subject, session: int, run: int, marker: float
) -> RecordingPlan:
    """One recording of a patient; the sessions share all traits but the planted one."""
    slowing_uv = round(float(SLOWING_UV * np.exp(SD_LOG * marker)), 3)
    subject = replace(subject, slowing_uv=slowing_uv)
    plan = plan_recording(config, subject, 100 * session + run)
    name = SESSIONS[session] if config.cohort == "rftc" else plan.session
    return replace(plan, run=run, session=name)


def _process(config: SynthConfig, subject: Subject, run: int) -> RecordingPlan:
    """A recording that holds a process and nothing else."""
    seed = (config.seed, 3, subject.index, run)
    rng, traits = (np.random.default_rng([*s, 6]) for s in (seed, seed[:3]))
    return RecordingPlan(
        seed=seed,
        subject=subject,
        run=run,
        duration_s=config.duration_s,
        process=draw_process(rng, traits, config.coherence_s, config.duration_s),
    )


def _columns(config: SynthConfig, courses: Sequence[Course]) -> dict[str, list[str]]:
    """Column -> a cell for each patient."""
    name, _, words = _LABEL[config.cohort]
    return {
        name: [words[c.good] for c in courses],
        "follow_up_months": [str(c.follow_up_months) for c in courses],
        "seizures_per_month": [f"{c.seizures_per_month:.2f}" for c in courses],
        "seizures_per_month_after": [f"{c.seizures_per_month_after:.2f}" for c in courses],
        "seizure_free_months": [str(c.seizure_free_months) for c in courses],
    }


_COLUMNS_JSON: dict[str, Any] = {
    "follow_up_months": {"Description": "Synthetic time since treatment", "Units": "months"},
    "seizures_per_month": {"Description": "Synthetic rate before treatment"},
    "seizures_per_month_after": {"Description": "Synthetic rate after treatment"},
    "seizure_free_months": {"Description": "Synthetic time without a seizure", "Units": "months"},
}
_GOOD = "seizure-free for a year or at least half fewer seizures"
_LABEL: dict[str, tuple[str, dict[str, Any], tuple[str, str]]] = {
    "asm": (
        "responder",
        {"responder": {"Description": "Response", "Levels": {"yes": _GOOD, "no": "neither"}}},
        ("no", "yes"),
    ),
    "rftc": (
        "outcome",
        {"outcome": {"Description": "Outcome", "Levels": {"good": _GOOD, "poor": "neither"}}},
        ("poor", "good"),
    ),
}
"""Cohort -> its label's column, what the column means, and the words for poor and good."""
