"""``eegssl ls`` shows what the tables on the disk hold, by hashed ids."""

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl
from resigned import sign_files

from eegssl.artifacts.table_parts import read_text_table
from eegssl.corpus.preprocessing.recording_tables import PEOPLE_CELLS


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def splits(folder: Path) -> dict[str, str]:
    lines = (folder / "splits.tsv").read_text().splitlines()[1:]
    return dict(line.split("\t") for line in lines)


def test_recordings_are_listed_with_what_the_other_tables_say(tiny: Pipeline) -> None:
    ran = eegssl("ls", tiny.recordings, "--csv", "--columns", "all")
    rows = rows_of(ran.out)
    table = pq.read_table(tiny.recordings / "recordings.parquet").to_pylist()
    events = pq.read_table(tiny.recordings / "events.parquet").to_pylist()
    side = splits(tiny.recordings)
    assert ran.code == 0
    assert [row["recording"] for row in rows] == [row["recording"] for row in table]
    for row, stored in zip(rows, table, strict=True):
        own = [event for event in events if event["recording"] == row["recording"]]
        assert row["split"] == side[stored["subject"]]
        assert float(row["duration_s"]) == stored["duration_s"]
        assert row["channels"].split(";") == stored["channels"]
        assert int(row["n_channels"]) == len(stored["channels"])
        assert int(row["n_events"]) == len(own)
        assert int(row["n_seizures"]) == sum(event["type"] == "sz" for event in own)
        assert row["event_types"] == ";".join(sorted({event["type"] for event in own}))
        assert row["labelled"] == str(stored["labelled"]).lower()
    assert any(row["n_seizures"] != "0" for row in rows)


def test_an_expression_chooses_rows_and_columns_are_named(tiny: Pipeline) -> None:
    side = splits(tiny.recordings)
    subject = min(name for name, split in side.items() if split == "train")
    where = f'subject == "{subject}" and split == "train"'
    document = done("ls", tiny.recordings, "--where", where, "--columns", "subject, duration_s")
    table = pq.read_table(tiny.recordings / "recordings.parquet").to_pylist()
    own = [row["duration_s"] for row in table if row["subject"] == subject]
    assert document["rows"] == [{"subject": subject, "duration_s": s} for s in own]
    assert (document["n"], document["n_in_all"]) == (len(own), len(table))
    shown = eegssl("ls", tiny.recordings, "--where", where)
    assert f"{len(own)} of {len(table)} recordings" in shown.out
    assert shown.out.count(subject) == len(own)


@pytest.mark.parametrize("of", ["recordings", "events", "subjects", "refused", "channels"])
def test_every_table_is_listed_three_ways_and_names_nobody(tiny: Pipeline, of: str) -> None:
    printed = eegssl("ls", tiny.recordings, "--of", of)
    rows = rows_of(eegssl("ls", tiny.recordings, "--of", of, "--csv").out)
    document = done("ls", tiny.recordings, "--of", of)
    assert printed.code == 0
    assert f"{len(rows)} of {len(rows)} {of}" in printed.out
    assert [list(row) for row in rows] == [document["columns"]] * len(rows)
    assert document["n"] == len(rows)
    assert "sub-0" not in printed.out + json.dumps(document)


def test_subjects_are_sums_of_their_recordings(tiny: Pipeline) -> None:
    recordings = done("ls", tiny.recordings)["rows"]
    subjects = done("ls", tiny.recordings, "--of", "subjects")["rows"]
    people = read_text_table(tiny.recordings / "subjects.tsv", PEOPLE_CELLS)
    assert [row["subject"] for row in subjects] == sorted(row["subject"] for row in people)
    for row in subjects:
        own = [r for r in recordings if r["subject"] == row["subject"]]
        assert row["n_recordings"] == len(own)
        assert row["hours"] == pytest.approx(sum(r["duration_s"] for r in own) / 3600)
        assert row["n_seizures"] == sum(r["n_seizures"] for r in own)
        assert {row["split"]} == {r["split"] for r in own}


def test_several_folders_are_listed_together(tiny: Pipeline, tmp_path: Path) -> None:
    other = shutil.copytree(tiny.recordings, tmp_path / "other")
    rows = done("ls", tiny.recordings, other)["rows"]
    alone = done("ls", other)["rows"]
    assert {row["corpus"] for row in alone} == {"other"}
    assert rows[len(alone) :] == alone


def test_names_are_shown_on_the_terminal_alone(tiny: Pipeline) -> None:
    shown = eegssl("ls", tiny.recordings, "--show-names", "--columns", "file,subject")
    assert shown.code == 0
    assert "sub-00_run-1_eeg.edf" in shown.out
    for flag in ("--json", "--csv"):
        assert eegssl("ls", tiny.recordings, "--show-names", flag).code == 2


def test_signs_that_steer_a_terminal_are_written_out(tiny: Pipeline, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny.recordings, tmp_path / "steered")
    row = "r-0123456789ab\t1\tgap\t\x1b]0;evil\x07 \x9b2J [red]\n"
    with (folder / "refused.tsv").open("a") as file:
        file.write(row)
    sign_files(folder)
    for flags in ([], ["--csv"]):
        out = eegssl("ls", folder, "--of", "refused", *flags).out
        assert "\\x1b]0;evil\\x07 \\x9b2J [red]" in out
        assert not set("\x1b\x07\x9b") & set(out)


def test_what_is_no_column_or_no_recordings_is_refused(tiny: Pipeline) -> None:
    column = eegssl("ls", tiny.recordings, "--columns", "durations_s")
    assert column.code == 2
    assert "did you mean 'duration_s'" in column.err
    tokens = eegssl("ls", tiny.tokens)
    assert tokens.code == 4
    assert f"eegssl info {tiny.tokens}" in tokens.err.replace("\n", "")


@pytest.mark.parametrize("how", [("--csv", "--columns", "all"), ("--json",), ()])
def test_a_reader_that_has_enough_ends_it_quietly(tiny: Pipeline, how: tuple[str, ...]) -> None:
    """As ``eegssl ls … | head -1``, also where all of it fits into the pipe."""
    ours, theirs = os.pipe()
    os.close(ours)
    ran = subprocess.run(
        [sys.executable, "-m", "eegssl", "ls", str(tiny.recordings), *how],
        stdout=theirs,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(theirs)
    assert ran.returncode == 141
    assert ran.stderr == ""


def test_a_reader_that_reads_all_of_it_sees_the_usual_end(tiny: Pipeline) -> None:
    command = [sys.executable, "-m", "eegssl", "ls", str(tiny.recordings), "--csv"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("recording,")
