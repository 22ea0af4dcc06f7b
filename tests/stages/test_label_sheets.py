"""From a folder with somebody's own list of seizures to a detection task."""

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from clirun import done, eegssl
from labelfiles import blank_edf
from tinycorpus import write_recording

COLUMNS = 'events.columns={ file = "Datei", onset = "Beginn", end = "Ende", label = "Typ" }'
WORDS = 'events.words={ "Anfall" = "sz", "keiner" = "bckg" }'
LIST = "Datei;Beginn;Ende;Typ;Arzt\n"
ROWS = [(f"p{k}/a.edf", 8.0 + k, 20.5) for k in range(3)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people's files without labels, and a list of seizures of all of them."""
    root = tmp_path_factory.mktemp("edf")
    for k in range(3):
        (root / f"p{k}").mkdir()
        write_recording(root / f"p{k}" / "a.edf", 2 * k, 30, (8.0 + k, 12.0), labelled=False)
    rows = [
        f"{name};{onset_s};{end_s};Anfall;Meier\n".replace(".", ",").replace(",edf", ".edf")
        for name, onset_s, end_s in ROWS
    ]
    text = LIST + "".join(rows) + "p7/a.edf;1;2;Anfall;Meier\n"
    (root / "Anfallsliste.csv").write_text(text)
    return root


def preprocess(folder: Path, out: Path, *settings: str) -> dict[str, Any]:
    sets = [part for setting in settings for part in ("--set", setting)]
    return done("preprocess", folder, "--out", out, "--jobs", 1, *sets)


def test_a_list_that_nobody_knows_is_told_with_the_settings_that_read_it(
    folder: Path, tmp_path: Path
) -> None:
    facts = preprocess(folder, tmp_path / "out")["facts"]
    concern = facts["concerns"]["labels-unread"]
    assert f"--set '{COLUMNS}' --set events.sheet=FILE" in concern["cure"]
    assert "Arzt" not in json.dumps(facts)
    assert "Meier" not in json.dumps(facts)


def test_the_list_makes_the_labels_of_a_detection_task(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    document = preprocess(folder, out, COLUMNS, WORDS, "events.sheet=Anfallsliste.csv")
    assert document["facts"]["labels"]["seizures"] == 3
    assert document["facts"]["labels"]["files_unlabelled"] == 0
    events = pq.read_table(out / "events.parquet").to_pylist()
    spans = sorted((e["onset_s"], e["onset_s"] + e["duration_s"], e["type"]) for e in events)
    assert spans == [(onset_s, end_s, "sz") for _, onset_s, end_s in ROWS]
    assert {event["source"] for event in events} == {"sheet"}
    assert "labels-unread" not in document["facts"]["concerns"]
    unknown = document["facts"]["concerns"]["labels-of-no-file"]
    assert "rows 5" in unknown["text"]
    told = json.dumps(document) + "".join(
        path.read_text() for path in out.rglob("*") if path.suffix in (".tsv", ".json", ".toml")
    )
    assert not [word for word in ("Meier", "Beginn", "Anfall", "p7") if word in told]
    assert "nothing is missing" in eegssl("info", "--task", "seizure-detection", out).out


def test_other_columns_are_other_inputs(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    preprocess(folder, out, COLUMNS, WORDS, "events.sheet=Anfallsliste.csv")
    other = COLUMNS.replace("onset", "channels").replace("end", "onset").replace("label", "end")
    ran = eegssl(
        *("preprocess", folder, "--out", out, "--jobs", 1, "--set", other),
        *("--set", "events.every_row=sz", "--set", "events.sheet=Anfallsliste.csv"),
    )
    assert ran.code in (3, 4)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ('events.words={ "x" = "fit" }', "'fit' is no type of event; expected one such as sz"),
        ("events.every_row=fit", "name its columns too"),
        ("events.sheet=none.csv", "name its columns too"),
    ],
)
def test_settings_that_mean_nothing_are_refused(
    folder: Path, tmp_path: Path, setting: str, words: str
) -> None:
    ran = eegssl("preprocess", folder, "--out", tmp_path / "out", "--set", setting)
    assert ran.code == 2
    assert words in ran.err


def test_a_table_of_a_spreadsheet_is_to_be_saved_as_text(tmp_path: Path) -> None:
    blank_edf(tmp_path / "edf" / "p0" / "a.edf", 20, rate=100)
    (tmp_path / "edf" / "Anfallsliste.xlsx").write_bytes(b"PK")
    command = ("preprocess", tmp_path / "edf", "--out", tmp_path / "out", "--plan", "--dry-run")
    cure = done(*command)["facts"]["concerns"]["labels-unread"]["cure"]
    assert cure.startswith("save them as CSV and say what their columns are: --set")
    assert 'file = "COLUMN"' in cure
