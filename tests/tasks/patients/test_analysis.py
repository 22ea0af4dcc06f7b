"""The analysis finds what is there, finds nothing where nothing is, and refuses windows."""

import json

import numpy as np
import pytest
from planted_patients import analyse, measured
from slowparams import slow_except

from eegssl.errors import InputError
from eegssl.tasks.patients.analysis import (
    permutation_p,
    permuted_aurocs,
)
from eegssl.tasks.patients.config import PatientsConfig
from eegssl.tasks.patients.fit import deal, nested_of_inputs
from eegssl.tasks.patients.patient_inputs import inputs_of
from eegssl.tasks.patients.scores import pairs_of, permutation_interval

QUICK = PatientsConfig(repeats=4, permutations=60, costs=(0.1, 1.0), bootstrap_resamples=200)


def cohort(n, width, effect, seed):
    rng = np.random.default_rng([n, width, seed])
    truth = rng.permutation(np.arange(n) % 2)
    x = rng.normal(size=(n, width))
    x[:, 0] += effect * (truth - 0.5)
    return x, truth


def _nested(x, truth, config, seed):
    logits, folds = nested_of_inputs({"eeg": [x]}, truth, config, seed)
    return logits["eeg"], folds


def auroc_of(x, truth, config, seed):
    logits, folds = _nested(x, truth, config, seed)
    return float(pairs_of(truth, logits, folds).auroc(np.ones((1, len(truth)), int))[0])


def names(n):
    return [f"p{i}" for i in range(n)]


@pytest.mark.slow
def test_without_an_effect_p_is_uniform_and_the_interval_holds_half():
    config = PatientsConfig(repeats=2, permutations=50, costs=(1.0,))
    found, ps, holds = [], [], []
    for seed in range(120):
        x, truth = cohort(12, 3, 0.0, seed)
        null = permuted_aurocs({"eeg": [x]}, truth, config, seed=seed)["eeg"]
        auroc = auroc_of(x, truth, config, seed)
        interval = permutation_interval(auroc, null, 6, 6)
        found.append(auroc)
        ps.append(permutation_p(auroc, null))
        holds.append(interval.low <= 0.5 <= interval.high)
    # Binomial limits at about three standard errors; ties make p larger, never smaller.
    for level in (0.05, 0.2, 0.5):
        share = np.mean(np.array(ps) <= level)
        assert level - 0.16 < share < level + 3 * np.sqrt(level * (1 - level) / 120)
    assert np.mean(holds) > 0.88
    # Not pulled below .5, as comparisons across folds would be.
    assert np.mean(found) == pytest.approx(0.5, abs=0.07)


def test_the_whole_procedure_is_repeated_for_a_permutation():
    x, truth = cohort(16, 4, 0.0, 0)
    null = permuted_aurocs({"eeg": [x]}, truth, QUICK, seed=3)["eeg"]
    drawn = np.random.default_rng([3, 2, 7]).permutation(truth)
    assert null[7] == auroc_of(x, drawn, QUICK, 3)


def test_p_is_never_zero_and_none_without_permutations():
    assert permutation_p(1.0, np.full(99, 0.5)) == 0.01
    assert permutation_p(0.5, np.full(99, 0.5)) == 1.0
    assert permutation_p(1.0, np.zeros(0)) is None


def test_every_patient_is_left_out_once_in_each_repeat_and_classes_are_spread():
    rng = np.random.default_rng(0)
    truth = (np.arange(23) < 9).astype(int)
    for _ in range(20):
        fold = deal(truth, 4, rng)
        assert set(fold) == {0, 1, 2, 3}
        for side in (0, 1):
            assert np.ptp(np.bincount(fold[truth == side], minlength=4)) <= 1
        assert np.ptp(np.bincount(fold)) <= 1


def test_a_patients_own_outcome_never_reaches_the_own_probability():
    x, truth = cohort(20, 5, 1.0, 1)
    one = PatientsConfig(repeats=1, outer_folds=4, costs=(0.1, 10.0))
    logits, folds = _nested(x, truth, one, 0)
    # Two patients of one fold swap outcomes: folds stay, and so do the logits of all in it.
    same = np.flatnonzero(folds[0] == folds[0, 0])
    a, b = (same[truth[same] == side][0] for side in (0, 1))
    swapped = x.copy()
    swapped[[a, b]] = x[[b, a]]
    again, _ = _nested(swapped, truth, one, 0)
    rest = np.setdiff1d(same, [a, b])
    np.testing.assert_allclose(again[0, rest], logits[0, rest], atol=1e-9)
    np.testing.assert_allclose(again[0, [a, b]], logits[0, [b, a]], atol=1e-9)


def test_a_planted_effect_is_found_and_adds_to_clinical_data():
    x, truth = cohort(40, 8, 3.0, 0)
    clinical = np.random.default_rng(5).normal(size=(40, 2))
    clinical[3, 0] = np.nan
    result = analyse(names(40), truth, inputs_of(clinical, {"eeg": x}), QUICK, seed=0)
    eeg = result.inputs["eeg"]
    assert eeg.intervals["auroc"]["permutation"].low > 0.5
    assert eeg.p == pytest.approx(1 / 61)
    assert eeg.p <= eeg.p_holm <= 3 * eeg.p + 1e-12
    assert eeg.gain_interval.low > 0
    assert eeg.scores.brier < 0.25
    assert eeg.scores.calibration_slope > 0
    assert result.inputs["clinical"].gain is None
    json.dumps(result.as_dict(), allow_nan=False)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_result_and_the_order_of_inputs_none():
    x, truth = cohort(14, 3, 1.0, 2)
    inputs = {"a": [x[:, :1]], "b": [x]}
    first = analyse(names(14), truth, inputs, QUICK, seed=4)
    again = analyse(names(14), truth, dict(reversed(inputs.items())), QUICK, seed=4)
    for name in inputs:
        a, b = first.as_dict()["inputs"][name], again.as_dict()["inputs"][name]
        assert a == b
    other = analyse(names(14), truth, inputs, QUICK, seed=5)
    assert other.inputs["b"].scores != first.inputs["b"].scores


def test_windows_in_place_of_patients_are_refused_with_the_reason():
    x, truth = cohort(24, 3, 0.0, 0)
    with pytest.raises(InputError, match="p-value that counts them as patients is wrong"):
        analyse([f"p{i // 2}" for i in range(24)], truth, {"eeg": [x]}, QUICK, seed=0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda x, y: (x[:11], y[:11]), "at least 12"),
        (lambda x, y: (x, (np.arange(20) < 3).astype(int)), "4 of each"),
        (lambda x, y: (x, y + 1), "0 or 1"),
        (lambda x, y: (x[:-1], y), "expected"),
        (lambda x, y: (x[:, :0], y), "expected"),
        (lambda x, y: (np.full_like(x, np.inf), y), "infinite"),
    ],
)
def test_what_cannot_be_analysed_is_refused(change, words):
    x, truth = change(*cohort(20, 3, 0.0, 0))
    with pytest.raises(InputError, match=words):
        analyse(names(len(truth)), truth, {"eeg": [x]}, QUICK, seed=0)


def test_twelve_patients_of_pure_noise_get_an_answer_that_says_how_little_it_is():
    x, truth = cohort(12, 50, 0.0, 3)
    result = analyse(names(12), truth, {"eeg": [x]}, QUICK, seed=0)
    interval = result.inputs["eeg"].intervals["auroc"]["permutation"]
    assert interval.low <= 0.5 <= interval.high
    assert interval.high - interval.low > 0.4
    assert "12 patients" in result.limits.words[0]


@pytest.mark.slow
def test_a_change_is_found_in_the_difference_and_not_before():
    """Patients of good and poor outcome are alike before; what falls in the good is planted."""
    found = {"before": [], "difference": []}
    for seed in range(3):
        made = measured("rftc", 3.0, n_subjects=24, seed=seed)
        inputs = {name: made.inputs[name] for name in found}
        result = analyse(made.patients, made.truth, inputs, QUICK, seed=0)
        low = {n: one.intervals["auroc"]["permutation"].low for n, one in result.inputs.items()}
        assert low["before"] < 0.5 < low["difference"]
        for name, one in result.inputs.items():
            found[name].append(one.scores.auroc)
    assert min(found["difference"]) > 0.85
    assert np.mean(found["difference"]) > np.mean(found["before"]) + 0.15


@pytest.mark.slow
@pytest.mark.parametrize("name", slow_except(["asm", "rftc"], "asm"))
def test_what_synth_plants_is_found_and_what_it_does_not_is_not(name):
    signal = {"asm": "eeg", "rftc": "difference"}[name]
    for effect in (0.0, 3.0):
        found = measured(name, effect, n_subjects=24, seed=0)
        inputs = {signal: found.inputs[signal], "clinical": found.inputs["clinical"]}
        result = analyse(found.patients, found.truth, inputs, QUICK, seed=0)
        interval = result.inputs[signal].intervals["auroc"]["permutation"]
        if effect:
            assert interval.low > 0.5
        else:
            assert interval.low < 0.5 < interval.high
            assert result.inputs[signal].p > 0.025
        clinical = result.inputs["clinical"].intervals["auroc"]["permutation"]
        assert clinical.low < 0.5 < clinical.high
