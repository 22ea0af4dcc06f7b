"""Windows are read from few open files, by any thread, as they are stored."""

import copy
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from corpora import corpus, stored
from signalfiles import load_rows

from eegssl.corpus import store
from eegssl.corpus.codes.tokens import Codes, patch_path, write_patches
from eegssl.corpus.config import SamplingConfig
from eegssl.corpus.sampling import sampler
from eegssl.corpus.signals import Recent, SignalFile
from eegssl.corpus.store import Recording
from eegssl.corpus.windows import Windows, tile
from eegssl.errors import ArtifactError
from eegssl.training.batches import in_uv, stored_tensors
from eegssl.training.tokenizer_steps import TokenizerSteps

HUGE_UV = 90_000.0
"""Makes a recording float32: a step of int16 would be too coarse."""


def kept(folder: Path, n: int, *, huge: tuple[int, ...] = (), seconds: int = 20) -> list[Recording]:
    rng = np.random.default_rng(n)
    signals = [rng.normal(0, 30, (3, 100 * seconds)).astype(np.float32) for _ in range(n)]
    for k in huge:
        signals[k][1, 7] = HUGE_UV
    return [stored(folder, k, signal_uv) for k, signal_uv in enumerate(signals)]


def as_numpy_reads(windows: Windows, place: int) -> np.ndarray:
    owner, start = (int(a[0]) for a in windows.locate(np.array([place])))
    stored = load_rows(windows.recordings[owner].path)
    signal_uv = stored["signal"] * stored["scale_uv"][:, None]
    return signal_uv[:, start : start + windows.length]


@pytest.mark.parametrize("huge", [(), (0, 1, 2, 3), (1, 3)], ids=["int16", "float32", "both"])
def test_pieces_in_microvolts_are_what_numpy_reads_to_the_last_bit(
    tmp_path: Path, huge: tuple[int, ...]
) -> None:
    recordings = kept(tmp_path, 4, huge=huge)
    windows = tile(corpus(*recordings), recordings, 4.0)
    index = np.array([12, 0, 19, 7, 5])
    pieces = windows.pieces(index)
    assert pieces.values.dtype == (np.float32 if huge else np.int16)
    wanted_uv = np.stack([as_numpy_reads(windows, k) for k in index.tolist()])
    np.testing.assert_array_equal(pieces.in_uv(), wanted_uv)
    np.testing.assert_array_equal(windows.batch(index).signal_uv, wanted_uv)
    placed = windows.geometry(index)
    values, scale_uv, *others = stored_tensors(pieces, placed)
    np.testing.assert_array_equal(in_uv(values, scale_uv).numpy(), wanted_uv)
    assert len(others) == len(placed)


def test_parts_of_a_training_are_sent_as_stored_and_count_patches(tmp_path: Path) -> None:
    recordings = kept(tmp_path, 3)
    windows = tile(corpus(*recordings), recordings, 4.0)
    model: Any = SimpleNamespace(config=SimpleNamespace(patch_samples=100))
    steps = TokenizerSteps(model, sampler(windows, SamplingConfig(grain=4), 6), 6, seed=1)
    parts = steps.read(3)
    assert [part.n_windows for part in parts] == [4, 2]
    for part, index in zip(parts, steps.draws.grains(6, seed=1, step=3), strict=True):
        values, scale_uv, *placed = part.inputs
        assert values.dtype == torch.int16
        assert part.count == len(index) * 3 * 4
        batch = windows.batch(index)
        np.testing.assert_array_equal(in_uv(values, scale_uv).numpy(), batch.signal_uv)
        np.testing.assert_array_equal(placed[0].numpy(), batch.positions)


def test_channels_in_another_order_are_read_alone(tmp_path: Path) -> None:
    recordings = kept(tmp_path, 2)
    windows = tile(corpus(*recordings), recordings, 4.0)
    names = (recordings[0].channels[2], recordings[0].channels[0])
    few = windows.of_channels(names).pieces(np.array([3, 6])).in_uv()
    np.testing.assert_array_equal(few, windows.batch(np.array([3, 6])).signal_uv[:, [2, 0]])


@pytest.mark.parametrize("first", [0, 1990, 2000])
def test_a_piece_ends_where_its_recording_does(tmp_path: Path, first: int) -> None:
    (recording,) = kept(tmp_path, 1)
    signal = SignalFile(recording.path, (3, 2000))
    whole_uv = signal.read_uv(0, 2000)
    np.testing.assert_array_equal(signal.read_uv(first, 2050), whole_uv[:, first:])
    with pytest.raises(ArtifactError, match="after its last one, 2000, were asked for"):
        signal.read(range(3), first, 2001)  # it would be the zeros that fill up a block


def test_a_file_that_is_cut_while_it_is_open_is_told(tmp_path: Path) -> None:
    (recording,) = kept(tmp_path, 1)
    signal = SignalFile(recording.path, (3, 2000))
    os.truncate(recording.path, recording.path.stat().st_size - 100)
    with pytest.raises(ArtifactError, match="cut while it was open"):
        signal.read_uv(1900, 2000)


def test_a_sample_that_is_not_finite_is_told(tmp_path: Path) -> None:
    (recording,) = kept(tmp_path, 1, huge=(0,))
    raw = bytearray(recording.path.read_bytes())
    place = raw.index(np.float32(HUGE_UV).tobytes())
    raw[place : place + 4] = np.array(np.nan, "<f4").tobytes()
    recording.path.write_bytes(raw)
    with pytest.raises(ArtifactError, match="not finite"):
        SignalFile(recording.path, (3, 2000)).read_uv(0, 10)


def test_a_window_of_all_channels_is_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of a few of its channels; a file is opened, and its header read, once."""
    recordings = kept(tmp_path, 2, huge=(1,), seconds=60)
    windows = tile(corpus(*recordings), recordings, 4.0)
    reads: list[int] = []
    read = os.preadv
    monkeypatch.setattr(os, "preadv", lambda *what: (reads.append(what[0]), read(*what))[1])
    few = windows.of_channels((recordings[0].channels[2], recordings[0].channels[0]))
    for way in (windows, few):
        for place in range(len(windows)):
            reads.clear()
            way.pieces(np.array([place]))
            assert len(reads) == 1


def coded(folder: Path, windows: Windows) -> tuple[Codes, list[np.ndarray]]:
    """Random codes, and entropies, in the files of these recordings."""
    rng = np.random.default_rng(0)
    artifact: Any = SimpleNamespace(path=folder)
    arrays = []
    for recording in windows.recordings:
        shape = len(recording.channels), recording.n_samples // windows.length * 4
        arrays.append(rng.integers(0, 5000, shape).astype(np.uint16))
        for kind, values in (("codes", arrays[-1]), ("entropies", arrays[-1].astype(np.float16))):
            write_patches(patch_path(folder, kind, recording.id), values)
    return Codes(artifact, windows, 4, 5000), arrays


def test_codes_that_are_kept_in_memory_are_those_of_the_files(tmp_path: Path) -> None:
    """A file is read once; a copy for another process begins empty."""
    for folder in ("codes", "entropies"):
        (tmp_path / folder).mkdir()
    recordings = kept(tmp_path, 5)
    windows = tile(corpus(*recordings), recordings, 4.0)
    codes, _ = coded(tmp_path, windows)
    keeping = replace(codes, kept=Recent(5))
    index = np.array([12, 0, 19, 7, 5, 12])
    np.testing.assert_array_equal(keeping.of(index), codes.of(index))
    assert keeping.kept is not None
    assert 1 < len(keeping.kept) <= 5
    np.testing.assert_array_equal(keeping.entropy_of(index), codes.entropy_of(index))
    assert len(copy.deepcopy(keeping.kept)) == 0
    for recording in recordings:
        patch_path(tmp_path, "codes", recording.id).unlink()
    np.testing.assert_array_equal(keeping.of(index[:3]), keeping.of(index)[:3])
    with pytest.raises(ArtifactError):
        codes.of(index)


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc here")
def test_maps_and_descriptors_stay_few_however_many_recordings_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OPEN_SIGNALS", 4)
    for folder in ("codes", "entropies"):
        (tmp_path / folder).mkdir()
    recordings = kept(tmp_path, 40)
    windows = tile(corpus(*recordings), recordings, 4.0)
    codes, arrays = coded(tmp_path, windows)

    def held() -> tuple[int, int]:
        maps = [m for m in Path("/proc/self/maps").read_text().splitlines() if str(tmp_path) in m]
        return len(maps), len(os.listdir("/proc/self/fd"))

    before = held()[1]
    for place in np.random.default_rng(1).permutation(len(windows)):
        index = np.array([place])
        windows.pieces(index)
        owner, start = (int(a[0]) for a in windows.locate(index))
        first = start // 400 * 4
        np.testing.assert_array_equal(codes.of(index)[0], arrays[owner][:, first : first + 4])
        assert codes.entropy_of(index).shape == (1, 3, 4)
        n_maps, n_open = held()
        assert n_maps == 0
        assert n_open <= before + 4


def test_threads_read_what_one_thread_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OPEN_SIGNALS", 3)
    recordings = kept(tmp_path, 12, huge=(2,))
    windows = tile(corpus(*recordings), recordings, 4.0)
    wanted_uv = [as_numpy_reads(windows, k) for k in range(len(windows))]

    def read(seed: int) -> None:
        for place in np.random.default_rng(seed).permutation(len(windows)).tolist():
            batch = windows.batch(np.array([place, place]))
            np.testing.assert_array_equal(batch.signal_uv[1], wanted_uv[place])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, range(16)))


def test_what_is_recent_is_kept_and_a_copy_begins_empty() -> None:
    recent: Recent[list[int]] = Recent(2)
    first = recent.get("a", lambda: [1])
    recent.get("b", lambda: [2])
    assert recent.get("a", lambda: [9]) is first
    recent.get("c", lambda: [3])
    assert recent.get("a", lambda: [9]) is first
    assert recent.get("b", lambda: [4]) == [4]
    assert len(recent) == 2
    assert len(copy.copy(recent)) == 0


def test_codes_of_other_recordings_are_told(tmp_path: Path) -> None:
    for folder in ("codes", "entropies"):
        (tmp_path / folder).mkdir()
    recordings = kept(tmp_path, 2)
    codes, _ = coded(tmp_path, tile(corpus(*recordings), recordings, 4.0))
    shorter = [replace(r, n_samples=r.n_samples - 400) for r in recordings]
    other = replace(codes, windows=tile(corpus(*shorter), shorter, 4.0))
    with pytest.raises(ArtifactError, match="expected u1 u2 u4 of 3x16"):
        other.of(np.array([0]))
