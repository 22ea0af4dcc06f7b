"""An effect in embeddings is found through windows, patients and folds; without one, chance is."""

import numpy as np
import pytest
from planted_patients import analyse
from slowparams import slow_except

from eegssl.tasks.patients.analysis import PatientResult
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.patient_inputs import prepare

P, WINDOWS, WIDTH = 24, 20, 32
QUICK = PatientsConfig(
    clinical=("age",),
    log_columns=(),
    repeats=4,
    permutations=60,
    costs=(0.1, 1.0),
    bootstrap_resamples=100,
)


def analysed(effect: float, seed: int, *names_of_inputs: str) -> PatientResult:
    """Embeddings whose patients differ, and whose windows resemble their patient.

    ``effect`` (Cohen's d over patients) lies along one direction that no dimension is.
    """
    rng = np.random.default_rng([29, seed])
    names = [f"p{k:02d}" for k in range(P)]
    good = rng.permutation(np.arange(P) % 2)
    way = rng.standard_normal(WIDTH)
    traits = rng.standard_normal((P, WIDTH))
    traits += effect * np.outer(good - 0.5, way / np.linalg.norm(way))
    windows = np.repeat(traits, WINDOWS, axis=0) + 2 * rng.standard_normal((P * WINDOWS, WIDTH))
    table = {
        name: {"responder": ("no", "yes")[one], "age": str(rng.integers(20, 60))}
        for name, one in zip(names, good, strict=True)
    }
    task = PatientTaskConfig(name="t", analysis=QUICK)
    owners = [name for name in names for _ in range(WINDOWS)]
    found = prepare(task, table, windows, owners)
    inputs = {name: found.inputs[name] for name in names_of_inputs}
    return analyse(found.patients, found.truth, inputs, QUICK, seed=seed)


@pytest.mark.parametrize("seed", slow_except(range(3), 0))
def test_a_planted_effect_is_found_in_embeddings_and_not_in_clinical_data(seed: int) -> None:
    inputs = analysed(4.0, seed, "clinical", "eeg").inputs
    assert inputs["eeg"].scores.auroc > 0.85
    assert inputs["eeg"].intervals["auroc"]["permutation"].low > 0.55
    assert inputs["eeg"].p == pytest.approx(1 / 61)
    assert inputs["eeg"].gain > 0.1
    assert inputs["clinical"].p > 0.025


@pytest.mark.slow
def test_with_none_planted_embeddings_say_no_more_than_chance_allows() -> None:
    """480 windows are 24 patients: their AUROC may lie far from .5, by no more than it should."""
    found = [analysed(0.0, seed, "eeg").inputs["eeg"] for seed in range(10)]
    aurocs = np.array([one.scores.auroc for one in found])
    # The spread of such a procedure is about .17 (ranks alone: .12): three standard errors each.
    assert abs(aurocs.mean() - 0.5) < 3 * 0.17 / np.sqrt(len(aurocs))
    assert np.abs(aurocs - 0.5).max() < 3 * 0.17
    intervals = [one.intervals["auroc"]["permutation"] for one in found]
    assert sum(one.low <= 0.5 <= one.high for one in intervals) >= 8
    assert min(one.p for one in found) > 1 / 61
