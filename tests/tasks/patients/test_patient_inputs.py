"""Windows become one row a patient before anything else, and clinical cells become numbers."""

import numpy as np
import pytest

from eegssl.errors import InputError
from eegssl.tasks.patients.cohort.clinical import clinical_features
from eegssl.tasks.patients.config import PatientsConfig, PatientTaskConfig
from eegssl.tasks.patients.patient_inputs import pool, prepare

MEAN = PatientsConfig()
AGE = PatientsConfig(clinical=("age",), log_columns=())


def test_a_patient_counts_once_however_many_windows_there_are():
    rng = np.random.default_rng(0)
    names = ["b"] * 90 + ["a"] * 3
    x = rng.normal(size=(93, 4))
    rows = pool(x, names, MEAN)
    assert list(rows) == ["a", "b"]
    np.testing.assert_allclose([rows["a"], rows["b"]], [x[90:].mean(0), x[:90].mean(0)])


def test_quantiles_stand_one_after_the_other():
    x = np.arange(11.0)[:, None] * [1.0, -1.0]
    config = PatientsConfig(pooling="quantiles", quantiles=(0.1, 0.5))
    assert pool(x, ["a"] * 11, config)["a"].tolist() == [1.0, -9.0, 5.0, -5.0]


def test_the_order_of_windows_does_not_matter():
    rng = np.random.default_rng(1)
    x, names = rng.normal(size=(50, 3)), np.array(list("abcde") * 10)
    order = rng.permutation(50)
    for config in (MEAN, PatientsConfig(pooling="quantiles")):
        a, b = pool(x, names, config), pool(x[order], names[order], config)
        np.testing.assert_allclose(list(a.values()), list(b.values()), atol=1e-12)


@pytest.mark.parametrize(
    "x", [np.full((2, 3), np.nan), np.ones((3, 3)), np.ones((0, 3)), np.ones(2)]
)
def test_what_can_not_be_pooled_is_refused(x):
    with pytest.raises(InputError):
        pool(x, ["a", "b"], MEAN)


def test_clinical_cells_become_numbers_and_unknown_ones_nan():
    table = {
        "a": {"age": "40", "sex": "F", "seizures_per_month": "0"},
        "b": {"sex": "m"},
        "c": {"age": "20.5", "sex": "f", "seizures_per_month": "9"},
    }
    found = clinical_features(table, ["c", "b", "a", "nobody"], MEAN)
    nan = np.nan
    expected = [[20.5, 0, np.log(10)], [nan, 1, nan], [40, 0, 0], [nan, nan, nan]]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (["a", "b", "c", "d", "e", "f"], "6 different words"),
        ([None, None, None], "no patient has a value"),
        (["1", "2", "Mrs Smith"], "different words"),
    ],
)
def test_a_column_that_is_no_number_is_refused_without_its_words(cells, words):
    table = {str(i): {} if c is None else {"age": c} for i, c in enumerate(cells)}
    with pytest.raises(InputError, match=words) as refusal:
        clinical_features(table, list(table), AGE)
    assert "Smith" not in str(refusal.value)


def paired_cohort():
    table = {n: {"responder": "yes" if n in "ab" else "no", "age": "30"} for n in "abcd"}
    names = list("aabbccd")
    sessions = ["pre", "post", "pre", "post", "pre", "post", "pre"]
    x = np.arange(7.0)[:, None]
    return table, x, names, sessions


def test_a_paired_task_keeps_patients_of_both_sessions_and_counts_the_others():
    table, x, names, sessions = paired_cohort()
    task = PatientTaskConfig(name="t", design="paired", sessions=("pre", "post"), analysis=AGE)
    found = prepare(task, table | {"e": {"age": "1"}}, x, names, sessions)
    assert found.patients == ("a", "b", "c")
    assert found.truth.tolist() == [1, 1, 0]
    assert found.left_out == {"outcome unknown": 1, "no EEG, or not of every session": 1}
    assert found.n_windows == 6
    assert list(found.inputs) == ["clinical", "before", "after", "difference", "combined"]
    assert found.inputs["difference"][0].tolist() == [[1.0]] * 3
    assert len(found.inputs["combined"]) == 2


def test_a_single_task_takes_all_windows_of_a_patient_together():
    table, x, names, _ = paired_cohort()
    found = prepare(PatientTaskConfig(name="t", analysis=AGE), table, x, names)
    assert list(found.inputs) == ["clinical", "eeg", "combined"]
    assert found.inputs["eeg"][0][:, 0].tolist() == [0.5, 2.5, 4.5, 6.0]


def test_a_paired_task_without_its_sessions_is_refused():
    table, x, names, sessions = paired_cohort()
    task = PatientTaskConfig(name="t", design="paired", analysis=AGE)
    with pytest.raises(InputError, match="session of every window"):
        prepare(task, table, x, names)
    with pytest.raises(InputError, match="no window is of the session"):
        prepare(task, table, x, names, sessions)
    with pytest.raises(InputError, match="compare the ids"):
        prepare(PatientTaskConfig(name="t", analysis=AGE), {"z": table["a"]}, x, names)


def test_an_age_that_is_not_told_to_the_year_is_its_limit():
    table = {"a": {"age": "89+"}, "b": {"age": "40"}}
    assert clinical_features(table, ["a", "b"], AGE)[:, 0].tolist() == [89.0, 40.0]
