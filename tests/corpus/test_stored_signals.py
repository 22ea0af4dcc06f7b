"""Signals on disk keep what was measured: to half a step of int16, or as float32."""

from pathlib import Path

import corpora
import numpy as np
import pytest
from corpora import write_signal
from hypothesis import given
from hypothesis import strategies as st
from longfiles import memory_mb
from safetensors.numpy import load_file, save_file
from signalfiles import load_rows

from eegssl.corpus import signals, store
from eegssl.corpus.preprocessing.signal_writer import SignalWriter
from eegssl.corpus.signals import LONGEST_BLOCK, MAX_STEP_UV, SignalFile, blocks_of
from eegssl.errors import ArtifactError


def stored(folder: Path, signal_uv: np.ndarray) -> Path:
    path = folder / "signal.safetensors"
    write_signal(path, signal_uv.astype(np.float32))
    return path


@given(
    peaks_uv=st.lists(st.floats(1e-3, 3000), min_size=1, max_size=5),
    seed=st.integers(0, 1000),
)
def test_int16_is_right_to_half_a_step(
    tmp_path_factory: pytest.TempPathFactory, peaks_uv: list[float], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    signal_uv = rng.uniform(-1, 1, (len(peaks_uv), 300)) * np.array(peaks_uv)[:, None]
    signal_uv = signal_uv.astype(np.float32)
    path = stored(tmp_path_factory.mktemp("s"), signal_uv)
    arrays = load_file(path)
    assert arrays["signal"].dtype == np.int16
    steps = np.abs(signal_uv).max(axis=1) / 32767
    np.testing.assert_allclose(arrays["scale_uv"], steps, rtol=1e-6)
    error = np.abs(SignalFile(path).read_uv(0, 300).astype(np.float64) - signal_uv)
    rounding = np.abs(signal_uv) * 2.0**-22  # of float32, when it is read
    assert (error <= 0.5 * steps[:, None] + rounding).all()


def test_a_quiet_channel_beside_a_loud_one_keeps_its_own_scale(tmp_path: Path) -> None:
    signal_uv = np.random.default_rng(0).normal(0, 1, (2, 500)) * [[1.0], [800.0]]
    path = stored(tmp_path, signal_uv)
    error_uv = np.abs(SignalFile(path).read_uv(0, 500) - signal_uv).max(axis=1)
    assert error_uv[0] < 1e-3
    assert error_uv[1] < MAX_STEP_UV / 2


def test_a_huge_artifact_makes_it_float32_so_that_nothing_small_is_lost(tmp_path: Path) -> None:
    """Half a step of int16 would be 1.5 µV here."""
    signal_uv = np.random.default_rng(0).normal(0, 5, (3, 500)).astype(np.float32)
    signal_uv[1, 100] = 100_000
    arrays = load_file(stored(tmp_path, signal_uv))
    assert arrays["signal"].dtype == np.float32
    np.testing.assert_array_equal(arrays["scale_uv"], 1)
    read = SignalFile(tmp_path / "signal.safetensors").read_uv(0, 500)
    np.testing.assert_array_equal(read, signal_uv)


def test_the_step_where_float32_begins(tmp_path: Path) -> None:
    for peak_uv, dtype in (
        (MAX_STEP_UV * 32767 * 0.999, np.int16),
        (MAX_STEP_UV * 32767 * 1.001, np.float32),
    ):
        signal_uv = np.array([[0.0, peak_uv, -peak_uv]])
        assert load_file(stored(tmp_path, signal_uv))["signal"].dtype == dtype


def test_silence_stays_silence(tmp_path: Path) -> None:
    signal_uv = np.zeros((2, 100))
    signal_uv[0] = np.linspace(-3, 3, 100)
    read = SignalFile(stored(tmp_path, signal_uv)).read_uv(0, 100)
    assert not read[1].any()
    assert np.isfinite(read).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_made_into_a_number(tmp_path: Path, bad: float) -> None:
    signal_uv = np.zeros((2, 100))
    signal_uv[1, 50] = bad
    with pytest.raises(ValueError, match="not finite"):
        stored(tmp_path, signal_uv)
    assert not (tmp_path / "signal.safetensors").exists()


@given(st.integers(0, 299), st.integers(0, 300))
def test_any_piece_is_the_same_as_cut_from_the_whole(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int
) -> None:
    signal_uv = np.random.default_rng(1).normal(0, 30, (3, 300))
    signal = SignalFile(stored(tmp_path_factory.mktemp("s"), signal_uv))
    piece = signal.read_uv(start, start + length)
    np.testing.assert_array_equal(piece, signal.read_uv(0, 300)[:, start : start + length])


EDGES = st.one_of(
    st.integers(1, 40),
    st.builds(
        lambda k, off: max(1, k * LONGEST_BLOCK + off), st.integers(1, 5), st.integers(-2, 2)
    ),
    st.integers(1, 5000),
)
"""Lengths, many of them at the edges of blocks."""


@given(st.integers(1, 6), EDGES, st.sampled_from([np.int16, np.float32]), st.data())
def test_any_window_at_any_edge_of_blocks_is_what_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    n_channels: int,
    n_samples: int,
    kind: type,
    data: st.DataObject,
) -> None:
    """By eegssl, and by the line that the documents give to users of NumPy: to the last bit."""
    rng = np.random.default_rng(n_samples)
    written = rng.integers(-32766, 32767, (n_channels, n_samples)).astype(np.float32)
    written[:, rng.integers(n_samples)] = 32767  # the scale is 1 / 512 then, and exact
    path = stored(
        tmp_path_factory.mktemp("s"), written / 512 if kind is np.int16 else written * 100
    )
    rows = load_rows(path)
    assert rows["signal"].dtype == kind
    wanted = written if kind is np.int16 else written * 100
    np.testing.assert_array_equal(rows["signal"], wanted)
    start = data.draw(st.integers(0, n_samples - 1))
    stop = data.draw(st.integers(start, n_samples))
    channels = data.draw(st.permutations(range(n_channels)))[: data.draw(st.integers(1, 6))]
    signal = SignalFile(path, (n_channels, n_samples))
    np.testing.assert_array_equal(
        signal.read(channels, start, stop), wanted[list(channels), start:stop]
    )
    wanted_uv = wanted[:, start:stop] * rows["scale_uv"][:, None]
    np.testing.assert_array_equal(signal.read_uv(start, stop), wanted_uv)


def test_long_pieces_are_read_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signal_uv = np.random.default_rng(1).normal(0, 30, (5, 4000)).astype(np.float32)
    signal = SignalFile(stored(tmp_path, signal_uv))
    whole_uv, some = signal.read_uv(0, 4000), signal.read([3, 1], 77, 3999)
    monkeypatch.setattr(signals, "_AT_ONCE_BYTES", 6000)
    np.testing.assert_array_equal(signal.read_uv(0, 4000), whole_uv)
    np.testing.assert_array_equal(signal.read([3, 1], 77, 3999), some)


@given(st.integers(3000, 10_000_000))
def test_what_fills_up_the_last_block_takes_next_to_no_room(n_samples: int) -> None:
    """Of 30 s at 100 Hz and more."""
    n_blocks, length = blocks_of(n_samples)
    assert length <= LONGEST_BLOCK
    assert n_samples <= n_blocks * length <= 1.01 * n_samples


def test_a_file_is_hardly_larger_than_its_samples(tmp_path: Path) -> None:
    """30 s of 19 channels at 100 Hz, flags and all."""
    rng = np.random.default_rng(0)
    with SignalWriter(tmp_path / "a", 3001, "<i2") as writer:
        for _ in range(19):
            writer.add(rng.normal(0, 30, 3001).astype(np.float32))
        written = writer.finish(np.zeros((19, 31), np.uint8))
    assert written.n_bytes == (tmp_path / "a").stat().st_size <= 1.05 * 2 * 19 * 3001


@pytest.mark.parametrize("n_samples", [0, 1])
def test_a_recording_of_no_length_is_stored_too(tmp_path: Path, n_samples: int) -> None:
    path = stored(tmp_path, np.ones((2, n_samples)))
    assert SignalFile(path).shape == load_rows(path)["signal"].shape == (2, n_samples)
    assert SignalFile(path).read_uv(0, 5).shape == (2, n_samples)


def test_what_is_too_small_for_a_scale_is_nearly_nothing(tmp_path: Path) -> None:
    signal_uv = np.array([[1e-42, 0, -1e-42], [3e-35, -1e-38, 0]], np.float32)
    read_uv = SignalFile(stored(tmp_path, signal_uv)).read_uv(0, 3)
    np.testing.assert_allclose(read_uv, signal_uv, rtol=0, atol=1e-37)


@pytest.mark.parametrize("told", [299, 301, 513, -1])
def test_a_length_that_its_blocks_or_the_table_deny_is_told(tmp_path: Path, told: int) -> None:
    path = stored(tmp_path, np.random.default_rng(1).normal(0, 30, (3, 300)))
    with pytest.raises(ArtifactError, match=f"300 samples in 2 blocks of 150, expected {told}"):
        SignalFile(path, (3, told))
    arrays = load_file(path) | {"n_samples": np.array(301)}
    save_file(arrays, path)
    with pytest.raises(ArtifactError, match="301 samples in 2 blocks of 150"):
        SignalFile(path)


@pytest.mark.parametrize("keep", [0, 4, 8, 40, 150, 1000])
def test_a_truncated_or_foreign_file_is_no_stored_signal(tmp_path: Path, keep: int) -> None:
    path = stored(tmp_path, np.random.default_rng(1).normal(0, 30, (3, 300)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="was edited or damaged"):
        SignalFile(path)
    path.write_bytes(b"\xff" * 400)
    with pytest.raises(ArtifactError, match="was edited or damaged"):
        SignalFile(path)


def test_few_files_are_open_at_once_and_each_reads_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "OPEN_SIGNALS", 2)
    signals_uv = [np.full((1, 10), float(k + 1)) for k in range(6)]
    recordings = [corpora.stored(tmp_path, k, signal_uv) for k, signal_uv in enumerate(signals_uv)]
    corpus = corpora.corpus(*recordings)
    for k in (0, 1, 2, 0, 5, 4, 3, 0, 0, 5):
        np.testing.assert_allclose(corpus.read_uv(recordings[k], 0, 10), k + 1, rtol=1e-4)
        assert len(corpus._open) <= 2


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc here")
def test_a_night_that_is_read_in_order_does_not_stay_in_memory(tmp_path: Path) -> None:
    signal_uv = np.random.default_rng(0).normal(0, 30, (4, 4_000_000)).astype(np.float32)
    night = corpora.stored(tmp_path, 0, signal_uv)
    corpus = corpora.corpus(night)
    before_mb, peak_mb = memory_mb("RssFile"), 0.0
    for start in range(0, 4_000_000, 100_000):
        piece_uv = corpus.read_uv(night, start, start + 100_000)
        expected_uv = signal_uv[:, start : start + 100_000]
        np.testing.assert_allclose(piece_uv, expected_uv, rtol=0, atol=0.01)
        peak_mb = max(peak_mb, memory_mb("RssFile") - before_mb)
    assert night.path.stat().st_size > 30e6
    assert peak_mb < 12
