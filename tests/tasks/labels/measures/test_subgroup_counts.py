"""The seizures of a stratum are those of the reference, whether or not a system detects any."""

from dataclasses import replace

import numpy as np
import pytest

from eegssl.scoring.config import ScoringConfig
from eegssl.tasks.labels.measures.strata import subgroups
from eegssl.tasks.labels.predictions import Predictions, Reference
from eegssl.tasks.labels.scores import score
from eegssl.tasks.labels.sections.event_tables import subgroup_table

KINDS = ("sz_foc_ia", "sz_gen_m_tonic", "sz_gen_nm_typical")


def predictions(labels: str) -> Predictions:
    """Three recordings with one seizure each, of another kind."""
    names = [f"r-{k}" for k in range(3)]
    references = tuple(
        Reference(f"r-{k}", f"s-{k}", 600.0, ((10.0, 20.0, kind),) if labels == "events" else ())
        for k, kind in enumerate(KINDS)
    )
    return Predictions(
        subject=[f"s-{k}" for k in range(3)],
        recording=names,
        start_s=np.full(3, 12.0),
        duration_s=np.full(3, 4.0),
        truth=np.array([0, 1, 1]),
        probabilities=np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]),
        classes=("sz_foc", "sz_gen"),
        split_hash="",
        references=references,
        about={"labels": labels, "unit": "event"},
    )


def counted(labels: str) -> dict[tuple[str, str], int]:
    found = subgroups(predictions(labels), None, None, ScoringConfig())
    return {(one.stratum.by, one.stratum.name): one.stratum.n_seizures for one in found}


def test_seizures_are_counted_by_kind_where_their_types_are_the_task() -> None:
    found = counted("events")
    assert found["kind of seizure", "focal onset"] == 1
    assert found["kind of seizure", "generalized onset"] == 2
    assert ("kind of seizure", "n/a") not in found
    assert found["age", "n/a"] == 3


@pytest.mark.parametrize("labels", ["table"])
def test_kinds_are_unknown_where_nobody_looked_for_events(labels: str) -> None:
    assert counted(labels)["kind of seizure", "n/a"] == 0


def test_a_task_of_numbers_is_scored_stratum_by_stratum() -> None:
    plain = predictions("table")
    people = (("f", 30.0), ("m", 40.0), ("f", 70.0))
    numbers = replace(
        plain,
        references=tuple(
            replace(r, sex=sex, age_years=age)
            for r, (sex, age) in zip(plain.references, people, strict=True)
        ),
        truth=np.full(3, -1),
        probabilities=np.zeros((3, 0)),
        classes=(),
        about={"labels": "table", "unit": "window", "target": "number", "threshold": None},
        truth_value=np.array([1.0, 2.0, 3.0]),
        value=np.array([1.5, 2.0, 6.0]),
    )
    found = score(numbers, ScoringConfig(bootstrap_resamples=100), 0).subgroups
    by_sex = {one.stratum.name: one.scores for one in found if one.stratum.by == "sex"}
    assert by_sex["female"] == {"mae": 1.75, "rmse": np.sqrt((0.25 + 9) / 2), "spearman": None}
    assert by_sex["male"]["mae"] == 0.0
    heads = [column.name for column in subgroup_table(found).columns]
    assert heads[-3:] == ["Mean absolute error", "Root mean squared error", "Spearman's ρ"]
