"""Montages are made from channels on disk, in bounded memory, the same whatever the block."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from longfiles import ELECTRODES, write_long_edf

from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.preprocessing import signal_writer
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.file_profile import of_file
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.signal_writer import ScratchRows, SignalWriter, TooCoarse
from eegssl.corpus.preprocessing.source_files import Source
from eegssl.corpus.signals import SignalFile
from eegssl.io.edf.edf_writer import write_edf
from eegssl.signal.channels.electrodes import parse_channels
from eegssl.signal.channels.montages import rereference

N_SAMPLES = 5000


def matrix_of(montage: str) -> np.ndarray | None:
    if montage == "dense":
        weights = np.random.default_rng(1).normal(size=(7, len(ELECTRODES)))
        return weights.astype(np.float32)
    return rereference(parse_channels(ELECTRODES), montage).matrix


def mixed(folder: Path, matrix: np.ndarray | None) -> np.ndarray:
    rows_uv = np.random.default_rng(0).normal(0, 30, (len(ELECTRODES), N_SAMPLES))
    with ScratchRows.beside(folder / "a.safetensors", N_SAMPLES) as scratch:
        for row in rows_uv.astype(np.float32):
            scratch.add(row)
        return np.stack([row.copy() for row in scratch.mixed(matrix)])


@pytest.mark.parametrize("montage", ["keep", "average", "banana", "tcp", "dense"])
def test_rows_are_those_of_the_matrix_and_no_block_changes_a_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, montage: str
) -> None:
    matrix = matrix_of(montage)
    whole = mixed(tmp_path, matrix)
    weights = np.eye(len(ELECTRODES)) if matrix is None else matrix.astype(float)
    rows_uv = np.random.default_rng(0).normal(0, 30, (len(ELECTRODES), N_SAMPLES))
    np.testing.assert_allclose(whole, weights @ rows_uv.astype(np.float32), atol=1e-4)
    for block in (99, 1024, N_SAMPLES - 1):
        monkeypatch.setattr(signal_writer, "_PART_SAMPLES", block)
        np.testing.assert_array_equal(mixed(tmp_path, matrix), whole)


def stored(folder: Path, edf: Path, **settings: Any) -> tuple[dict[str, Any], SignalFile]:
    """The row of the table and the signal of a file that is preprocessed."""
    config = PreprocessConfig.model_validate(settings)
    parts = CleaningSettings(config.filter, config.montage, config.quality)
    rest = (config.read, config.subjects, config.events, config.look, config.keep_text)
    source = Source(edf, edf.parent, "sub-1/a.edf", "r-000000000000")
    _, scanned = of_file(source, IngestSettings(parts, *rest))
    assert scanned is not None
    row = ingest(source, scanned, "s-0", IngestSettings(parts, *rest), folder, None)
    assert [path.name for path in (folder / "signals").iterdir()] == ["r-000000000000.safetensors"]
    return row["kept"][0], SignalFile(folder / "signals" / "r-000000000000.safetensors")


@pytest.mark.parametrize("phase", ["zero", "causal"])
@pytest.mark.parametrize("flat", [(), (3, 7)])
@pytest.mark.parametrize("montage", ["average", "banana"])
def test_a_montage_holds_the_sums_of_what_is_stored_without_it(
    tmp_path: Path, montage: str, flat: tuple[int, ...], phase: str
) -> None:
    """Also where channels turn out flat on the way, and beside an auxiliary channel."""
    signal_uv = np.random.default_rng(0).normal(0, 30, (20, 20 * 100))
    signal_uv[list(flat)] = 0
    names = (*ELECTRODES[:19], "ECG")
    edf = write_edf(tmp_path / "a.edf", signal_uv, names, 100, physical_max_uv=500.0)
    settings = {"filter": {"phase": phase, "sfreq_hz": 100, "high_hz": 40, "notch": "off"}}
    of_keep, kept = stored(tmp_path / "keep", edf, **settings)
    fields, made = stored(tmp_path / "made", edf, montage={"reference": montage}, **settings)
    matrix = rereference(parse_channels(of_keep["channels"]), montage).matrix
    assert matrix is not None
    assert len(fields["channels"]) == len(matrix)
    assert fields["auxiliary"] == ["ECG"]
    kept_uv, made_uv = (one.read_uv(0, fields["n_samples"]) for one in (kept, made))
    rounding = made.scale_uv.max() + np.abs(matrix).sum(axis=1).max() * kept.scale_uv.max()
    atol = 1e-4 if phase == "causal" else rounding / 2 + 1e-4
    np.testing.assert_allclose(made_uv, matrix.astype(float) @ kept_uv, rtol=0, atol=atol)


def test_a_montage_too_coarse_for_int16_is_stored_in_float32(tmp_path: Path) -> None:
    signal_uv = np.random.default_rng(0).normal(0, 30, (19, 20 * 100))
    signal_uv[4, 900:910] = 30_000
    edf = write_edf(tmp_path / "a.edf", signal_uv, ELECTRODES[:19], 100)
    settings = {"filter": {"sfreq_hz": 100, "high_hz": 40}, "montage": {"reference": "average"}}
    _, made = stored(tmp_path / "made", edf, **settings)
    assert made.dtype == np.float32
    assert np.abs(made.read_uv(0, 2000).mean(axis=0)).max() < 1e-2


def test_channels_on_disk_have_no_name_that_could_stay_behind(tmp_path: Path) -> None:
    with ScratchRows.beside(tmp_path / "a", 100) as scratch:
        scratch.add(np.ones(100, np.float32))
        assert all(name.endswith(".partial") for name in os.listdir(tmp_path))
    assert not os.listdir(tmp_path)
    with pytest.raises(TooCoarse):
        write_through_scratch(tmp_path / "b", np.full(100, 1e6, np.float32))
    assert not os.listdir(tmp_path)


def write_through_scratch(path: Path, row: np.ndarray) -> None:
    with (
        SignalWriter(path, len(row), "<i2") as writer,
        ScratchRows.beside(path, len(row)) as scratch,
    ):
        scratch.add(row)
        for mixed_row in scratch.mixed(None):
            writer.add(mixed_row)


MEMORY = """
import sys
from pathlib import Path
import numpy as np
from longfiles import memory_mb
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.corpus.preprocessing.channel_selection import Selection, Signal
from eegssl.corpus.preprocessing.cleaning import CleaningSettings, SegmentCleaner
from eegssl.io.recording_header import Segment
from eegssl.signal.channels.electrodes import parse_channels
from eegssl.signal.channels.positions import positions
folder, n_channels, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
names = [f"{name}-REF" for name in sorted(positions())][:n_channels]
noise = np.random.default_rng(0).normal(0, 1000, seconds * 200).astype(np.int16)
signals = [Signal(k, c, 0.03, 200.0, 200, None) for k, c in enumerate(parse_channels(names))]
selection = Selection(tuple(signals), (), (), 0, 1.0, lambda k, segment: np.roll(noise, k))
config = PreprocessConfig(montage={"reference": "average"})
settings = CleaningSettings(config.filter, config.montage, config.quality)
def clean(seconds):
    cleaner = SegmentCleaner(selection, Segment(0, seconds, 0.0), settings, 60.0)
    return cleaner.clean(folder / "a.safetensors")
before = memory_mb("VmHWM")
cleaned = clean(seconds)
assert cleaned.fields["montage"] == "average", cleaned.fields["montage"]
print(memory_mb("VmHWM") - before, 4 * n_channels * cleaned.fields["n_samples"] / 1e6)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_a_long_montage_takes_the_memory_of_a_few_channels(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MEMORY, str(tmp_path), "64", "3000"]
    here = [str(Path(write_long_edf.__code__.co_filename).parent), *sys.path]
    run = subprocess.run(
        command,
        check=True,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": os.pathsep.join(here)},
    )
    peak_mb, of_all_mb = map(float, run.stdout.split())
    assert of_all_mb > 150
    assert peak_mb < of_all_mb / 2
