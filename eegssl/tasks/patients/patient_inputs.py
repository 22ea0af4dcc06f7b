"""Build the inputs of an analysis from windows and tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.patients.analysis import Inputs
from eegssl.tasks.patients.classifiers.attention import Bags, bags_of
from eegssl.tasks.patients.cohort.clinical import clinical_features
from eegssl.tasks.patients.cohort.outcome import outcomes
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.fit import Block

Floats = NDArray[np.float64]
Sides = Mapping[str, NDArray[np.bool_]]
"""``eeg``, or ``before`` and ``after`` treatment -> which windows [n] are of it."""


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
    analysis, whose = config.analysis, np.asarray(patients, dtype=str)
    outcome = outcomes(table, config.outcome)
    sides = _sides(config, sessions, len(whose))
    everyone = set.intersection(*(set(whose[inside].tolist()) for inside in sides.values()))
    included = tuple(sorted(name for name in outcome.good if name in everyone))
    left_out = dict(outcome.left_out)
    if len(outcome.good) > len(included):
        left_out["no EEG, or not of every session"] = len(outcome.good) - len(included)
    if not included:
        raise InputError(
            "no patient has an outcome and the recordings that the task needs; compare the ids of "
            "participants.tsv with those of the recordings"
        )

    def pooled(x: NDArray[np.floating]) -> dict[str, Floats]:
        """Features [P, F] of the included patients, of each side and of the difference."""
        rows = {side: pool(x[inside], whose[inside], analysis) for side, inside in sides.items()}
        blocks = {side: np.array([of[name] for name in included]) for side, of in rows.items()}
        return _with_difference(blocks)

    eeg: Mapping[str, Block] = pooled(features)
    if analysis.pooling == "attention":
        eeg = _bags(features, whose, sides, included)
    band_power = None if baseline is None else list(pooled(baseline).values())[-1]
    return Prepared(
        patients=included,
        truth=np.array([outcome.good[name] for name in included], dtype=np.int64),
        inputs=inputs_of(clinical_features(table, included, analysis), eeg, band_power),
        left_out=left_out,
        n_windows=int(np.isin(whose, included).sum()),
    )


def pool(
    features: NDArray[np.floating],
    patients: Sequence[str] | NDArray[np.str_],
    config: PatientsConfig,
) -> dict[str, Floats]:
    """Pool windows' features or embeddings [n, F] of ``patients`` [n] to a row [F] a patient.

    Each patient counts once, however many windows there are. Attention pools elsewhere, within the
    fitting patients; here it is the mean. With quantiles a row holds them one
    after the other: [Q·F]. Raises InputError for arrays that do not fit or are not finite.
    """
    x, names = np.asarray(features, dtype=np.float64), np.asarray(patients, dtype=str)
    if x.ndim != 2 or names.shape != (len(x),) or len(x) == 0:
        raise InputError(f"got features {x.shape} of {names.shape} patients; expected [n, F], [n].")
    if not np.all(np.isfinite(x)):
        raise InputError(
            "got a feature that is not finite, expected finite numbers; preprocess the "
            "recordings again"
        )
    return {str(name): _row(x[names == name], config) for name in np.unique(names)}


def _row(windows: Floats, config: PatientsConfig) -> Floats:
    if config.pooling == "quantiles":
        return np.asarray(np.quantile(windows, config.quantiles, axis=0)).reshape(-1)
    return np.asarray(windows.mean(axis=0))


def inputs_of(clinical: Floats, eeg: Mapping[str, Block], baseline: Floats | None = None) -> Inputs:
    """The inputs of a design: each block alone, and clinical data with the last of ``eeg``.

    ``clinical`` [P, F] comes first, then features of the ``baseline`` [P, G], an encoder's rival.
    """
    inputs: dict[str, tuple[Block, ...]] = {"clinical": (clinical,)}
    if baseline is not None:
        inputs["band power"] = (baseline,)
    inputs |= {name: (block,) for name, block in eeg.items()}
    return inputs | {"combined": (clinical, list(eeg.values())[-1])}


def _sides(config: PatientTaskConfig, sessions: Sequence[str] | None, n: int) -> Sides:
    """Find the windows of each side; raise InputError without sessions that are needed."""
    if config.design == "single":
        return {"eeg": np.ones(n, dtype=bool)}
    if sessions is None or len(sessions) != n:
        raise InputError("a paired task needs the session of every window: before or after")
    when = np.asarray(sessions, dtype=str)
    sides = dict(zip(("before", "after"), (when == name for name in config.sessions), strict=True))
    for side, inside in sides.items():
        if not inside.any():
            raise InputError(f"no window is of the session {side} treatment (task's 'sessions')")
    return sides


def _with_difference(blocks: dict[str, Floats]) -> dict[str, Floats]:
    """Add ``difference`` to the blocks of two sessions: after treatment less before."""
    if "after" in blocks:
        return blocks | {"difference": blocks["after"] - blocks["before"]}
    return blocks


def _bags(
    features: NDArray[np.floating], whose: NDArray[np.str_], sides: Sides, included: Sequence[str]
) -> dict[str, Bags]:
    """Make bags of windows, which attention pools later, by the names of the blocks."""
    signs = _with_difference({side: inside.astype(np.float64) for side, inside in sides.items()})
    bags = {}
    for name, sign in signs.items():
        inside = (sign != 0) & np.isin(whose, included)
        bags[name] = bags_of(features[inside], whose[inside], included, sign[inside])
    return bags
