"""A task for classes per recording, from a table of the user's own."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from tinycorpus import SUBJECTS

TASK = """
name = "calm-or-not"
labels = "table"
table = "labels.tsv"
classes = ["calm", "ictal"]
window_s = 4.0
"""


def write_task(folder: Path, rows: list[tuple[str, str]], text: str = TASK) -> Path:
    """The task's TOML and, beside it, its labels table."""
    folder.mkdir(exist_ok=True)
    lines = ["recording\tlabel", *("\t".join(row) for row in rows)]
    (folder / "labels.tsv").write_text("\n".join(lines) + "\n")
    (folder / "task.toml").write_text(text)
    return folder / "task.toml"


def recording(k: int, run: int) -> str:
    """The path of a recording below the EDF folder."""
    return f"sub-{k:02d}/eeg/sub-{k:02d}_run-{run}_eeg.edf"


ROWS = [(recording(k, run), ("ictal", "calm")[run - 1]) for k in range(SUBJECTS) for run in (1, 2)]


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_task(tmp_path_factory.mktemp("task"), ROWS)


@pytest.fixture(scope="module")
def made(tiny: Pipeline, task: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model of the task and its evaluation."""
    root = tmp_path_factory.mktemp("made")
    command = [tiny.recordings, "--encoder", tiny.encoder, "--task", task]
    done("finetune", *command, "--out", root / "model", "--config", tiny.settings)
    done("evaluate", root / "model", tiny.recordings, "--out", root / "evaluation")
    return root / "model", root / "evaluation"


def finetune(tiny: Pipeline, task: Path, out: Path, *more: object) -> tuple[int, str]:
    """Exit code and stderr of fine-tuning on a task."""
    command = [tiny.recordings, "--encoder", tiny.encoder, "--task", task, "--out", out]
    ran = eegssl("finetune", *command, "--config", tiny.settings, *more)
    return ran.code, ran.err


def test_every_window_has_the_label_of_its_recording(made: tuple[Path, Path]) -> None:
    model, evaluation = made
    facts = manifest_of(model)["facts"]
    assert facts["task"] == "calm-or-not"
    assert facts["classes"] == ["calm", "ictal"]
    assert facts["windows"]["train"] == {"calm": 4 * 32 // 4, "ictal": 4 * 40 // 4}
    table = pq.read_table(evaluation / "predictions.parquet").to_pylist()
    pairs = {(row["recording"], row["truth"]) for row in table}
    assert sorted(truth for _, truth in pairs) == [0, 0, 1, 1]
    assert (model / "labels.tsv").read_text().count("\n") == 1 + len(ROWS)


def test_recordings_are_scored_as_a_whole_and_events_are_not(made: tuple[Path, Path]) -> None:
    metrics = json.loads((made[1] / "metrics.json").read_text())
    assert metrics["units"]["name"] == "recording"
    assert metrics["units"]["n"] == 4
    assert metrics["events"] is None
    assert metrics["units"]["scores"]["auroc"] is not None


def test_the_model_says_which_table_it_was_given(made: tuple[Path, Path]) -> None:
    kinds = [parent["kind"] for parent in manifest_of(made[0])["inputs"]]
    assert kinds == ["recordings", "encoder", "labels-table"]
    assert "labels.tsv" in files_of(made[0])


def test_the_table_may_stand_anywhere(
    tiny: Pipeline, made: tuple[Path, Path], tmp_path: Path
) -> None:
    again = write_task(tmp_path / "elsewhere", ROWS)
    assert finetune(tiny, again, tmp_path / "model")[0] == 0
    assert files_of(tmp_path / "model") == files_of(made[0])


def test_another_table_is_another_model(tiny: Pipeline, task: Path, tmp_path: Path) -> None:
    swapped = [(name, {"calm": "ictal", "ictal": "calm"}[label]) for name, label in ROWS]
    other = write_task(tmp_path / "other", swapped)
    assert finetune(tiny, task, tmp_path / "model")[0] == 0
    code, told = finetune(tiny, other, tmp_path / "model")
    assert code == 2
    assert "--overwrite" in told


def test_unlabelled_recordings_are_left_out(tiny: Pipeline, tmp_path: Path) -> None:
    some = [row for row in ROWS if row[0] not in (recording(0, 1), recording(0, 2))]
    task = write_task(tmp_path, some)
    assert finetune(tiny, task, tmp_path / "model")[0] == 0
    windows = manifest_of(tmp_path / "model")["facts"]["windows"]
    total = sum(count for part in windows.values() for count in part.values())
    assert total in (5 * 18, 6 * 18)  # subject 0 fits or is tested, as the split has it


def test_three_classes_have_no_threshold(tiny: Pipeline, tmp_path: Path) -> None:
    names = ("calm", "ictal", "odd")
    rows = [(name, names[k % 3]) for k, (name, _) in enumerate(ROWS)]
    text = TASK.replace('["calm", "ictal"]', '["calm", "ictal", "odd"]')
    code, told = finetune(tiny, write_task(tmp_path, rows, text), tmp_path / "model")
    assert code == 0, told
    assert json.loads((tmp_path / "model" / "threshold.json").read_text()) is None
    done("evaluate", tmp_path / "model", tiny.recordings, "--out", tmp_path / "evaluation")
    table = pq.read_table(tmp_path / "evaluation" / "predictions.parquet")
    assert [n for n in table.schema.names if n.startswith("p_")] == ["p_calm", "p_ictal", "p_odd"]


@pytest.mark.parametrize(
    ("rows", "code", "words"),
    [
        ([], 3, ("labels table", "no row with a label")),
        ([("nobody/else.edf", "calm")], 3, ("labels table", "none of these", "`recording`")),
        ([(name, "calm") for name, _ in ROWS], 3, ("none of class ictal", "train")),
        ([(name, "tired") for name, _ in ROWS], 3, ("no class", "calm, ictal")),
        ([ROWS[0], (ROWS[0][0], "calm")], 2, ("two labels",)),
    ],
    ids=["empty", "of-others", "one-class", "unknown-class", "twice"],
)
def test_labels_that_can_not_be_used_are_refused(
    tiny: Pipeline,
    tmp_path: Path,
    rows: list[tuple[str, str]],
    code: int,
    words: tuple[str, ...],
) -> None:
    got, told = finetune(tiny, write_task(tmp_path, rows), tmp_path / "model")
    assert got == code, told
    assert all(word in told for word in words), told
    assert not (tmp_path / "model").exists()


def test_a_missing_table_or_column_is_named(tiny: Pipeline, tmp_path: Path) -> None:
    task = write_task(tmp_path, ROWS)
    (tmp_path / "labels.tsv").write_text("file\tlabel\n")
    code, told = finetune(tiny, task, tmp_path / "model")
    assert code == 2
    assert "'recording'" in told
    (tmp_path / "labels.tsv").unlink()
    code, told = finetune(tiny, task, tmp_path / "model")
    assert code == 2
    assert "labels.tsv" in told


def test_permuted_labels_are_marked_as_a_control(tiny: Pipeline, tmp_path: Path) -> None:
    command = tiny.command("finetune", tmp_path / "model")
    assert done(*command, "--set", "task.permute_labels=true")["facts"]["labels_permuted"]
    evaluate = ["evaluate", tmp_path / "model", tiny.recordings, "--out", tmp_path / "evaluation"]
    assert done(*evaluate)["facts"]["labels_permuted"]
    assert "permuted" in (tmp_path / "evaluation" / "report.html").read_text()
