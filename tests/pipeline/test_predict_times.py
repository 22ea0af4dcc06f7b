"""Events of a new file are in the file's own time, whatever its rate, montage, gaps and clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
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
Spans = list[tuple[float, float]]


@dataclass(frozen=True)
class Ward:
    """A model, and how files of its montage are written."""

    model: Path
    bipolar: bool

    def write(self, path: Path, rate_hz: int = 256, before_s: int = 0, **more: Any) -> Path:
        """A file with both seizures, ``before_s`` later than in the plain one."""
        seconds = SECONDS + before_s
        signal_uv = noise_uv(len(CHANNELS), SECONDS, rate_hz, seed=700)
        for onset_s, duration_s in SEIZURES:
            shape = spike_and_wave_uv(SECONDS, rate_hz, onset_s, duration_s)
            signal_uv += shape * np.linspace(1.0, -0.6, len(CHANNELS))[:, None]
        earlier = noise_uv(len(CHANNELS), seconds, rate_hz, seed=701)[:, : before_s * rate_hz]
        signal_uv = np.concatenate([earlier, signal_uv], axis=1)
        names = [f"EEG {name.upper()}-REF" for name in CHANNELS]
        if self.bipolar:
            pairs = list(pairwise(range(len(CHANNELS))))
            pairs = [(a, b) for a, b in pairs if {CHANNELS[a], CHANNELS[b]} not in ACROSS]
            names = [f"EEG {CHANNELS[a].upper()}-{CHANNELS[b].upper()}" for a, b in pairs]
            signal_uv = np.stack([signal_uv[a] - signal_uv[b] for a, b in pairs])
        return write_edf(path, signal_uv, names, rate_hz, **more)

    def rows(self, folder: Path, *more: object) -> dict[str, Spans]:
        """Name of a file -> onset and duration of each event in its table."""
        out = folder.parent / f"{folder.name}-out"
        words = ("--model", self.model, "--out", out, "--jobs", 1, "--keep-names", *more)
        done("predict", folder, *words)
        tables = sorted((out / "detections").rglob("*_events.tsv"))
        return {table.name.removesuffix("_events.tsv"): spans_of(table) for table in tables}


ACROSS = [{"O1", "Fp2"}, {"T3", "O1"}, {"T4", "O2"}]
"""Neighbours in the list that no chain joins."""


def spans_of(table: Path) -> Spans:
    rows = [line.split("\t") for line in table.read_text().splitlines()[1:]]
    return [(float(row[0]), float(row[1])) for row in rows if row[2] != "bckg"]


def make_derivations(root: Path, tiny: Pipeline) -> None:
    """A model of derivations, from the tiny corpus, below ``root``."""
    settings = root / "settings.toml"
    settings.write_text(SETTINGS)
    more = ("--config", settings)
    banana = ("--set", "montage.reference=banana", "--jobs", 1)
    done("preprocess", tiny.edf, "--out", root / "recordings", *banana, *more)
    task = ("--encoder", tiny.encoder, "--task", "seizure-detection")
    done("finetune", root / "recordings", *task, "--out", root / "model", *more)


@pytest.fixture(scope="module", params=["averaged", "bipolar"])
def ward(
    tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Ward:
    if request.param == "averaged":
        return Ward(tiny.model, bipolar=False)
    root = made_once(tmp_path_factory, "derivations", lambda r: make_derivations(r, tiny), SETTINGS)
    return Ward(root / "model", bipolar=True)


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
