"""Events of a new file are in the file's own time, whatever its rate, montage, gaps and clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pytest
from clirun import Pipeline, done
from sharedfolders import made_once
from slowparams import slow_except
from tinycorpus import CHANNELS, SETTINGS, noise_uv, spike_and_wave_uv

from eegssl.io.edf.edf_writer import write_edf

SEIZURES = ((20.0, 16.0), (60.0, 20.0))
"""Onset and duration in a file of `SECONDS`."""
SECONDS, WINDOW_S = 96, 4.0
RATES_HZ = (250, 256, 500, 512, 1000)
SHIFT_S, GAP_S, GAP_AFTER_S = 12, 100.5, 48
PAIRS = ("FP1-F7", "F7-T3", "T3-T5", "T5-O1", "FP2-F8", "F8-T4", "T4-T6", "T6-O2")
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Ward:
    """A model, and how files of its montage are written."""

    model: Path
    bipolar: bool

    def write(self, path: Path, rate_hz: int = 256, before_s: int = 0, **more: Any) -> Path:
        """A file with both seizures, ``before_s`` later than in the plain one."""
        return write_file(path, self.bipolar, SEIZURES, rate_hz, before_s, **more)

    def rows(self, folder: Path, *more: object) -> dict[str, Spans]:
        """Name of a file -> onset and duration of each event in its table."""
        out = folder.parent / f"{folder.name}-out"
        words = ("--model", self.model, "--out", out, "--jobs", 1, "--keep-names", *more)
        done("predict", folder, *words)
        tables = sorted((out / "detections").rglob("*_events.tsv"))
        return {table.name.removesuffix("_events.tsv"): spans_of(table) for table in tables}


def write_file(
    path: Path,
    bipolar: bool,
    seizures: Sequence[tuple[float, float]],
    rate_hz: int = 256,
    before_s: int = 0,
    *,
    seed: int = 700,
    **more: Any,
) -> Path:
    """A file whose seizures are of another size and sign in each channel: no reference hides them.

    ``before_s`` seconds of noise come first.
    """
    labels = [f"EEG {pair}" for pair in PAIRS] if bipolar else [f"EEG {n}-REF" for n in CHANNELS]
    signal_uv = noise_uv(len(labels), SECONDS, rate_hz, seed=seed)
    sizes = np.linspace(1.5, -1.2, len(labels))[:, None]
    for onset_s, duration_s in seizures:
        signal_uv += spike_and_wave_uv(SECONDS, rate_hz, onset_s, duration_s) * sizes
    if before_s:
        earlier = noise_uv(len(labels), before_s, rate_hz, seed=seed + 1)
        signal_uv = np.concatenate([earlier, signal_uv], axis=1)
    return write_edf(path, signal_uv, labels, rate_hz, **more)


def spans_of(table: Path) -> Spans:
    """Onset and duration of each event."""
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    return [(float(row[0]), float(row[1])) for row in rows if row[2] != "bckg"]


def make_model(root: Path, encoder: Path, bipolar: bool) -> None:
    """A model of averaged channels or of derivations, below ``root``."""
    settings, edf = root / "settings.toml", root / "edf"
    settings.write_text(SETTINGS.replace("steps = 24", "steps = 40"))
    edf.mkdir()
    for k in range(6):
        folder = edf / f"sub-{k:02d}"
        folder.mkdir()
        spans = [(8.0 + 4 * k, 24.0), (68.0, 16.0)]
        marks = [(*span, "sz") for span in spans]
        write_file(folder / f"sub-{k:02d}_eeg.edf", bipolar, spans, seed=800 + k, annotations=marks)
    more = ("--config", settings)
    reference = () if bipolar else ("--set", "montage.reference=average")
    done("preprocess", edf, "--out", root / "recordings", *reference, "--jobs", 1, *more)
    task = ("--encoder", encoder, "--task", "seizure-detection")
    done("finetune", root / "recordings", *task, "--out", root / "model", *more)


@pytest.fixture(scope="module", params=slow_except(["averaged", "bipolar"], "bipolar"))
def ward(
    tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Ward:
    bipolar = request.param == "bipolar"
    name = f"detector-{request.param}"
    root = made_once(
        tmp_path_factory, name, lambda root: make_model(root, tiny.encoder, bipolar), SETTINGS
    )
    return Ward(root / "model", bipolar)


def assert_times(rows: Spans, expected: Sequence[tuple[float, float]], case: str) -> None:
    """One row for each seizure, at its time to a window at either end."""
    assert len(rows) == len(expected), f"{case}: {rows}"
    for (onset_s, duration_s), (true_s, lasts_s) in zip(rows, expected, strict=True):
        assert abs(onset_s - true_s) <= WINDOW_S + 0.01, f"{case}: {rows}"
        end_s, true_end_s = onset_s + duration_s, true_s + lasts_s
        assert abs(end_s - true_end_s) <= WINDOW_S + 0.01, f"{case}: {rows}"


def moved(rows: Spans, by_s: float, after_s: float = 0.0) -> Spans:
    """The same rows, later by ``by_s`` where they begin after a moment."""
    return [(round(on + (by_s if on >= after_s else 0.0), 2), lasts) for on, lasts in rows]


def gap(seconds: int, first_s: float = 0.0) -> list[float]:
    """Onsets of records of a second with a gap."""
    return [first_s + k + (GAP_S if k >= GAP_AFTER_S else 0.0) for k in range(seconds)]


@pytest.mark.parametrize("rate_hz", slow_except(RATES_HZ, 250, 512))
def test_a_seizure_is_where_it_is_in_the_file(ward: Ward, tmp_path: Path, rate_hz: int) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    ward.write(folder / "plain.edf", rate_hz)
    ward.write(folder / "later.edf", rate_hz, before_s=SHIFT_S)
    ward.write(folder / "gaps.edf", rate_hz, record_onsets_s=gap(SECONDS))
    rows = ward.rows(folder)
    assert_times(rows["plain"], SEIZURES, f"{rate_hz} Hz")
    assert rows["later"] == moved(rows["plain"], SHIFT_S)
    assert rows["gaps"] == moved(rows["plain"], GAP_S, GAP_AFTER_S)


def test_a_file_that_begins_at_another_time_has_the_same_rows(ward: Ward, tmp_path: Path) -> None:
    """Rows are timed from the first sample; a copy is in the time of its own header."""
    folder = tmp_path / "files"
    folder.mkdir()
    ward.write(folder / "plain.edf")
    ward.write(folder / "night.edf", start=datetime(2003, 5, 6, 23, 59, 30))
    ward.write(folder / "half.edf", record_onsets_s=[k + 0.5 for k in range(SECONDS)])
    late = datetime(2003, 5, 6, 23, 59, 30)
    ward.write(folder / "both.edf", start=late, record_onsets_s=gap(SECONDS, 0.25))
    rows = ward.rows(folder, "--keep-identity", "--format", "tsv,edf")
    assert rows["night"] == rows["half"] == rows["plain"]
    assert rows["both"] == moved(rows["plain"], GAP_S, GAP_AFTER_S)
    out = tmp_path / "files-out" / "detections"
    assert "2003-05-06 23:59:30" in (out / "night_events.tsv").read_text()
    for name in ("plain", "night", "half"):
        raw = mne.io.read_raw_edf(out / f"{name}_events.edf", verbose="error")
        marks = [(a["onset"], a["duration"]) for a in raw.annotations if " p=" in a["description"]]
        assert np.allclose(marks, rows["plain"], atol=0.01), name
