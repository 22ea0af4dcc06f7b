"""A task of the user's own: a TOML file and a table, for every unit, from training to the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from owntask import CLASSES, PATIENTS, RUNS, STRETCHES, finetune, name_of, write
from tinycorpus import SEIZURE_S, write_recording

from eegssl.io.private.pseudonyms import Pseudonyms

FEW = ("--set", "scoring.bootstrap_resamples=100")
KINDS = ("sz_foc_ia", "sz_gen_m_tonic", "sz_foc_a", "sz_gen_nm_typical")


def evaluated(
    tiny: Pipeline, task: Path, root: Path, recordings: Path | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any], str]:
    """Rows, metrics and page of an evaluation of a model of the task."""
    ran = finetune(tiny, task, root / "model", recordings)
    assert ran.code == 0, ran.err
    tested = (recordings or tiny.recordings, "--out", root / "evaluation", "--set", "traces=1")
    done("evaluate", root / "model", *tested, *FEW)
    rows = pq.read_table(root / "evaluation" / "predictions.parquet").to_pylist()
    metrics = json.loads((root / "evaluation" / "metrics.json").read_text())
    rescored = ["evaluate", "--rescore", root / "evaluation", "--out", root / "again"]
    done(*rescored, *FEW)
    assert json.loads((root / "again" / "metrics.json").read_text()) == metrics
    return rows, metrics, (root / "evaluation" / "report.html").read_text()


def test_stretches_label_the_windows_in_them(tiny: Pipeline, tmp_path: Path) -> None:
    task = write(tmp_path, STRETCHES, CLASSES, 'unit = "window"')
    rows, metrics, _ = evaluated(tiny, task, tmp_path)
    ictal = [row for row in rows if row["truth"] == 1]
    assert len(rows) == 2 * (4 + 5)
    assert len(ictal) == 2 * 4
    assert metrics["units"] is None
    assert metrics["windows"]["n"] == len(rows)
    assert len({row["unit"] for row in rows}) == len(rows)


def test_each_row_may_be_an_event(tiny: Pipeline, tmp_path: Path) -> None:
    task = write(tmp_path, STRETCHES, CLASSES, 'unit = "event"')
    rows, metrics, page = evaluated(tiny, task, tmp_path)
    assert metrics["units"]["name"] == "event"
    assert metrics["units"]["n"] == 4
    assert metrics["units"]["scores"]["n_per_class"] == {"calm": 2, "ictal": 2}
    units = {row["unit"] for row in rows}
    assert len(units) == 4
    mean = {u: np.mean([r["p_ictal"] for r in rows if r["unit"] == u]) for u in units}
    truth = {row["unit"]: row["truth"] for row in rows}
    brier = np.mean([(mean[u] - truth[u]) ** 2 for u in units])
    assert metrics["units"]["scores"]["brier"] == pytest.approx(brier)
    assert "Events, each as a whole" in page


def test_seconds_have_answers_of_their_own(tiny: Pipeline, tmp_path: Path) -> None:
    lines = ('labels = "events"', 'unit = "second"', CLASSES)
    rows, metrics, page = evaluated(tiny, write(tmp_path, None, *lines), tmp_path)
    assert {row["duration_s"] for row in rows} == {1.0}
    calm = [row for row in rows if row["recording"] == rows[0]["recording"]]
    assert [row["start_s"] for row in calm] == list(range(len(calm)))
    assert metrics["windows"]["n_per_class"]["ictal"] == 2 * 16
    assert metrics["events"] is not None
    assert "Seconds" in page


@pytest.mark.parametrize(("unit", "n"), [("patient", 2), ("recording", 4)])
def test_numbers_of_subjects(tiny: Pipeline, tmp_path: Path, unit: str, n: int) -> None:
    task = write(tmp_path, PATIENTS, 'target = "number"', f'unit = "{unit}"')
    rows, metrics, page = evaluated(tiny, task, tmp_path)
    assert {"truth_value", "value", "unit"} <= set(rows[0])
    assert not [name for name in rows[0] if name.startswith("p_")]
    assert {row["truth_value"] for row in rows} <= {20.0, 23.0, 26.0, 29.0}
    assert all(0 < row["value"] < 60 for row in rows), "values are in the unit of the labels"
    units = metrics["units"]
    assert units["n"] == n
    own = {row["unit"]: row["truth_value"] for row in rows}
    said = {u: np.mean([r["value"] for r in rows if r["unit"] == u]) for u in own}
    assert units["scores"]["mae"] == pytest.approx(np.mean([abs(said[u] - own[u]) for u in own]))
    assert metrics["events"] is None
    assert "Mean absolute error" in page
    assert manifest_of(tmp_path / "evaluation")["facts"]["units"]["name"] == unit


@pytest.fixture(scope="module")
def typed(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings whose seizures have types; two of them say only ``sz``."""
    root = tmp_path_factory.mktemp("typed")
    for k in range(12):
        folder = root / "edf" / f"sub-{k:02d}" / "eeg"
        folder.mkdir(parents=True)
        seizure = (8.0, 16.0)
        path = write_recording(folder / "x_eeg.edf", k, SEIZURE_S, seizure, labelled=False)
        path = path.rename(folder / f"sub-{k:02d}_run-1_eeg.edf")
        kind = "sz" if k in (3, 11) else KINDS[k % 4]
        rows = [("onset", "duration", "eventType"), (8, 12, kind), (30, 3, KINDS[(k + 1) % 4])]
        table = path.with_name(path.name.replace("_eeg.edf", "_events.tsv"))
        table.write_text("\n".join("\t".join(map(str, row)) for row in rows) + "\n")
    done("preprocess", root / "edf", "--out", root / "recordings", "--jobs", 1)
    return root / "recordings"


TYPES = ('labels = "events"', 'unit = "event"', 'classes = ["sz_foc", "sz_gen_m", "sz_gen_nm"]')


def test_types_are_scored_at_every_level(tiny: Pipeline, typed: Path, tmp_path: Path) -> None:
    rows, metrics, page = evaluated(tiny, write(tmp_path, None, *TYPES), tmp_path, typed)
    units = metrics["units"]
    assert list(units["levels"]) == ["onset", "type"]
    assert units["levels"]["onset"]["classes"] == ["sz_foc", "sz_gen"]
    assert units["n"] == len({row["unit"] for row in rows})
    unknown = {row["unit"] for row in rows if row["truth"] == -1}
    assert units["n_unknown"] == len(unknown)
    assert units["scores"]["n"] == units["n"] - len(unknown)
    assert np.sum(units["confusion"]) == units["scores"]["n"]
    assert metrics["events"] is None
    assert "Focal or generalised" in page
    assert json.loads((tmp_path / "model" / "postprocess.json").read_text()) is None


def test_info_says_what_a_task_is_and_what_the_splits_hold(
    tiny: Pipeline, typed: Path, tmp_path: Path
) -> None:
    task = write(tmp_path / "types", None, *TYPES)
    alone = done("info", "--task", task)
    assert alone["task"]["levels"]["onset"] == ["sz_foc", "sz_gen"]
    assert alone["splits"] == {}
    found = done("info", "--task", task, typed)
    events = [split["events"] for split in found["splits"].values()]
    assert sum(split["all"] for split in events) == 24
    assert sum(split["known in part, or not at all"] for split in events) == 2
    assert found["missing"] == []
    ages = write(tmp_path / "ages", PATIENTS, 'target = "number"', 'unit = "patient"')
    assert done("info", "--task", ages)["task"]["table"]["max"] == 29
    held = done("info", "--task", ages, tiny.recordings)["splits"]["train"]
    assert held["patients"]["all"] == held["subjects"]
    words = eegssl("info", "--task", "seizure-detection", tiny.recordings).out
    assert "nothing is missing" in words


def test_ids_stand_for_names_in_the_table_and_in_the_model(tiny: Pipeline, tmp_path: Path) -> None:
    ids = {name_of(k, run): Pseudonyms().recording(name_of(k, run)) for k, run in RUNS}
    by_id = [("recording", "onset_s", "duration_s", "label")]
    by_id += [(ids[str(row[0])], *row[1:]) for row in STRETCHES[1:]]  # type: ignore[arg-type]
    task = write(tmp_path, by_id, CLASSES, 'unit = "event"')
    assert finetune(tiny, task, tmp_path / "model").code == 0
    stored = (tmp_path / "model" / "labels.tsv").read_text()
    assert stored.startswith("recording\tonset_s\tduration_s\tlabel\n")
    assert "sub-" not in stored
