"""The scripts in examples/ do what their comments say."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals

EXAMPLES = Path(__file__).parents[1] / "examples"
ONSET_S, END_S, SFREQ_HZ = 30, 60, 256


def seizures_bytes(onset_s: int, end_s: int) -> bytes:
    """A CHB-MIT ``.seizures`` file (WFDB annotations, 256 ticks a second) with one seizure."""
    note = b"## time resolution: 256\x00"
    head = b"\x00\x58" + bytes([len(note) - 1]) + b"\xfc" + note
    parts = [head]
    for ticks, code in ((onset_s * 256, 32), ((end_s - onset_s) * 256, 33)):
        skip = (ticks >> 16).to_bytes(2, "little") + (ticks & 0xFFFF).to_bytes(2, "little")
        parts.append(b"\x00\xec" + skip + (code << 10).to_bytes(2, "little"))
    return b"".join(parts) + b"\x00\x00"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Stand-ins for PhysioNet's records: each sample tells its time."""
    folder = tmp_path / "chb01"
    folder.mkdir()
    ramp = np.arange(90 * SFREQ_HZ) / SFREQ_HZ
    for number in ("03", "04", "15", "16", "18", "21", "26"):
        path = folder / f"chb01_{number}.edf"
        write_edf(path, np.stack([ramp, -ramp]), ["FP1-F7", "T8-P8"], SFREQ_HZ)
        Path(f"{path}.seizures").write_bytes(seizures_bytes(ONSET_S, END_S))
    return folder


def test_clips_are_cut_where_they_should_be(records: Path, tmp_path: Path) -> None:
    script = runpy.run_path(str(EXAMPLES / "cut_chbmit.py"))
    script["main"](records, tmp_path / "clips")
    clips = sorted((tmp_path / "clips").iterdir())
    assert len(clips) == 4 + 2 * 3
    wanted = {
        "m10_to_end": (ONSET_S - 10, END_S, [(10.0, 30.0)]),
        "m10_to_0": (ONSET_S - 10, ONSET_S, []),
        "p10_to_p20": (ONSET_S + 10, ONSET_S + 20, [(0.0, 10.0)]),
    }
    for clip in clips:
        start, stop, marks = wanted[clip.stem.split("_", 2)[2]]
        header = read_header(clip)
        assert header.duration_s == stop - start
        time_s = read_signals(header, [0])[0]
        np.testing.assert_allclose(time_s[[0, -1]], [start, stop - 1 / SFREQ_HZ], atol=0.01)
        found = [(a.onset_s, a.duration_s) for a in scan_annotations(read_header(clip)).annotations]
        assert found == marks
