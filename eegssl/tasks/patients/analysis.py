"""Predict outcomes of patients from clinical data, EEG, and both.

Everything here has one row a patient. P-values over windows are refused: the windows of a patient
share one outcome and resemble each other, so that hundreds of them are one observation, and a test
that counts them finds an effect in any noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.scoring.statistics.intervals import Interval
from eegssl.scoring.statistics.permutation import holm
from eegssl.tasks.patients.classifiers.attention import Bags
from eegssl.tasks.patients.cohort.limits import CohortLimits, check_enough, limits_of
from eegssl.tasks.patients.config import PatientsConfig
from eegssl.tasks.patients.fit import Block, nested_of_inputs
from eegssl.tasks.patients.left_out import LeftOut
from eegssl.tasks.patients.scores import (
    Scores,
    gain_of,
    intervals_of,
    pairs_of,
    permutation_interval,
    probability,
    scores_of,
)

Floats = NDArray[np.float64]
Inputs = Mapping[str, Sequence[Block]]
"""Name of an input -> its blocks, features [P, F] or bags of windows; each counts the same."""


@dataclass(frozen=True)
class InputResult:
    """Scores of one input for patients left out, their intervals, and against clinical data."""

    probability: Floats
    """[P], the mean over repeats of patients left out."""
    scores: Scores
    intervals: dict[str, dict[str, Interval]]
    p: float | None
    p_holm: float | None
    gain: float | None
    gain_interval: Interval | None

    @property
    def auroc_interval(self) -> Interval:
        """The interval of the AUROC to read: see the notes of the analysis."""
        return self.intervals["auroc"]["permutation"]


@dataclass(frozen=True)
class PatientResult:
    """The whole analysis; ``inputs`` in the order given, ``limits`` whatever was found."""

    n_patients: int
    inputs: dict[str, InputResult]
    limits: CohortLimits
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, without the patients' own probabilities."""
        values = asdict(self)
        for one in values["inputs"].values():
            del one["probability"]
        return values


def fit(
    patients: Sequence[str],
    truth: NDArray[np.integer],
    inputs: Inputs,
    config: PatientsConfig,
    *,
    seed: int,
    advance: Callable[[int], None] = lambda done: None,
) -> dict[str, LeftOut]:
    """Predict patients left out from each input, and score permuted outcomes alike.

    ``patients`` [P] name one row each, ``truth`` [P] is 1 for a good outcome. ``advance`` hears how
    many permutations are done. Raises InputError for windows in place of patients, too few of
    them, and arrays that do not fit.
    """
    truth = _checked(patients, truth, inputs)
    logits, folds = nested_of_inputs(inputs, truth, config, seed)
    null = permuted_aurocs(inputs, truth, config, seed=seed, advance=advance)
    return {name: LeftOut(logits[name], folds, null[name]) for name in inputs}


def conclude(
    truth: NDArray[np.integer], fitted: Mapping[str, LeftOut], config: PatientsConfig, *, seed: int
) -> PatientResult:
    """Score what patients left out got, with intervals, p and limits; nothing is fitted.

    ``clinical``, where there is one, is compared with each other input.
    """
    n, n_good = len(truth), int(truth.sum())
    draws = {"seed": seed, "n_resamples": config.bootstrap_resamples}
    pairs = {name: pairs_of(truth, one.logits, one.folds) for name, one in fitted.items()}
    p = {name: permutation_p(pairs[name].overall, one.null) for name, one in fitted.items()}
    p_holm = holm({name: value for name, value in p.items() if value is not None})
    results = {}
    for name, one in fitted.items():
        gain, gain_interval = None, None
        if "clinical" in fitted and name != "clinical":
            gain, gain_interval = gain_of(pairs[name], pairs["clinical"], **draws)
        scores = scores_of(truth, one.logits, one.folds, config.calibration_bins)
        intervals = intervals_of(truth, one.logits, one.folds, **draws)
        permuted = permutation_interval(scores.auroc, one.null, n_good, n - n_good)
        results[name] = InputResult(
            probability=probability(one.logits).mean(axis=0),
            scores=scores,
            intervals=intervals | {"auroc": intervals["auroc"] | {"permutation": permuted}},
            p=p[name],
            p_holm=p_holm.get(name),
            gain=gain,
            gain_interval=gain_interval,
        )
    return PatientResult(n, results, limits_of(n_good, n - n_good), _notes(config))


def permuted_aurocs(
    inputs: Inputs,
    truth: NDArray[np.integer],
    config: PatientsConfig,
    *,
    seed: int,
    advance: Callable[[int], None] = lambda done: None,
) -> dict[str, Floats]:
    """Compute each input's AUROCs [B] of permuted outcomes through the whole procedure.

    Folds, choice of the regularisation and fits are repeated for every permutation.
    """
    aurocs: dict[str, list[float]] = {name: [] for name in inputs}
    for k in range(n_permutations(config)):
        drawn = np.random.default_rng([seed, 2, k]).permutation(truth)
        logits, folds = nested_of_inputs(inputs, drawn, config, seed)
        for name, one in logits.items():
            aurocs[name].append(pairs_of(drawn, one, folds).overall)
        advance(k + 1)
    return {name: np.array(values, dtype=np.float64) for name, values in aurocs.items()}


def n_permutations(config: PatientsConfig) -> int:
    """Number of permutations; fewer where windows are pooled by attention."""
    attends = config.pooling == "attention"
    return config.attention_permutations if attends else config.permutations


def permutation_p(auroc: float, null: Floats) -> float | None:
    """One-sided p of an AUROC beside permuted ones [B]; None without any.

    The observed one counts among them, so that p is never 0 (Phipson & Smyth 2010).
    """
    if len(null) == 0:
        return None
    return float((1 + np.sum(null >= auroc - 1e-12)) / (1 + len(null)))


def _checked(
    patients: Sequence[str], truth: NDArray[np.integer], inputs: Inputs
) -> NDArray[np.int64]:
    """Check that patients, outcomes and inputs fit, or raise InputError; returns the outcomes."""
    n, n_patients, labels = len(patients), len(set(patients)), np.asarray(truth)
    if n != n_patients:
        raise InputError(
            f"got {n} rows of {n_patients} patients; expected one row each. Windows of one patient "
            "share one outcome and resemble each other: a p-value that counts them as patients is "
            "wrong, however small. Pool them first (`patient_inputs.prepare`)."
        )
    if labels.shape != (n,) or not np.isin(labels, (0, 1)).all():
        raise InputError(f"got outcomes {labels.shape} of {n} patients; expected 0 or 1 for each.")
    check_enough(int(labels.sum()), int(n - labels.sum()))
    for name, blocks in inputs.items():
        shapes = [_shape(block) for block in blocks]
        if not blocks or any(len(s) != 2 or s[0] != n or s[1] == 0 for s in shapes):
            raise InputError(f"input {name} has the shapes {shapes}; expected [{n}, F] each.")
        if any(np.isinf(b.windows if isinstance(b, Bags) else b).any() for b in blocks):
            raise InputError(f"input {name} holds infinite values; expected numbers or NaN.")
    return labels.astype(np.int64)


def _shape(block: Block) -> tuple[int, ...]:
    """Patients and features of a block."""
    if isinstance(block, Bags):
        return block.n_patients, block.windows.shape[2]
    return block.shape


def _notes(config: PatientsConfig) -> tuple[str, ...]:
    return (
        f"Mean of {config.repeats} repeats; the AUROC compares patients left out together.",
        "The AUROC's interval to read is 'permutation'. Those that draw patients anew keep each "
        "one's score: they leave out how fits differ, and held .5 in 79 to 93 % of simulated "
        "cohorts of 20 and 40 without an effect, where 95 % were promised.",
        "p is one-sided, by permuted outcomes through the whole procedure; p_holm is adjusted for "
        "all inputs.",
    )
