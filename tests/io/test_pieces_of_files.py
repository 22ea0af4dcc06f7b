"""A long file is read in pieces: the same as whole, and never in memory as a whole."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
from longfiles import ELECTRODES, memory_mb, write_long_edf

from eegssl.io import file_bytes
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_digital
from eegssl.io.file_bytes import in_pieces, open_bytes

MB = 1 << 20


@pytest.mark.parametrize("piece", [1, 5000, 64 * MB])
def test_pieces_are_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    marks = [(0.5, 1.0, "seizure"), (8.0, 0.0, "eyes open")]
    path = write_long_edf(tmp_path / "a.edf", 10, ELECTRODES[:3], 100, annotations=marks)
    whole = [read_digital(read_header(path), k) for k in range(3)]
    file_bytes._map.cache_clear()
    monkeypatch.setattr(file_bytes, "PIECE_BYTES", piece)
    assert open_bytes(path).hash_now() == hashlib.sha256(path.read_bytes()).hexdigest()
    header = read_header(path)
    assert [a.text for a in scan_annotations(header).annotations] == ["seizure", "eyes open"]
    for k in range(3):
        np.testing.assert_array_equal(read_digital(header, k), whole[k])


def test_an_empty_array_is_one_piece() -> None:
    assert [len(piece) for piece in in_pieces(np.zeros((0, 4), np.uint8))] == [0]
    assert [piece.tolist() for piece in in_pieces(np.arange(3))] == [[0, 1, 2]]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_pages_that_were_read_are_given_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long"
    with path.open("wb") as stream:
        stream.truncate(96 * MB)
    monkeypatch.setattr(file_bytes, "PIECE_BYTES", 8 * MB)
    file = open_bytes(path)
    before_mb, peak_mb = memory_mb("RssFile"), 0.0
    for piece in in_pieces(file.data.reshape(-1, 1024)):
        assert not piece.any()
        peak_mb = max(peak_mb, memory_mb("RssFile") - before_mb)
    assert peak_mb < 24
