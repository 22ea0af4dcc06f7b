"""What ``eegssl preprocess`` promises, seen from outside: the command line and files on disk."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import done, eegssl, files_of
from realdata import real_data
from signalfiles import load_rows

from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.formats.known_formats import FORMATS

LABELS = ("EEG Fp1-REF", "EEG F7-REF", "EEG C3-REF")
TUH = "# version = csv_v1.0.0\n# duration = 20.0 secs\n#\n"
COLUMNS = "channel,start_time,stop_time,label,confidence\n"


def folder_of(root: Path, n_subjects: int = 3, rate: int = 256) -> Path:
    """One recording of noise a subject, each in a folder of its own."""
    for k in range(n_subjects):
        path = root / f"case{k}" / "x.edf"
        path.parent.mkdir(parents=True)
        signal_uv = np.random.default_rng(k).normal(0, 30, (len(LABELS), 20 * rate))
        write_edf(path, signal_uv, LABELS, rate, physical_max_uv=3000.0)
    return root


def preprocess(edf: Path, out: Path, *more: object) -> dict[str, Any]:
    return done("preprocess", edf, "--out", out, "--jobs", 1, *more)


def test_every_file_found_is_accepted_or_refused(tmp_path: Path) -> None:
    edf = folder_of(tmp_path / "edf")
    (edf / "case0" / "broken.edf").write_bytes(b"0" * 400)
    (edf / "case1" / "empty.edf").write_bytes(b"")
    document = preprocess(edf, tmp_path / "out")
    refused = {row["recording"] for row in document["refused"]}
    assert len(document["accepted"]) == 3
    assert len(refused) == 2
    assert not refused & set(document["accepted"])


def test_real_files_of_readers_are_accepted_or_refused_and_nothing_between(tmp_path: Path) -> None:
    formats = real_data("formats")
    found = [p for p in formats.rglob("*") if p.suffix.lower() in FORMATS]
    document = preprocess(formats, tmp_path / "out")
    refused = {row["recording"] for row in document["refused"] if row["segment"] == "n/a"}
    assert len(document["accepted"]) + len(refused) == len(found)


def test_strict_ends_with_three_and_makes_the_artifact_all_the_same(tmp_path: Path) -> None:
    edf = folder_of(tmp_path / "edf")
    (edf / "case0" / "broken.edf").write_bytes(b"0" * 400)
    ran = eegssl("preprocess", edf, "--out", tmp_path / "out", "--jobs", 1, "--strict", "--json")
    assert ran.code == 3
    assert eegssl("check", tmp_path / "out").code == 0


def test_a_plan_handed_back_gives_the_bytes_of_a_run_without_one(tmp_path: Path) -> None:
    edf = folder_of(tmp_path / "edf")
    preprocess(edf, tmp_path / "planned", "--plan")
    plan = tmp_path / "planned" / "plan.toml"
    preprocess(edf, tmp_path / "planned", "--config", plan)
    preprocess(edf, tmp_path / "alone")
    assert files_of(tmp_path / "planned") == files_of(tmp_path / "alone")


def test_what_comes_later_changes_no_bit_of_a_causal_recording(tmp_path: Path) -> None:
    first, second = folder_of(tmp_path / "a"), tmp_path / "b"
    for k in range(3):
        path = second / f"case{k}" / "x.edf"
        path.parent.mkdir(parents=True)
        signal_uv = np.random.default_rng(k).normal(0, 30, (len(LABELS), 20 * 256))
        signal_uv[:, 10 * 256 :] *= 3.0
        write_edf(path, signal_uv, LABELS, 256, physical_max_uv=3000.0)
    causal = ("--set", "filter.phase=causal", "--set", "filter.notch=60")
    ids = preprocess(first, tmp_path / "out_a", *causal)["accepted"]
    assert ids == preprocess(second, tmp_path / "out_b", *causal)["accepted"]
    for name in ids:
        a, b = (
            load_rows(tmp_path / out / "signals" / f"{name}.safetensors")["signal"]
            for out in ("out_a", "out_b")
        )
        assert np.array_equal(a[:, :2000], b[:, :2000])
        assert not np.array_equal(a[:, 2000:], b[:, 2000:])


def test_missing_electrodes_make_no_derivation(tmp_path: Path) -> None:
    edf = folder_of(tmp_path / "edf")
    preprocess(edf, tmp_path / "out", "--set", "montage.reference=banana")
    for row in pq.read_table(tmp_path / "out" / "recordings.parquet").to_pylist():
        assert row["channels"] == ["Fp1-F7"]
        assert "F7-T7" in row["missing"]
        stored = load_rows(tmp_path / "out" / "signals" / f"{row['recording']}.safetensors")
        assert len(stored["signal"]) == 1


@pytest.mark.parametrize("content", ["", "TERM,2,5\n", TUH + COLUMNS + "TERM,5,2,seiz,1\n"])
def test_a_malformed_label_file_refuses_its_recording_alone(tmp_path: Path, content: str) -> None:
    edf = folder_of(tmp_path / "edf", 4)
    (edf / "case0" / "x.csv_bi").write_text(content)
    document = preprocess(edf, tmp_path / "out")
    assert [row["code"] for row in document["refused"]] == ["events"]
    assert len(document["accepted"]) == 3


def test_names_of_files_with_odd_characters_are_read_and_kept_out(tmp_path: Path) -> None:
    edf = folder_of(tmp_path / "edf")
    for k, name in enumerate(("Ma\tria.edf", "Ma\nria.edf", "Mar'\"ia.edf", "Märia.edf")):
        case = edf / f"case{k % 3}"
        (case / name).write_bytes((case / "x.edf").read_bytes())
    document = preprocess(edf, tmp_path / "out")
    assert len(document["accepted"]) == 7
    text = json.dumps(document, ensure_ascii=False)
    assert not any(word in text for word in ("Ma\\tria", "Ma\\nria", "Mar'", "Märia"))


def test_people_of_whom_nothing_was_recorded_enter_no_private_table(
    tmp_path: Path, own_world: Path
) -> None:
    edf = folder_of(tmp_path / "edf")
    rows = [f"case{k}\t{40 + k}" for k in range(3)] + [f"nobody{k}\t50" for k in range(2000)]
    (edf / "participants.tsv").write_text("\n".join(["participant_id\tage", *rows]) + "\n")
    splits = tmp_path / "splits.tsv"
    units = ["case0\ttrain", "case1\tval", "case2\ttest", *(f"absent{k}\ttest" for k in range(99))]
    splits.write_text("\n".join(["subject\tsplit", *units]) + "\n")
    preprocess(edf, tmp_path / "out", "--set", f"splits.file={splits}")
    names = (own_world / "names.tsv").read_text()
    assert "case0" in names
    assert "nobody" not in names
    assert "absent" not in names
    ages = (tmp_path / "out" / "subjects.tsv").read_text().splitlines()[1:]
    assert sorted(line.split("\t")[1] for line in ages) == ["40", "41", "42"]


def test_a_splits_file_with_swapped_columns_is_told_by_its_row(tmp_path: Path) -> None:
    edf, splits = folder_of(tmp_path / "edf"), tmp_path / "splits.tsv"
    splits.write_text("subject\tsplit\ncase0\ttrain\nval\tZqsplitword\ntest\tZqother\n")
    words = ("--jobs", 1, "--set", f"splits.file={splits}", "--json")
    ran = eegssl("preprocess", edf, "--out", tmp_path / "out", *words)
    assert ran.code == 3
    assert "2 of 3 subjects have another split" in ran.document["error"]
    assert "the first of them in row 3" in ran.err
    assert "are the columns swapped?" in ran.err
    assert "Zq" not in ran.out + ran.err
