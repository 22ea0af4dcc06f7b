"""A model becomes a folder that answers as SzCORE asks, and other models do not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from resigned import sign_files, sign_manifest, with_fact

from eegssl.container.own_wheel import WHEEL

Copier = Callable[[str], Path]


@pytest.fixture(scope="module")
def folder(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The container of the tiny model."""
    out = tmp_path_factory.mktemp("container") / "szcore"
    document = done("container", tiny.model, "--out", out, "--set", "eeg_s=60")
    assert document["facts"]["task"] == "seizure-detection"
    return out


def test_the_folder_is_a_sound_artifact_with_the_model_in_it(tiny: Pipeline, folder: Path) -> None:
    assert eegssl("check", folder).code == 0
    assert files_of(folder / "model") == files_of(tiny.model)
    names = {"Dockerfile", "apptainer.def", "entrypoint", "self_test.py", "requirements.txt"}
    assert names | {WHEEL, "self-test/known.edf", "self-test/expected.tsv"} < set(files_of(folder))
    assert manifest_of(tiny.model)["id"] in (folder / "Dockerfile").read_text()


def test_nothing_in_it_names_a_path_of_this_machine(tiny: Pipeline, folder: Path) -> None:
    paths = [str(p).encode() for p in (tiny.root, folder, Path.home(), Path(sys.prefix))]
    for file in folder.rglob("*"):
        if file.is_file():
            assert not [path for path in paths if path in file.read_bytes()], file.name


def test_another_model_in_it_is_found(folder: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    with (copy / "model" / "task.json").open("a") as stream:
        stream.write(" ")
    assert eegssl("check", copy).code == 4


@pytest.mark.slow
def test_the_entrypoint_answers_a_file_as_predict_does(
    tiny: Pipeline, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("data", "output"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(f"SZCORE_{name.upper()}", str(tmp_path / name))
    shutil.copy(next(tiny.edf.rglob("*run-1_eeg.edf")), tmp_path / "data" / "seizure.edf")
    (tmp_path / "data").chmod(0o555)
    monkeypatch.setenv("INPUT", "seizure.edf")
    monkeypatch.setenv("OUTPUT", "seizure.tsv")
    command = [sys.executable, str(folder / "entrypoint")]
    environment = os.environ | {"HOME": "/nonexistent"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    (tmp_path / "data").chmod(0o755)
    assert ran.returncode == 0, ran.stderr
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["seizure.edf"]
    assert [path.name for path in (tmp_path / "output").iterdir()] == ["seizure.tsv"]
    out = tmp_path / "predictions"
    done("predict", tmp_path / "data", "--model", tiny.model, "--out", out, "--jobs", 1)
    (table,) = out.rglob("*_events.tsv")
    assert (tmp_path / "output" / "seizure.tsv").read_bytes() == table.read_bytes()
    assert b"\tsz\t" in table.read_bytes()


@pytest.mark.slow
def test_the_self_test_passes_and_a_damaged_folder_fails_it(
    tiny: Pipeline, folder: Path, tmp_path: Path
) -> None:
    words = ("container", tiny.model, "--out", folder, "--set", "eeg_s=60", "--self-test")
    document = done(*words)
    assert document["state"] == "already made"
    *checks, last = document["self_test"]
    assert all(line.startswith("ok ") for line in checks)
    assert last == f"{len(checks)} of {len(checks)} checks passed"
    copy = Path(shutil.copytree(folder, tmp_path / "copy"))
    table = copy / "self-test" / "expected.tsv"
    table.write_text(table.read_text().replace("\t", "\t9", 1))
    ran = subprocess.run([sys.executable, copy / "self_test.py"], check=False)
    assert ran.returncode == 1


@pytest.mark.slow
def test_the_same_model_gives_the_same_bytes(tiny: Pipeline, folder: Path, tmp_path: Path) -> None:
    done("container", tiny.model, "--out", tmp_path / "again", "--set", "eeg_s=60")
    assert files_of(tmp_path / "again") == files_of(folder)


def test_a_detector_of_anything_else_is_refused(copied: Copier, tmp_path: Path) -> None:
    model = copied("model")

    def other_events(task: dict[str, Any]) -> None:
        task["event_types"] = ["sleep_n2"]

    stored = json.loads((model / "task.json").read_text())
    other_events(stored)
    (model / "task.json").write_text(json.dumps(stored))
    sign_manifest(model, lambda manifest: other_events(manifest["config"]["task"]))
    sign_files(model)
    ran = eegssl("container", model, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "detects sleep_n2" in ran.err
    assert "seizure-detection" in ran.err
    assert not (tmp_path / "out").exists()


def test_a_model_of_derivations_is_refused_with_the_way_on(tiny: Pipeline, tmp_path: Path) -> None:
    model = with_fact(tiny.model, tmp_path / "model", ("montages",), ["derivations"])
    ran = eegssl("container", model, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "montage.reference=average" in ran.err
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_model_that_does_not_read_such_files_is_refused(copied: Copier, tmp_path: Path) -> None:
    model = copied("model")
    cleaned = json.loads((model / "cleaning.json").read_text())
    (model / "cleaning.json").write_text(json.dumps(cleaned | {"band_high_hz": 200.0}))
    sign_files(model)
    ran = eegssl("container", model, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "19 channels (Fp1-Avg …) at 256 Hz" in ran.err
    assert "up to 200 Hz" in ran.err
    assert eegssl("check", tmp_path / "out").code == 4


def test_what_is_no_model_is_refused(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl("container", tiny.encoder, "--out", tmp_path / "out")
    assert ran.code == 4
    assert "finetune" in ran.err
    assert not (tmp_path / "out").exists()
