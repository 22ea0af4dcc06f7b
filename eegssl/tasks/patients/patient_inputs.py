"""Build the inputs of an analysis from windows and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.patients.analysis import Inputs, medication_inputs, surgery_inputs
from eegssl.tasks.patients.classifiers.attention import Bags, bags_of
from eegssl.tasks.patients.classifiers.patient_pooling import PatientRows, paired, pool
from eegssl.tasks.patients.cohort.clinical import clinical_features
from eegssl.tasks.patients.cohort.outcome import outcomes
from eegssl.tasks.patients.config import PatientTaskConfig
from eegssl.tasks.patients.fit import Block

Floats = NDArray[np.float64]
BASELINE = "band power"
"""The input that an encoder's embeddings are shown beside."""


@dataclass(frozen=True)
class Prepared:
    """The arguments of `analysis.fit`, and patients left out as reason -> count."""

    patients: tuple[str, ...]
    truth: NDArray[np.int64]
    inputs: Inputs
    left_out: dict[str, int]
    n_windows: int


def prepare(
    config: PatientTaskConfig,
    table: Mapping[str, Mapping[str, str]],
    features: NDArray[np.floating],
    patients: Sequence[str],
    sessions: Sequence[str] | None = None,
    *,
    baseline: NDArray[np.floating] | None = None,
) -> Prepared:
    """Pool windows' features or embeddings [n, F] to patients and put their outcomes beside them.

    ``patients`` [n] and, for a paired design, ``sessions`` [n] say whose and when each window is;
    ``table`` is patient -> column -> cell. ``baseline`` [n, G] are other features of the same
    windows, an input of their own: ``band power``. Patients without an outcome, or without the
    recordings that the design needs, are left out and counted. Raises InputError where nobody is
    left.
    """
    outcome = outcomes(table, config.outcome)
    rows = _pooled(config, features, patients, sessions)
    other = None if baseline is None else _pooled(config, baseline, patients, sessions)
    everyone = set.intersection(*(set(r.patients) for r in rows.values()))
    included = tuple(sorted(name for name in outcome.good if name in everyone))
    left_out = dict(outcome.left_out)
    if len(outcome.good) > len(included):
        left_out["no EEG, or not of every session"] = len(outcome.good) - len(included)
    if not included:
        raise InputError(
            "no patient has an outcome and the recordings that the task needs; compare the ids of "
            "participants.tsv with those of the recordings"
        )
    clinical = clinical_features(table, included, config.analysis)
    eeg: Mapping[str, Block] = _blocks(rows, included)
    if config.analysis.pooling == "attention":
        eeg = _bags(config, features, patients, sessions, included)
    return Prepared(
        patients=included,
        truth=np.array([outcome.good[name] for name in included], dtype=np.int64),
        inputs=_inputs(eeg, clinical, None if other is None else _blocks(other, included)),
        left_out=left_out,
        n_windows=int(np.isin(np.asarray(patients, dtype=str), included).sum()),
    )


def _pooled(
    config: PatientTaskConfig,
    features: NDArray[np.floating],
    patients: Sequence[str],
    sessions: Sequence[str] | None,
) -> dict[str, PatientRows]:
    """One row a patient, or one for each of the two sessions."""
    if config.design == "single":
        return {"eeg": pool(features, patients, config.analysis)}
    if sessions is None or len(sessions) != len(patients):
        raise InputError("a paired task needs the session of every window: before or after")
    x, names, when = np.asarray(features), np.asarray(patients), np.asarray(sessions)
    rows = {}
    for side, session in zip(("before", "after"), config.sessions, strict=True):
        inside = when == session
        if not inside.any():
            raise InputError(f"no window is of the session {side} treatment (task's 'sessions')")
        rows[side] = pool(x[inside], names[inside].tolist(), config.analysis)
    return rows


def _blocks(rows: Mapping[str, PatientRows], patients: Sequence[str]) -> dict[str, Floats]:
    """Features [P, F] by name: ``eeg``, or those before, after, and their difference."""
    if "eeg" in rows:
        return {"eeg": rows["eeg"].of(patients)}
    return paired(rows["before"], rows["after"], patients)


def _bags(
    config: PatientTaskConfig,
    features: NDArray[np.floating],
    patients: Sequence[str],
    sessions: Sequence[str] | None,
    included: Sequence[str],
) -> dict[str, Bags]:
    """The same by the same names as windows, which attention pools later."""
    names, x = np.asarray(patients, dtype=str), np.asarray(features)
    mine = np.isin(names, included)
    if sessions is None:
        return {"eeg": bags_of(x[mine], names[mine].tolist(), included, np.ones(int(mine.sum())))}
    when = np.asarray(sessions, dtype=str)
    before, after = (mine & (when == session) for session in config.sessions)
    both = before | after
    return {
        "before": bags_of(x[before], names[before].tolist(), included, np.ones(int(before.sum()))),
        "after": bags_of(x[after], names[after].tolist(), included, np.ones(int(after.sum()))),
        "difference": bags_of(
            x[both], names[both].tolist(), included, np.where(after[both], 1.0, -1.0)
        ),
    }


def _inputs(
    eeg: Mapping[str, Block],
    clinical: NDArray[np.float64],
    other: Mapping[str, Floats] | None,
) -> Inputs:
    """The inputs of the design; features of ``other`` stand after the clinical ones."""
    inputs = (
        medication_inputs(clinical, eeg["eeg"]) if "eeg" in eeg else surgery_inputs(clinical, eeg)
    )
    if other is None:
        return inputs
    beside = other.get("eeg", other.get("difference"))
    assert beside is not None
    return {"clinical": inputs["clinical"], BASELINE: (beside,)} | dict(inputs)
