"""A corpus of every format goes through ``preprocess`` as EDF does, and what is broken is named."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import eegfiles
import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Ran, eegssl
from slowparams import slow_except
from smallencoders import small

import eegssl as package
from eegssl.corpus.store import open_corpus
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.private.free_text import free_text
from eegssl.stages.preprocessing import corpus_look

RATE_HZ = 200
SECONDS = 30
NAMES = ("Fp1", "Fp2", "C3", "C4", "O1", "ECG")
SEIZURE = (10.0, 5.0, "sz")
SECRETS = ("Mustermann", "Erika", "2013-04-17", "1955", "HIS4711", "geheim")


def signals(seed: int) -> np.ndarray:
    """Pink enough EEG of 20 µV: sums of slow waves and noise, in steps of 0.1 µV."""
    rng = np.random.default_rng(seed)
    times = np.arange(RATE_HZ * SECONDS) / RATE_HZ
    waves = [np.sin(2 * np.pi * (rng.uniform(2, 20) * times + rng.uniform())) for _ in range(48)]
    noise = rng.normal(0, 5, (len(NAMES), len(times)))
    return np.round(10 * (8 * np.reshape(waves, (6, 8, -1)).sum(axis=1) + noise)) / 10


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    root = tmp_path / "eeg"
    for k, name in enumerate(("edf", "vhdr", "set", "fif", "gdf", "cnt", "fdt")):
        (root / f"sub-{name}" / "eeg").mkdir(parents=True)
        path = root / f"sub-{name}" / "eeg" / f"sub-{name}_eeg"
        common = (NAMES, signals(k), RATE_HZ)
        if name == "edf":
            edf_of(path.with_suffix(".edf"), signals(k))
        elif name == "vhdr":
            marks = [SEIZURE, (2.0, 0.0, "geheim: Erika")]
            eegfiles.write_brainvision(path.with_suffix(".vhdr"), *common, marks)
        elif name == "set":
            types = ["EEG"] * 5 + ["ECG"]
            eegfiles.write_set(path.with_suffix(".set"), *common, [SEIZURE], types=types)
        elif name == "fdt":
            eegfiles.write_set(path.with_suffix(".set"), *common, apart=True)
        elif name == "fif":
            person = {"his_id": "HIS4711", "last_name": "Mustermann", "first_name": "Erika"}
            bads, path = ["C4"], path.with_suffix(".fif")
            eegfiles.write_fif(path, *common, [SEIZURE], bads=bads, subject=person)
        elif name == "gdf":
            eegfiles.write_gdf(path.with_suffix(".gdf"), *common)
        else:
            eegfiles.write_cnt(path.with_suffix(".cnt"), *common)
    table = "onset\tduration\teventType\n5\t6\tsz\n"
    (root / "sub-gdf" / "eeg" / "sub-gdf_events.tsv").write_text(table)
    channels = "name\ttype\tunits\tstatus\nFp1\tEEG\tuV\tgood\nO1\tEEG\tuV\tbad\n"
    (root / "sub-vhdr" / "eeg" / "sub-vhdr_channels.tsv").write_text(channels)
    return root


def edf_of(path: Path, signal_uv: np.ndarray) -> None:
    write_edf(path, signal_uv, NAMES, RATE_HZ, annotations=[SEIZURE])


def run(root: Path, out: Path, *more: object) -> Ran:
    few = ("--set", "look.recordings=1", "--jobs", 1, "--json")
    return eegssl("preprocess", root, "--out", out, *few, *more)


def test_every_format_becomes_recordings_with_its_labels(corpus: Path, tmp_path: Path) -> None:
    ran = run(corpus, tmp_path / "out", "--show-names")
    assert ran.code == 0, ran.err
    facts = ran.document["facts"]
    assert facts["accepted"] == 7, ran.err
    assert facts["refused"] == 0
    assert facts["other_formats"] == {}
    assert facts["labels"]["seizures"] == 5
    table = pq.read_table(tmp_path / "out" / "recordings.parquet").to_pylist()
    by_format = {row["source_format"]: row for row in table}
    assert set(by_format) == {"EDF", "BrainVision", "EEGLAB", "FIF", "GDF", "CNT"}
    assert all(row["auxiliary"] == ["ECG"] for row in table)
    assert by_format["FIF"]["channels"] == ["Fp1", "Fp2", "C3", "O1"]
    assert by_format["BrainVision"]["channels"] == ["Fp1", "Fp2", "C3", "C4"]
    assert by_format["GDF"]["channels"] == ["Fp1", "Fp2", "C3", "C4", "O1"]
    assert len({row["subject"] for row in table}) == 7
    concerns = facts["concerns"]
    assert "other-formats" not in concerns
    assert concerns["channels-left-out"]["n"] == 2
    assert "MNE-Python" in ran.err
    fingerprint = json.loads((tmp_path / "out" / "fingerprint.json").read_text())
    assert fingerprint["formats"] == {
        **{"EEGLAB": 2, "BrainVision": 1, "CNT": 1, "EDF": 1, "FIF": 1, "GDF": 1}
    }


def test_volts_in_a_format_of_microvolts_are_told_as_a_wrong_unit(tmp_path: Path) -> None:
    """Floats have no digital step, so that none is coarse."""
    for k in range(3):
        (tmp_path / "eeg" / f"p{k}").mkdir(parents=True)
        signal = signals(k) * (1e-6 if k == 2 else 1)
        eegfiles.write_set(tmp_path / "eeg" / f"p{k}" / "x.set", NAMES, signal, RATE_HZ)
    concerns = run(tmp_path / "eeg", tmp_path / "out").document["facts"]["concerns"]
    assert "coarse" not in concerns
    assert concerns["amplitude"]["n"] == 1
    assert "read.scale" in concerns["amplitude"]["cure"]


def test_the_same_signal_is_the_same_recording_in_every_format(tmp_path: Path) -> None:
    """Cleaned EEG differs by less than float32 and int16 steps do, not by filters or times."""
    (root := tmp_path / "eeg").mkdir()
    same = signals(1)
    for k, (write, ending) in enumerate(
        (
            (eegfiles.write_brainvision, ".vhdr"),
            (eegfiles.write_set, ".set"),
            (eegfiles.write_fif, ".fif"),
            (eegfiles.write_gdf, ".gdf"),
            (eegfiles.write_cnt, ".cnt"),
        )
    ):
        (root / f"p{k}").mkdir()
        write(root / f"p{k}" / f"x{ending}", NAMES, same, RATE_HZ)
    (root / "p9").mkdir()
    edf_of(root / "p9" / "x.edf", same)
    ran = run(root, tmp_path / "out")
    assert ran.code == 0, ran.err
    corpus = open_corpus([tmp_path / "out"])
    stored = [corpus.read_uv(r, 0, r.n_samples) for r in corpus.recordings]
    assert len(stored) == 6
    for other in stored[1:]:
        assert other.shape == stored[0].shape
        assert np.abs(other - stored[0]).max() < 0.1


def test_no_output_names_the_person_the_date_or_a_remark(corpus: Path, tmp_path: Path) -> None:
    ran = run(corpus, tmp_path / "out")
    texts = [ran.out, ran.err]
    for path in (p for p in (tmp_path / "out").rglob("*") if p.is_file()):
        texts.append(path.read_bytes().decode("latin-1"))
    assert not [word for word in SECRETS for text in texts if word in text]


def keep_only(corpus: Path, names: set[str]) -> None:
    """Take the other people away: a split needs three, and each costs time."""
    for folder in corpus.iterdir():
        if folder.name.removeprefix("sub-") not in names:
            shutil.rmtree(folder)


STEM = "sub-vhdr_eeg"
BROKEN = {
    "no samples": lambda folder: (folder / f"{STEM}.eeg").unlink(),
    "samples elsewhere": lambda folder: name_samples(folder, "../../secret.eeg"),
    "absolute name": lambda folder: name_samples(folder, "/etc/passwd"),
    "samples a link out": lambda folder: link_out(folder),
    "samples a pipe": lambda folder: to_pipe(folder / "sub-vhdr_eeg.eeg"),
    "header of bytes": lambda folder: (folder / "sub-vhdr_eeg.vhdr").write_bytes(os.urandom(999)),
    "empty header": lambda folder: (folder / "sub-vhdr_eeg.vhdr").write_bytes(b""),
    "markers of bytes": lambda folder: (folder / "sub-vhdr_eeg.vmrk").write_text(
        "[Marker Infos]\nMk1=x\n"
    ),
    "no sample": lambda folder: (folder / "sub-vhdr_eeg.eeg").write_bytes(b""),
}


def name_samples(folder: Path, name: str) -> None:
    path = folder / "sub-vhdr_eeg.vhdr"
    path.write_text(path.read_text().replace("DataFile=sub-vhdr_eeg.eeg", f"DataFile={name}"))


def link_out(folder: Path) -> None:
    samples, outside = folder / "sub-vhdr_eeg.eeg", folder.parents[2] / "outside.eeg"
    shutil.move(samples, outside)
    samples.symlink_to(outside)


def to_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("kind", slow_except(BROKEN, "no samples", "samples a link out"))
def test_a_broken_recording_is_refused_and_the_rest_goes_through(
    corpus: Path, tmp_path: Path, kind: str
) -> None:
    keep_only(corpus, {"edf", "vhdr", "fif", "cnt"})
    BROKEN[kind](corpus / "sub-vhdr" / "eeg")
    ran = run(corpus, tmp_path / "out", "--show-names")
    assert ran.code == 0, ran.err
    document = ran.document
    (refused,) = document["refused"]
    assert document["facts"]["accepted"] == 3
    assert refused["code"] in ("parts", "unreadable", "damaged", "header", "no-records")
    assert "passwd" not in refused["reason"]
    assert "bug" not in refused["reason"]


@pytest.mark.parametrize("name", slow_except(("set", "fif", "gdf", "cnt", "fdt"), "fdt"))
def test_a_file_that_was_cut_is_refused_or_said_to_be_cut(
    corpus: Path, tmp_path: Path, name: str
) -> None:
    keep_only(corpus, {"edf", "vhdr", "gdf", "cnt" if name == "gdf" else name, name})
    folder = corpus / f"sub-{name}" / "eeg"
    (path,) = folder.glob("*.fdt" if name == "fdt" else f"*.{name}")
    os.truncate(path, path.stat().st_size * 2 // 3)
    ran = run(corpus, tmp_path / "out")
    assert ran.code == 0, ran.err
    facts = ran.document["facts"]
    assert facts["refused"] == 1
    assert facts["refused_by_code"].keys() <= {"damaged", "parts"}


@pytest.mark.parametrize("ending", slow_except((".eeg", ".vmrk"), ".vmrk"))
def test_a_part_that_changes_between_look_and_cleaning_is_noticed(
    corpus: Path, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_only(corpus, {"edf", "vhdr", "fif", "cnt"})
    path = corpus / "sub-vhdr" / "eeg" / f"sub-vhdr_eeg{ending}"
    decide = corpus_look.decide

    def decide_late(*arguments: Any) -> Any:
        before, data = path.stat(), bytearray(path.read_bytes())
        data[-3] ^= 1
        with path.open("r+b") as stream:
            stream.write(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return decide(*arguments)

    monkeypatch.setattr(corpus_look, "decide", decide_late)
    ran = run(corpus, tmp_path / "out")
    assert ran.code == 0, ran.err
    (refused,) = ran.document["refused"]
    assert refused["code"] == "unreadable"
    assert "other bytes than when it was looked at" in refused["reason"]


@pytest.mark.slow
def test_memory_that_a_recording_would_need_is_bounded(corpus: Path, tmp_path: Path) -> None:
    keep_only(corpus, {"edf", "vhdr", "fif", "cnt"})
    samples = corpus / "sub-vhdr" / "eeg" / "sub-vhdr_eeg.eeg"
    os.truncate(samples, 1 << 30)
    ran = run(
        corpus, tmp_path / "out", "--set", "limits.memory_mb=600", "--set", "limits.time_s=60"
    )
    assert ran.code == 0, ran.err
    (refused,) = ran.document["refused"]
    assert refused["code"] in ("out-of-memory", "timed-out")


def test_one_file_and_the_parts_of_others_are_told_apart(corpus: Path, tmp_path: Path) -> None:
    (corpus / "alone.eeg").write_bytes(b"x")
    ran = run(corpus, tmp_path / "out", "--plan")
    assert ran.code == 0, ran.err
    concern = ran.document["facts"]["concerns"]["other-formats"]
    assert concern["n"] == 1
    assert "1 × .eeg" in concern["text"]


def test_positions_without_a_name_are_told_and_not_guessed(corpus: Path, tmp_path: Path) -> None:
    keep_only(corpus, {"edf", "vhdr", "fif", "cnt"})
    folder = corpus / "sub-vhdr" / "eeg"
    header = (folder / f"{STEM}.vhdr").read_text()
    (folder / f"{STEM}.vhdr").write_text(header.replace("=O1,", "=Elec9,").replace("=C4,", "=Q7,"))
    (folder / "sub-vhdr_channels.tsv").unlink()
    rows = ["name\tx\ty\tz", "Elec9\t-2\t-8\t1", "Q7\tn/a\tn/a\tn/a", "Fp1\t-2\t8\t1"]
    (folder / "sub-vhdr_electrodes.tsv").write_text("\n".join(rows) + "\n")
    ran = run(corpus, tmp_path / "out")
    assert ran.code == 0, ran.err
    concern = ran.document["facts"]["concerns"]["positions-unread"]
    assert concern["n"] == 1
    assert "channels.rename" in concern["cure"]


def test_free_texts_are_collected_to_be_searched_for(corpus: Path) -> None:
    texts = {text for text, _ in free_text(corpus)}
    assert {"Mustermann", "Erika", "HIS4711", "geheim: Erika", "2013-04-17"} <= texts
    assert "sub-set_eeg" in texts


def test_a_recording_of_any_format_is_embedded(corpus: Path) -> None:
    path = corpus / "sub-vhdr" / "eeg" / f"{STEM}.vhdr"
    embedded = package.embed(small(), path)
    assert embedded.channels == ("Fp1", "Fp2", "C3", "C4")  # its channels.tsv calls O1 bad
    assert embedded.vectors.shape[:2] == (4, SECONDS)


def test_tables_of_samples_are_told_and_the_artifact_is_sound(corpus: Path, tmp_path: Path) -> None:
    keep_only(corpus, {"edf", "vhdr", "fif", "cnt"})
    np.savetxt(corpus / "night.csv", signals(1).T, "%.1f", ",")
    ran = run(corpus, tmp_path / "out")
    assert ran.code == 0, ran.err
    concern = ran.document["facts"]["concerns"]["sample-tables"]
    assert concern["n"] == 1
    assert "docs/formats.md" in concern["cure"]
    assert concern["ids"][0].startswith("f-")
    checked = eegssl("check", tmp_path / "out")
    assert checked.code == 0, checked.err
    assert "tables of samples" in checked.err
