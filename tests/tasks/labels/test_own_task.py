"""A task of the user's own: a TOML file and a table, for every unit, from training to the page."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of
from tinycorpus import SEIZURE_S, SUBJECTS, write_recording

from eegssl.io.private.pseudonyms import Pseudonyms

CLASSES = 'classes = ["calm", "ictal"]'
RUNS = [(k, run) for k in range(SUBJECTS) for run in (1, 2)]
KINDS = ("sz_foc_ia", "sz_gen_m_tonic", "sz_foc_a", "sz_gen_nm_typical")


def name_of(k: int, run: int) -> str:
    """The path of a recording below the EDF folder."""
    return f"sub-{k:02d}/eeg/sub-{k:02d}_run-{run}_eeg.edf"


def write(folder: Path, table: list[tuple[object, ...]] | None, *lines: str) -> Path:
    """The task's TOML and its table, whose first row names the columns."""
    folder.mkdir(parents=True, exist_ok=True)
    head = ['name = "own"', "window_s = 4.0"]
    if table is not None:
        head += ['labels = "table"', 'table = "labels.tsv"']
        rows = ["\t".join(map(str, row)) for row in table]
        (folder / "labels.tsv").write_text("\n".join(rows) + "\n")
    (folder / "task.toml").write_text("\n".join([*head, *lines]) + "\n")
    return folder / "task.toml"


def finetune(tiny: Pipeline, task: Path, out: Path, recordings: Path | None = None) -> Any:
    """Run fine-tuning on a task; exit code and stderr."""
    command = [recordings or tiny.recordings, "--encoder", tiny.encoder, "--task", task]
    return eegssl("finetune", *command, "--out", out, "--config", tiny.settings)


def evaluated(
    tiny: Pipeline, task: Path, root: Path, recordings: Path | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any], str]:
    """Rows, metrics and page of an evaluation of a model of the task."""
    ran = finetune(tiny, task, root / "model", recordings)
    assert ran.code == 0, ran.err
    done("evaluate", root / "model", recordings or tiny.recordings, "--out", root / "evaluation")
    rows = pq.read_table(root / "evaluation" / "predictions.parquet").to_pylist()
    metrics = json.loads((root / "evaluation" / "metrics.json").read_text())
    rescored = ["evaluate", "--rescore", root / "evaluation", "--out", root / "again"]
    done(*rescored)
    assert json.loads((root / "again" / "metrics.json").read_text()) == metrics
    return rows, metrics, (root / "evaluation" / "report.html").read_text()


STRETCHES = [
    ("recording", "onset_s", "duration_s", "label"),
    *((name_of(k, 1), 8 + 4 * (k % 3), 16, "ictal") for k in range(SUBJECTS)),
    *((name_of(k, 2), 0, 20, "calm") for k in range(SUBJECTS)),
]


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


PATIENTS = [("subject", "label"), *((f"sub-{k:02d}", 20 + 3 * (k % 4)) for k in range(SUBJECTS))]


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


BAD: list[tuple[str, list[tuple[object, ...]], tuple[str, ...], int, tuple[str, ...]]] = [
    (
        "unknown recordings",
        [("recording", "label"), (name_of(0, 1), "calm"), ("secret/Doe.edf", "ictal")],
        (CLASSES,),
        3,
        ("1 of 2 rows", "skip_unknown", "for labels that evaluate is given"),
    ),
    (
        "unknown subjects",
        [*PATIENTS, ("Jane Doe", 31)],
        ('target = "number"', 'unit = "patient"'),
        3,
        ("1 of 9 rows", "skip_unknown"),
    ),
    (
        "overlapping rows",
        [*STRETCHES, (name_of(0, 2), 10, 20, "ictal")],
        (CLASSES, 'unit = "window"'),
        2,
        ("1 stretch(es)", "overlap", "end one"),
    ),
    (
        "a number where a class was expected",
        [("recording", "label"), *((name_of(k, run), 17.5 + run) for k, run in RUNS)],
        (CLASSES,),
        3,
        ("16 of 16 rows", "2 label(s)", "numbers", "target = 'number'"),
    ),
    (
        "a class where a number was expected",
        [("recording", "label"), *((name_of(k, run), "Doe") for k, run in RUNS)],
        ('target = "number"',),
        3,
        ("16 of 16 labels", "no finite number", "target = 'classes'"),
    ),
    (
        "a class absent from training",
        [("recording", "label"), *((name_of(k, run), "calm") for k, run in RUNS)],
        (CLASSES,),
        3,
        ("split train", "none of class ictal"),
    ),
    ("an empty table", [("recording", "label")], (CLASSES,), 3, ("no row with a label",)),
    (
        "rows without labels",
        [("recording", "label"), (name_of(0, 1), "n/a")],
        (CLASSES,),
        3,
        ("no row with a label",),
    ),
    (
        "labels beyond the end",
        [*STRETCHES, (name_of(0, 2), 900, 20, "ictal")],
        (CLASSES, 'unit = "window"'),
        3,
        ("1 of 17 rows", "begin after"),
    ),
    ("no column", [("file", "label"), ("x", "calm")], (CLASSES,), 2, ("'recording'", "'subject'")),
    (
        "times that are none",
        [("recording", "onset_s", "duration_s", "label"), (name_of(0, 1), "Doe", 3, "calm")],
        (CLASSES, 'unit = "event"'),
        2,
        ("1 have an onset_s",),
    ),
    (
        "events without times",
        [("recording", "label"), *((name_of(k, run), "calm") for k, run in RUNS)],
        (CLASSES, 'unit = "event"'),
        3,
        ("rows have no onset_s", "unit = 'recording'"),
    ),
    (
        "times of wholes",
        STRETCHES,
        (CLASSES, 'unit = "recording"'),
        3,
        ("rows have an onset_s", "unit = 'event'"),
    ),
    (
        "a patient with two labels",
        [("recording", "label"), *((name_of(k, r), ("calm", "ictal")[r - 1]) for k, r in RUNS)],
        (CLASSES, 'unit = "patient"'),
        3,
        ("subjects have several labels",),
    ),
    (
        "a subject whose recordings have one clock each",
        [("subject", "onset_s", "duration_s", "label"), ("sub-00", 1, 5, "calm")],
        (CLASSES, 'unit = "event"'),
        3,
        ("times need one recording",),
    ),
]


@pytest.mark.parametrize(
    ("table", "lines", "code", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD]
)
def test_bad_tables_are_refused_with_what_to_do(
    tiny: Pipeline,
    tmp_path: Path,
    table: list[tuple[object, ...]],
    lines: tuple[str, ...],
    code: int,
    words: tuple[str, ...],
) -> None:
    task = write(tmp_path / "task", table, *lines)
    ran = finetune(tiny, task, tmp_path / "model")
    told = eegssl("info", "--task", task, tiny.recordings)
    for result in (ran, told):
        assert result.code == code, result.err
        assert all(word in result.err for word in words), result.err
        assert "Doe" not in result.err + result.out
    assert not (tmp_path / "model").exists()


def test_rows_of_others_may_be_left_out_on_purpose(tiny: Pipeline, tmp_path: Path) -> None:
    rows = [("recording", "label"), *((name_of(k, r), ("ictal", "calm")[r - 1]) for k, r in RUNS)]
    task = write(
        tmp_path,
        [*rows, ("other.edf", "calm"), (name_of(0, 1), "n/a")],
        CLASSES,
        "skip_unknown = true",
    )
    found = done("info", "--task", task, tiny.recordings)
    assert found["task"]["table"] == {
        "labels": 16,
        "rows left out, unknown": 1,
        "rows left out, without a label": 1,
    }


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


def test_info_says_once_that_a_class_is_nowhere(tiny: Pipeline, tmp_path: Path) -> None:
    rows = [("recording", "label"), *((name_of(k, run), "calm") for k, run in RUNS)]
    found = eegssl("info", "--task", write(tmp_path, rows, CLASSES), tiny.recordings, "--json")
    (said,) = json.loads(found.out)["missing"]
    assert "split train and split val have none of class ictal" in said
    names = ("calm", "ictal")
    three = [("recording", "label"), *((name_of(k, r), names[r - 1]) for k, r in RUNS)]
    task = write(tmp_path, three, 'classes = ["calm", "ictal", "odd"]')
    (said,) = json.loads(eegssl("info", "--task", task, tiny.recordings, "--json").out)["missing"]
    assert "split train and split val have none of class odd" in said


def test_ends_beyond_the_recording_are_cut_and_told(tiny: Pipeline, tmp_path: Path) -> None:
    rows = [(*row[:2], 90, row[3]) if row[3] == "calm" else row for row in STRETCHES]
    task = write(tmp_path, rows, CLASSES, 'unit = "window"')
    splits = done("info", "--task", task, tiny.recordings)["splits"]
    cut = "ends of rows beyond the end of their recording"
    assert sum(split["left out"][cut] for split in splits.values()) == SUBJECTS
    assert cut in finetune(tiny, task, tmp_path / "model").err


def test_info_without_recordings_checks_the_table(tmp_path: Path) -> None:
    task = write(tmp_path, [("recording", "label"), ("a.edf", "tired")], CLASSES)
    told = eegssl("info", "--task", task)
    assert told.code == 3
    assert "calm, ictal" in told.err
    assert eegssl("info", "--task", tmp_path / "nothing.toml").code == 2
    assert eegssl("info").code == 2
    assert eegssl("info", "--task", task, "--preset", "tiny").code == 2


def test_ids_stand_for_names_in_the_table_and_in_the_model(tiny: Pipeline, tmp_path: Path) -> None:
    ids = {name_of(k, run): Pseudonyms().recording(name_of(k, run)) for k, run in RUNS}
    by_id = [("recording", "onset_s", "duration_s", "label")]
    by_id += [(ids[str(row[0])], *row[1:]) for row in STRETCHES[1:]]  # type: ignore[arg-type]
    task = write(tmp_path, by_id, CLASSES, 'unit = "event"')
    assert finetune(tiny, task, tmp_path / "model").code == 0
    stored = (tmp_path / "model" / "labels.tsv").read_text()
    assert stored.startswith("recording\tonset_s\tduration_s\tlabel\n")
    assert "sub-" not in stored
