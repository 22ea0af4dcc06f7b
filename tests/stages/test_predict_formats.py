"""What `predict` writes of each file: TSV, EDF+, JSON and a page, under ids or names."""

import json
import shutil
from pathlib import Path

import mne
import numpy as np
import pytest
from clirun import Pipeline, done, eegssl


@pytest.fixture(scope="module")
def ward(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The files of one subject in no data set, and their predictions by ids in all formats."""
    root = tmp_path_factory.mktemp("formats")
    edf, out = shutil.copytree(tiny.edf / "sub-01" / "eeg", root / "ward"), root / "ids"
    formats = ["--format", "tsv,edf,html,json"]
    done("predict", edf, "--model", tiny.model, "--out", out, "--jobs", 1, *formats)
    return edf, out


def outputs(out: Path, ending: str) -> list[Path]:
    return sorted((out / "detections").rglob(f"*{ending}"))


def times_in(table: Path) -> list[list[str]]:
    """Onset and duration of each row."""
    return [line.split("\t")[:2] for line in table.read_text().splitlines()]


def test_all_formats_tell_the_same_events(ward: tuple[Path, Path]) -> None:
    _, out = ward
    tables = outputs(out, ".tsv")
    assert len(tables) == 2
    for table in tables:
        rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
        events = [(float(row[0]), float(row[1])) for row in rows if row[2] != "bckg"]
        document = json.loads(table.with_suffix(".json").read_text())
        told = [(one["onset_s"], one["duration_s"]) for one in document["events"]]
        assert len(told) == len(events)
        assert np.allclose(told, events, atol=0.005)
        raw = mne.io.read_raw_edf(table.with_suffix(".edf"), verbose="error")
        seen = [(a["onset"], a["duration"]) for a in raw.annotations]
        assert len(seen) == len(told)
        assert np.allclose(seen, told, atol=1e-3)
        page = table.with_suffix(".html").read_text()
        assert "Probability over the recording" in page
        assert "Seen in training: the model was fitted on the signal of this recording" in page
        assert "waveform" in document["seen"]
        assert "data that is scored here" not in page
    assert eegssl("check", out).code == 0


def test_nothing_tells_a_name_or_a_date(ward: tuple[Path, Path]) -> None:
    _, out = ward
    for path in out.rglob("*"):
        assert "sub-01" not in path.relative_to(out).as_posix()
    for table in outputs(out, ".tsv"):
        assert "1985-01-01 00:00:00" in table.read_text()
        raw = mne.io.read_raw_edf(table.with_suffix(".edf"), verbose="error")
        assert raw.info["meas_date"].year == 1985


def test_names_are_kept_when_asked_for(
    ward: tuple[Path, Path], tiny: Pipeline, tmp_path: Path
) -> None:
    edf, ids = ward
    out = tmp_path / "names"
    words = ["--jobs", 1, "--keep-names", "--keep-identity"]
    document = done("predict", edf, "--model", tiny.model, "--out", out, *words)
    assert document["facts"]["keeps"] == ["names", "identity"]
    assert any("do not share it" in words for words in document["warnings"])
    names = [path.name for path in outputs(out, ".tsv")]
    assert names == ["sub-01_run-1_events.tsv", "sub-01_run-2_events.tsv"]
    kept, hashed = (sorted(map(times_in, outputs(one, ".tsv"))) for one in (out, ids))
    assert kept == hashed


def test_formats_of_nothing_are_refused(tiny: Pipeline, tmp_path: Path) -> None:
    words = ["--model", tiny.model, "--out", tmp_path / "o", "--format", "tsv,pdf"]
    ran = eegssl("predict", tiny.edf, *words)
    assert ran.code == 2
    assert "formats" in ran.err
