"""Answers for units are the means over their windows, and stand in for subjects without scores."""

from pathlib import Path

import numpy as np
import pytest

from eegssl.corpus.labelled import Unit
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.label_columns import LabelScores
from eegssl.tasks.labels.measures.unit_answers import unit_answers
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.table import write_table


def predictions(unit):
    """Three subjects of three windows; of the last nobody knows the class."""
    positive = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.4, 0.5, 0.5, 0.5])
    names = ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    units = [Unit(f"p-{name}", "", name, 0.0, 12.0) for name in "abc"]
    return Predictions(
        subject=names,
        recording=[f"r-{name}" for name in names],
        start_s=np.tile([0.0, 4.0, 8.0], 3),
        duration_s=np.full(9, 4.0),
        truth=np.repeat([0, 1, -1], 3),
        probabilities=np.stack([1 - positive, positive], axis=1),
        classes=("good", "poor"),
        split_hash="",
        about={
            **{"unit": unit, "threshold": {"value": 0.6}, "task": "t", "labels": "table"},
            **{"permuted": False, "postprocess": None, "synthetic": True},
            **{"within_subject": False, "leaks": []},
        },
        unit=[f"p-{name}" for name in names] if unit == "patient" else [],
        units=tuple(units) if unit == "patient" else (),
    )


def test_a_patient_has_the_mean_over_windows_and_what_the_threshold_makes_of_it():
    got = unit_answers(predictions("patient"), 0.6)
    assert (got.unit, got.ids, got.subjects) == ("patient", ("p-a", "p-b"), ("a", "b"))
    np.testing.assert_allclose(got.answers[:, 1], [0.2, 0.7])
    assert got.truth.tolist() == got.decided.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("unit", "by_subject", "n"),
    [("patient", True, 2), ("patient", False, 2), ("window", True, None), ("window", False, 6)],
)
def test_windows_are_compared_together_where_no_subject_has_a_score(
    tmp_path: Path, unit: str, by_subject: bool, n: int | None
):
    write_table(tmp_path / PREDICTIONS, predictions(unit))
    task = TaskConfig(name="t", labels="table", table="t.tsv", classes=("good", "poor"), unit=unit)
    got = LabelScores().answers(tmp_path, task, by_subject)
    assert (got and len(got.ids)) == n
    assert n is None or got.unit == unit
