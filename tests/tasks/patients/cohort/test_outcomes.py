"""Who fared well is what the definition says, and a table that contradicts itself is refused."""

import tomllib
from importlib import resources

import pytest
from pydantic import ValidationError

from eegssl.errors import InputError
from eegssl.tasks.patients.cohort.outcome import outcomes
from eegssl.tasks.patients.config import OutcomeConfig, PatientsConfig, PatientTaskConfig


def row(free=None, before=None, after=None, follow_up=None, label=None):
    names = {
        "seizure_free_months": free,
        "seizures_per_month": before,
        "seizures_per_month_after": after,
        "follow_up_months": follow_up,
        "responder": label,
    }
    return {name: str(value) for name, value in names.items() if value is not None}


@pytest.mark.parametrize(
    ("cells", "good"),
    [
        (row(free=12), 1),
        (row(free=11.9, before=4, after=2), 1),
        (row(free=11.9, before=4, after=2.1), 0),
        (row(before=4, after=0), 1),
        (row(before=4, after=5), 0),
        (row(label="Yes"), 1),
        (row(label="no"), 0),
        (row(label="yes", before=4, after=1), 1),
    ],
)
def test_a_year_without_or_half_as_many_is_good(cells, good):
    assert outcomes({"a": cells}, OutcomeConfig()).good == {"a": good}


def test_what_does_not_decide_is_left_out_and_counted():
    table = {"a": row(), "b": row(free=3), "c": row(before=0, after=0), "d": row(free=20)}
    found = outcomes(table, OutcomeConfig())
    assert found.good == {"d": 1}
    assert found.left_out == {"outcome unknown": 3}


def test_a_follow_up_that_is_too_short_is_left_out():
    table = {
        "a": row(label="yes", follow_up=6),
        "b": row(label="yes"),
        "c": row(free=12, follow_up=12),
    }
    found = outcomes(table, OutcomeConfig(least_follow_up_months=12))
    assert found.good == {"c": 1}
    assert found.left_out == {"follow-up too short": 1, "follow-up unknown": 1}


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (row(label="no", before=4, after=1), "disagree"),
        (row(label="Mrs Smith"), "neither among the good"),
        (row(free="Mrs Smith"), "expected a number"),
        (row(before=-1, after=1), "expected a number"),
        (row(before="inf", after=1), "expected a number"),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused_without_its_words(cells, words):
    with pytest.raises(InputError, match=words) as refusal:
        outcomes({"a": cells}, OutcomeConfig())
    assert "Smith" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "design"), [("asm-efficacy", "single"), ("rftc-outcome", "paired")]
)
def test_the_presets_are_tasks(name, design):
    file = resources.files("eegssl.config.presets") / "tasks" / f"{name}.toml"
    task = PatientTaskConfig(**tomllib.loads(file.read_text("utf-8")))
    assert (task.name, task.design) == (name, design)
    assert not {task.outcome.after_column, task.outcome.label} & set(task.analysis.clinical)


def test_a_log_of_a_column_that_is_not_used_is_refused():
    with pytest.raises(ValidationError, match="not among the clinical"):
        PatientsConfig(clinical=("age",))
