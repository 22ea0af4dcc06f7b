"""A model in a notebook answers as the command does, and leaves nothing behind."""

from pathlib import Path

import mne
import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, files_of

import eegssl
from eegssl.errors import ArtifactError, InputError, RecordingRefused
from eegssl.tasks.one_file.file_answer import FileAnswer


@pytest.fixture(scope="module")
def file(tiny: Pipeline) -> Path:
    """A file with a seizure."""
    return sorted(tiny.edf.rglob("*run-1_eeg.edf"))[0]


@pytest.fixture(scope="module")
def night(tiny: Pipeline, file: Path) -> FileAnswer:
    return eegssl.predict(eegssl.load_model(tiny.model), str(file))


def test_events_and_probabilities_are_those_of_the_command(
    tiny: Pipeline, file: Path, night: FileAnswer, tmp_path: Path
) -> None:
    done("predict", file, "--model", tiny.model, "--out", tmp_path / "out", "--jobs", 1)
    rows = pq.read_table(tmp_path / "out" / "predictions.parquet").to_pylist()
    assert night.times_s.tolist() == [row["start_s"] for row in rows]
    assert night.classes == ("background", "seizure")
    assert night.probabilities[:, 1].tolist() == [row["p_seizure"] for row in rows]
    (table,) = (tmp_path / "out" / "detections").rglob("*.tsv")
    header, *lines = (line.split("\t") for line in table.read_text().splitlines())
    events = [dict(zip(header, line, strict=True)) for line in lines]
    told = [e for e in events if e["eventType"] != "bckg"]
    assert [float(e["onset"]) for e in told] == pytest.approx(night.onset_s, abs=0.005)
    assert [float(e["duration"]) for e in told] == pytest.approx(night.duration_s, abs=0.005)
    assert [float(e["confidence"]) for e in told] == pytest.approx(night.confidence, abs=0.0051)
    assert night.value == len(told)


def test_annotations_fit_the_raw(file: Path, night: FileAnswer) -> None:
    raw = mne.io.read_raw_edf(file, verbose="ERROR")
    raw.set_annotations(night.annotations())
    assert np.allclose(raw.annotations.onset, night.onset_s)
    assert set(raw.annotations.description) <= {"seizure"}


def test_a_raw_is_answered_like_its_file(tiny: Pipeline, file: Path, night: FileAnswer) -> None:
    raw = mne.io.read_raw_edf(file, preload=True, verbose="ERROR")
    again = eegssl.predict(eegssl.load_model(tiny.model), raw)
    assert again.times_s.tolist() == night.times_s.tolist()
    np.testing.assert_allclose(again.probabilities, night.probabilities, atol=0.02)


def test_nothing_is_left_behind(
    tiny: Pipeline, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_of(tiny.root), files_of(tiny.edf)
    monkeypatch.setenv("EEGSSL_PRIVATE", str(tmp_path / "private"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    eegssl.predict(eegssl.load_model(tiny.model), file)
    assert not list(tmp_path.iterdir())
    assert (files_of(tiny.root), files_of(tiny.edf)) == before


def test_what_cannot_be_read_is_refused(tiny: Pipeline, tmp_path: Path) -> None:
    model = eegssl.load_model(tiny.model)
    with pytest.raises(InputError, match="there is no file"):
        eegssl.predict(model, tmp_path / "none.edf")
    (tmp_path / "cut.edf").write_bytes(b"0       ")
    with pytest.raises(RecordingRefused):
        eegssl.predict(model, tmp_path / "cut.edf")
    with pytest.raises(InputError, match="expected a path"):
        eegssl.predict(model, 3)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError):
        eegssl.load_model(tiny.recordings)
