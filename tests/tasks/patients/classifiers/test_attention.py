"""Attention weighs windows by what the fitting patients teach, and by nothing else."""

import numpy as np
import pytest
from planted_patients import analyse

from eegssl.errors import InputError
from eegssl.tasks.patients.classifiers.attention import attended_rows, bags_of
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.patient_inputs import pool, prepare

P, W, F = 24, 20, 6
NAMES = [f"p{k:02d}" for k in range(P)]
OWNERS = [name for name in NAMES for _ in range(W)]


def cohort(seed, size=1.5):
    """Windows [P·W, F]: two of each patient are marked (feature 0) and tell (feature 1)."""
    rng = np.random.default_rng(seed)
    truth = rng.permutation(np.arange(P) % 2)
    x = rng.normal(size=(P * W, F))
    marked = np.arange(P * W) % W < 2
    x[marked, 0] += 4
    x[marked, 1] += size * np.repeat(2 * truth - 1, W)[marked]
    return x, truth


def some_fits(seed=0):
    fits = np.random.default_rng(seed).random((3, P)) < 0.75
    fits[:, :4] = True
    return fits


def test_untrained_attention_is_the_mean():
    x, truth = cohort(0)
    bags = bags_of(x, OWNERS, NAMES, np.ones(P * W))
    rows = attended_rows(bags, truth, some_fits(), n_dims=3, n_steps=0)
    expected = list(pool(x, OWNERS, PatientsConfig()).values())
    np.testing.assert_allclose(rows, np.broadcast_to(expected, rows.shape), atol=1e-5)


def test_who_is_left_out_teaches_nothing():
    x, truth = cohort(1)
    fits = some_fits()
    fits[:, 7] = False
    rows = []
    for flip in (False, True):
        changed, labels = x.copy(), truth.copy()
        if flip:
            labels[7] = 1 - labels[7]
            changed[7 * W : 8 * W] *= 50
        bags = bags_of(changed, OWNERS, NAMES, np.ones(P * W))
        rows.append(attended_rows(bags, labels, fits, n_dims=3, n_steps=20))
    others = np.arange(P) != 7
    np.testing.assert_allclose(rows[0][:, others], rows[1][:, others], atol=1e-5)


def test_windows_that_tell_get_more_weight():
    gains = []
    for seed in range(3):
        x, truth = cohort(seed, size=3.0)
        bags = bags_of(x, OWNERS, NAMES, np.ones(P * W))
        rows = attended_rows(bags, truth, np.ones((1, P), bool), n_dims=6, n_steps=50)[0]
        # Marked windows are high in feature 0: a mean that weighs them is too.
        gains.append(rows[:, 0].mean() - x[:, 0].mean())
    assert min(gains) > 0.2


def test_the_difference_is_after_less_before_and_bags_may_differ_in_size():
    rng = np.random.default_rng(0)
    names = ["a"] * 5 + ["b"] * 7
    signs = np.array([-1, -1, 1, 1, 1, -1, 1, 1, -1, 1, 1, 1.0])
    x = rng.normal(size=(12, 3))
    bags = bags_of(x, names, ["a", "b"], signs)
    rows = attended_rows(bags, np.array([0, 1]), np.ones((1, 2), bool), n_dims=2, n_steps=0)[0]
    who = np.array(names)
    before = pool(x[signs < 0], who[signs < 0].tolist(), PatientsConfig())
    after = pool(x[signs > 0], who[signs > 0].tolist(), PatientsConfig())
    expected = [after[name] - before[name] for name in "ab"]
    np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_a_patient_without_windows_is_refused():
    with pytest.raises(InputError, match="no window"):
        bags_of(np.ones((2, 3)), ["a", "a"], ["a", "b"], np.ones(2))


def test_the_analysis_takes_bags_and_is_the_same_each_time():
    x, truth = cohort(2, size=3.0)
    config = PatientsConfig(
        pooling="attention", repeats=2, attention_permutations=3, bootstrap_resamples=200
    )
    inputs = {"eeg": (bags_of(x, OWNERS, NAMES, np.ones(P * W)),)}
    first, again = (analyse(NAMES, truth, inputs, config, seed=0).as_dict() for _ in range(2))
    assert first == again
    assert first["inputs"]["eeg"]["scores"]["auroc"] > 0.7
    assert first["inputs"]["eeg"]["p"] == 0.25


def test_a_paired_task_pools_by_attention_and_band_power_by_the_mean():
    names = [n for n in "abcd" for _ in range(6)]
    sessions = ["before", "before", "before", "after", "after", "other"] * 4
    table = {n: {"responder": "yes" if n in "ab" else "no", "age": "30"} for n in "abcd"}
    analysis = PatientsConfig(pooling="attention", clinical=("age",), log_columns=())
    task = PatientTaskConfig(name="t", design="paired", analysis=analysis)
    x = np.random.default_rng(0).normal(size=(24, 5))
    found = prepare(task, table, x, names, sessions, baseline=x[:, :2])
    assert list(found.inputs) == [
        *("clinical", "band power", "before", "after", "difference", "combined")
    ]
    assert found.inputs["difference"][0].windows.shape == (8, 3, 5)
    assert found.inputs["combined"][1] is found.inputs["difference"][0]
    assert found.inputs["band power"][0].shape == (4, 2)
