"""Tables of the user's own are read as meant, or refused with what to do."""

import json
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl
from owntask import CLASSES, PATIENTS, RUNS, STRETCHES, finetune, name_of, write
from tinycorpus import SUBJECTS

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
    (
        "two columns of labels",
        [("recording", "label", "label"), ("Doe", "calm", "restless")],
        (CLASSES,),
        2,
        ("stand there twice",),
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
