"""Answers of made-up systems for units of some subjects, as bad as is asked for."""

import numpy as np

from eegssl.scoring.corrupted.system_answers import SystemAnswers
from eegssl.scoring.unit_effects import UnitAnswers

N_SUBJECTS, EACH = 14, 30


def answers(spread: float, n_classes: int = 2, seed: int = 0) -> SystemAnswers:
    """Probabilities that are worse the larger the spread; the same draws for every spread."""
    rng = np.random.default_rng(seed)
    n = N_SUBJECTS * EACH
    truth = rng.integers(0, n_classes, n)
    logits = np.eye(n_classes)[truth] * 2 + spread * rng.standard_normal((n, n_classes))
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    subjects = tuple(f"s-{k // EACH:02d}" for k in range(n))
    names = tuple(map(str, range(n)))
    return SystemAnswers(UnitAnswers("window", names, subjects, truth, p, p.argmax(axis=1)))


def numbers(spread: float) -> SystemAnswers:
    rng = np.random.default_rng(1)
    truth = rng.normal(size=N_SUBJECTS)
    names = tuple(f"s-{k:02d}" for k in range(N_SUBJECTS))
    given = truth + spread * rng.normal(size=N_SUBJECTS)
    return SystemAnswers(UnitAnswers("patient", names, names, truth, given))
