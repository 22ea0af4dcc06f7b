"""The seizures of a stratum are those of the reference, whether or not a system detects any."""

import numpy as np
import pytest

from eegssl.io.predictions import Predictions, Reference
from eegssl.reports.subgroups import subgroups
from eegssl.scoring.config import ScoringConfig

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
