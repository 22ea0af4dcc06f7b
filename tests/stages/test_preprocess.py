"""preprocess as a user meets it: look, plan, make; what lies on the disk after each."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import done, eegssl
from signalfiles import load_rows
from tinycorpus import noise_uv, spike_and_wave_uv

from eegssl.corpus.processes import engine
from eegssl.corpus.processes.workers import Failure, each
from eegssl.io.edf.edf_writer import write_edf

LABELS = ("Fp1", "F7", "T3", "T5", "O1", "Fp2", "F8", "T4", "T6", "O2")
RATE_HZ = 256


def subject_file(root: Path, k: int) -> Path:
    path = root / f"sub-{k:02d}" / f"sub-{k:02d}_eeg.edf"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def write_subjects(root: Path, n: int = 3, seconds: int = 20) -> Path:
    for k in range(n):
        signal_uv = noise_uv(len(LABELS), seconds, RATE_HZ, seed=k)
        labels = [f"EEG {label}-REF" for label in LABELS]
        write_edf(subject_file(root, k), signal_uv, labels, RATE_HZ)
    return root


def rows(out: Path, table: str = "recordings") -> list[dict[str, object]]:
    return pq.read_table(out / f"{table}.parquet").to_pylist()


@pytest.fixture
def edf(tmp_path: Path) -> Path:
    return write_subjects(tmp_path / "edf")


def test_a_plan_writes_four_files_and_handed_back_gives_what_no_plan_gives(
    edf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "planned"
    done("preprocess", edf, "--out", out, "--plan")
    names = {"fingerprint.json", "plan.toml", "channels.tsv", "inventory.parquet"}
    assert {p.name for p in out.iterdir()} == names
    planned = done("preprocess", edf, "--out", out, "--config", out / "plan.toml")
    alone = done("preprocess", edf, "--out", tmp_path / "alone")
    assert planned["id"] == alone["id"]


def test_a_plan_never_writes_into_a_folder_that_holds_something_else(
    edf: Path, tmp_path: Path
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("x")
    assert eegssl("preprocess", edf, "--out", tmp_path / "full", "--plan").code == 2
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["thesis.tex"]


def test_every_file_is_accepted_or_refused(edf: Path, tmp_path: Path) -> None:
    (edf / "sub-07").mkdir()
    (edf / "sub-07" / "broken.edf").write_bytes(b"0       " + b"\x00" * 100)
    (edf / "sub-07" / "signal.set").write_bytes(b"")
    (edf / "sub-07" / "signal.lay").write_bytes(b"")
    document = done("preprocess", edf, "--out", tmp_path / "out")
    facts = document["facts"]
    assert (facts["files"], facts["accepted"], facts["refused"]) == (5, 3, 2)
    assert len(document["accepted"]) == 3
    refused = document["refused"]
    assert {row["code"] for row in refused} == {"not-edf", "damaged"}
    assert not {row["recording"] for row in refused} & set(document["accepted"])
    assert facts["other_formats"] == {".lay": 1}
    assert any(".lay" in warning for warning in document["warnings"])


def test_a_file_with_gaps_becomes_a_recording_for_each_stretch(tmp_path: Path) -> None:
    root = write_subjects(tmp_path / "edf", 2)
    signal_uv = noise_uv(len(LABELS), 40, RATE_HZ, seed=9)
    onsets_s = [*range(20), *(s + 100.25 for s in range(17)), *(s + 300.0 for s in range(3))]
    marks = [(5.0, 4.0, "sz"), (102.0, 3.0, "sz"), (18.0, 90.0, "sz_foc_ia"), (50.0, 5.0, "sz")]
    path = subject_file(root, 2)
    write_edf(path, signal_uv, LABELS, RATE_HZ, record_onsets_s=onsets_s)
    table = "".join(f"{onset}\t{duration}\t{kind}\n" for onset, duration, kind in marks)
    path.with_name("sub-02_events.tsv").write_text("onset\tduration\teventType\n" + table)
    out = tmp_path / "out"
    document = done("preprocess", root, "--out", out)
    facts = document["facts"]
    assert (facts["accepted"], facts["recordings"], facts["segments_refused"]) == (3, 4, 1)
    (short,) = document["refused"]
    assert (short["segment"], short["code"]) == ("3", "too-short")
    parts = {r["recording"]: r for r in rows(out) if r["file"] == short["recording"]}
    assert [(r["file_onset_s"], r["duration_s"]) for r in parts.values()] == [(0, 20), (100.25, 17)]
    events = [e for e in rows(out, "events") if e["recording"] in parts]
    found = [(list(parts).index(e["recording"]), e["onset_s"], e["duration_s"]) for e in events]
    assert sorted(found) == [(0, 5.0, 4.0), (0, 18.0, 2.0), (1, 0.0, 7.75), (1, 1.75, 3.0)]
    assert {r["n_events_outside"] for r in parts.values()} == {1}
    for name, row in parts.items():
        stored = load_rows(out / f"signals/{name}.safetensors")
        assert stored["signal"].shape == (len(LABELS), row["n_samples"])


def test_channels_that_are_no_eeg_are_kept_apart_and_labelled_by_kind(tmp_path: Path) -> None:
    root = tmp_path / "edf"
    labels = ["Fp1", "Fp2", "ECG EKG", "EOG horizontal", "EMG chin", "Resp Effort"]
    for k in range(3):
        write_edf(subject_file(root, k), noise_uv(6, 20, RATE_HZ, k), labels, RATE_HZ)
    out = tmp_path / "out"
    done("preprocess", root, "--out", out)
    for row in rows(out):
        assert row["channels"] == ["Fp1", "Fp2"]
        assert row["auxiliary_kinds"] == ["ecg", "eog", "emg"]
        assert row["n_other_channels"] == 1
        stored = load_rows(out / f"signals/{row['recording']}.safetensors")
        assert stored["auxiliary"].shape == (3, row["n_samples"])
        peaks_uv = np.abs(stored["auxiliary"] * stored["auxiliary_scale_uv"][:, None]).max(axis=1)
        assert (peaks_uv > 10).all()


def test_a_montage_misses_what_lacks_an_electrode_and_fills_no_zeros(
    edf: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done("preprocess", edf, "--out", out, "--set", "montage.reference=banana")
    done("preprocess", edf, "--out", tmp_path / "keep")
    kept = {row["recording"]: row for row in rows(tmp_path / "keep")}
    for row in rows(out):
        assert row["channels"][:2] == ["Fp1-F7", "F7-T7"]
        assert "Fz-Cz" in row["missing"]
        assert len(row["channels"]) + len(row["missing"]) == 18
        name = f"signals/{row['recording']}.safetensors"
        bipolar, own = load_rows(out / name), load_rows(tmp_path / "keep" / name)
        channels = kept[row["recording"]]["channels"]
        own_uv = dict(zip(channels, own["signal"] * own["scale_uv"][:, None], strict=True))
        bipolar_uv = bipolar["signal"] * bipolar["scale_uv"][:, None]
        assert np.abs(bipolar_uv[0] - (own_uv["Fp1"] - own_uv["F7"])).max() < 0.02
        assert bipolar["quality"].shape[0] == len(row["channels"])


def test_a_causal_recording_is_the_same_up_to_t_whatever_comes_after(tmp_path: Path) -> None:
    """The second corpus has, from 12 s on, a seizure and an artifact of 2 mV in the same noise."""
    stored = []
    for name in ("calm", "wild"):
        root = write_subjects(tmp_path / name)
        signal_uv = noise_uv(len(LABELS), 20, RATE_HZ, seed=0)
        if name == "wild":
            signal_uv[:, 12 * RATE_HZ :] += spike_and_wave_uv(8, RATE_HZ, 0, 8)
            signal_uv[:, 15 * RATE_HZ] += 2000
        write_edf(subject_file(root, 0), signal_uv, LABELS, RATE_HZ, physical_max_uv=3000)
        out = tmp_path / f"{name}-out"
        settings = ("--set", "filter.phase=causal", "--set", "filter.notch=60")
        done("preprocess", root, "--out", out, *settings)
        stored.append(
            {r["file"]: load_rows(out / f"signals/{r['file']}.safetensors") for r in rows(out)}
        )
        assert all(row["delay_s"] > 0 for row in rows(out))
    calm, wild = stored
    changed = [
        name for name in calm if not np.array_equal(calm[name]["signal"], wild[name]["signal"])
    ]
    (name,) = changed
    until = 12 * 200
    assert calm[name]["signal"].dtype == np.float32
    assert np.array_equal(calm[name]["signal"][:, :until], wild[name]["signal"][:, :until])


def test_a_file_that_breaks_its_worker_is_refused_and_the_rest_goes_through(
    edf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One file times out when it is looked at, another dies when it is cleaned.

    A third process dies over a page, which is drawn all the same.
    """
    write_subjects(edf, 5)
    reasons = [("timed-out", "no end"), ("crashed", "signal 11"), ("crashed", "signal 9")]
    broken = iter([Failure(*reason) for reason in reasons])

    def break_one(function: Callable[..., Any], tasks: Sequence[Any], *limits: object) -> Iterator:
        for number, row in each(function, tasks, *limits):
            yield number, next(broken) if number == 1 else row

    monkeypatch.setattr(engine, "each", break_one)
    ran = eegssl("preprocess", edf, "--out", tmp_path / "out", "--json")
    assert ran.code == 0
    document = ran.document
    assert sorted(row["code"] for row in document["refused"]) == ["crashed", "timed-out"]
    assert len(document["accepted"]) == 3
    assert any("report" in warning for warning in document["warnings"])
    assert "a page (signal 9)" in ran.err
    assert next(broken, None) is None
    pages = {path.stem for path in (tmp_path / "out" / "look").glob("r-*.html")}
    clips = {path.stem for path in (tmp_path / "out" / "clips").glob("*.npz")}
    assert pages == clips
    assert len(pages) >= 2


def test_annotations_keep_their_text_only_when_asked_for(tmp_path: Path) -> None:
    root = write_subjects(tmp_path / "edf", 2)
    marks = [(1.0, 2.0, "Mrs Miller moved"), (4.0, 5.0, "sz")]
    signal_uv = noise_uv(len(LABELS), 20, RATE_HZ, seed=5)
    write_edf(subject_file(root, 2), signal_uv, LABELS, RATE_HZ, annotations=marks)
    done("preprocess", root, "--out", tmp_path / "without")
    assert not (tmp_path / "without" / "annotations.parquet").exists()
    document = done("preprocess", root, "--out", tmp_path / "with", "--keep-text")
    assert document["facts"]["text_kept"] is True
    texts = [(row["onset_s"], row["text"]) for row in rows(tmp_path / "with", "annotations")]
    assert texts == [(1.0, "Mrs Miller moved"), (4.0, "sz")]


@pytest.mark.parametrize(
    "damage",
    ["bit", "shape", "events", "missing"],
)
def test_check_names_what_is_wrong(edf: Path, tmp_path: Path, damage: str) -> None:
    out = tmp_path / "out"
    done("preprocess", edf, "--out", out)
    assert "sound" in eegssl("check", out).out
    path = sorted((out / "signals").iterdir())[0]
    raw = bytearray(path.read_bytes())
    if damage == "bit":
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    elif damage == "shape":
        path.write_bytes(raw[:-100])
    elif damage == "events":
        (out / "events.parquet").write_bytes(b"nonsense")
    else:
        path.unlink()
    failed = eegssl("check", out)
    assert failed.code == 4
    assert failed.err.strip()


def test_official_splits_are_taken_from_folders(tmp_path: Path) -> None:
    for k, folder in enumerate(["train", "train", "train", "train", "eval"]):
        write_subjects(tmp_path / "one", 1)
        path = tmp_path / "edf" / folder / f"sub-{k:02d}" / f"sub-{k:02d}_eeg.edf"
        path.parent.mkdir(parents=True)
        write_edf(path, noise_uv(4, 20, RATE_HZ, k), LABELS[:4], RATE_HZ)
    out = tmp_path / "out"
    folders = 'splits.folders={ train = "train", eval = "test" }'
    document = done("preprocess", tmp_path / "edf", "--out", out, "--set", folders)
    assert document["facts"]["recordings_by_split"] == {"train": 3, "val": 1, "test": 1}


def test_a_broken_table_of_participants_costs_ages_and_not_the_run(
    edf: Path, tmp_path: Path
) -> None:
    (edf / "participants.tsv").write_text("participant_id\tage\nsub-00\n")
    document = done("preprocess", edf, "--out", tmp_path / "out")
    assert document["facts"]["accepted"] == 3
    assert any("participants.tsv" in warning for warning in document["warnings"])
    assert "n/a\tn/a" in (tmp_path / "out" / "subjects.tsv").read_text()


def test_a_plan_and_a_failure_say_what_was_accepted_and_refused(edf: Path, tmp_path: Path) -> None:
    (edf / "sub-07").mkdir()
    (edf / "sub-07" / "broken.edf").write_bytes(b"x")
    planned = done("preprocess", edf, "--out", tmp_path / "plan", "--plan")
    assert (len(planned["accepted"]), len(planned["refused"])) == (3, 1)
    for path in edf.glob("sub-0[12]/*.edf"):
        path.unlink()
    failed = eegssl("preprocess", edf, "--out", tmp_path / "out", "--json")
    assert failed.code == 3
    assert [row["code"] for row in failed.document["refused"]] == ["not-edf"]
    assert "1 file(s) were refused" in failed.document["error"]


def test_a_pattern_that_is_none_is_a_wrong_setting_and_no_fault_of_the_files(
    edf: Path, tmp_path: Path
) -> None:
    for pattern in ("(", "x"):
        failed = eegssl(
            *("preprocess", edf, "--out", tmp_path / "out"),
            *("--set", f"subjects.pattern='{pattern}'"),
        )
        assert failed.code == 2
        assert "subjects.pattern" in failed.err


def test_a_pipe_is_refused_at_once(edf: Path, tmp_path: Path) -> None:
    (edf / "sub-07").mkdir()
    os.mkfifo(edf / "sub-07" / "pipe.edf")
    document = done("preprocess", edf, "--out", tmp_path / "out", "--set", "limits.time_s=20")
    assert [row["code"] for row in document["refused"]] == ["unreadable"]


def test_check_names_files_that_are_not_the_artifacts(edf: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done("preprocess", edf, "--out", out)
    (out / "signals" / "John_Smith.txt").write_text("x")
    failed = eegssl("check", out)
    assert failed.code == 4
    assert "1 file(s)" in failed.err
    assert "Smith" not in failed.err


def test_a_plan_lists_the_labels_of_refused_files_and_shows_them_on_request(tmp_path: Path) -> None:
    root = tmp_path / "edf"
    labels = ["EEG", "EEG(sec)", "Jane Doe", "[red]~"]
    for k in range(2):
        path = subject_file(root, k)
        write_edf(path, noise_uv(4, 20, RATE_HZ, k), labels, RATE_HZ)
        path.write_bytes(path.read_bytes().replace(b"[red]~", b"[red]\x07"))
    plain = eegssl("preprocess", root, "--out", tmp_path / "plan", "--plan")
    table = (tmp_path / "plan" / "channels.tsv").read_text()
    assert "EEG\tn/a\tother\tn/a\t2" in table
    assert "Jane" not in table + plain.out + plain.err
    shown = eegssl("preprocess", root, "--out", tmp_path / "names", "--plan", "--show-names")
    assert "Jane Doe" in shown.out
    assert "[red]\\x07" in shown.out
    assert "Jane" not in (tmp_path / "names" / "channels.tsv").read_text()


def test_settings_name_channels_and_change_what_is_made(tmp_path: Path) -> None:
    root = tmp_path / "edf"
    for k in range(3):
        signal_uv = noise_uv(3, 20, RATE_HZ, k)
        write_edf(subject_file(root, k), signal_uv, ["EEG", "C3", "C3P-REF"], RATE_HZ)
    out, rename = tmp_path / "out", 'channels.rename={ "EEG" = "C4-A1" }'
    first = done("preprocess", root, "--out", out)
    assert [row["channels"] for row in rows(out)] == [["C3"]] * 3
    assert any("begin like an electrode" in warning for warning in first["warnings"])
    again = eegssl("preprocess", root, "--out", out, "--set", rename)
    assert again.code != 0  # made by other settings
    second = done("preprocess", root, "--out", out, "--set", rename, "--overwrite")
    assert [row["channels"] for row in rows(out)] == [["C4-A1", "C3"]] * 3
    assert second["id"] != first["id"]
    assert second["config"]["channels"]["rename"] == "(private)"
    other = done("preprocess", root, "--out", tmp_path / "b", "--set", rename.replace("C4", "O1"))
    assert other["id"] != second["id"]
