"""Signals on disk keep what was measured: to half a step of int16, or as float32."""

from pathlib import Path

import corpora
import numpy as np
import pytest
from corpora import write_signal
from hypothesis import given
from hypothesis import strategies as st
from longfiles import memory_mb
from safetensors.numpy import load_file

from eegssl.corpus import store
from eegssl.corpus.signals import MAX_STEP_UV, map_signal
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
    error = np.abs(map_signal(path).read_uv(0, 300).astype(np.float64) - signal_uv)
    rounding = np.abs(signal_uv) * 2.0**-22  # of float32, when it is read
    assert (error <= 0.5 * steps[:, None] + rounding).all()


def test_a_quiet_channel_beside_a_loud_one_keeps_its_own_scale(tmp_path: Path) -> None:
    signal_uv = np.random.default_rng(0).normal(0, 1, (2, 500)) * [[1.0], [800.0]]
    path = stored(tmp_path, signal_uv)
    error_uv = np.abs(map_signal(path).read_uv(0, 500) - signal_uv).max(axis=1)
    assert error_uv[0] < 1e-3
    assert error_uv[1] < MAX_STEP_UV / 2


def test_a_huge_artifact_makes_it_float32_so_that_nothing_small_is_lost(tmp_path: Path) -> None:
    """Half a step of int16 would be 1.5 µV here."""
    signal_uv = np.random.default_rng(0).normal(0, 5, (3, 500)).astype(np.float32)
    signal_uv[1, 100] = 100_000
    arrays = load_file(stored(tmp_path, signal_uv))
    assert arrays["signal"].dtype == np.float32
    np.testing.assert_array_equal(arrays["scale_uv"], 1)
    read = map_signal(tmp_path / "signal.safetensors").read_uv(0, 500)
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
    read = map_signal(stored(tmp_path, signal_uv)).read_uv(0, 100)
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
    mapped = map_signal(stored(tmp_path_factory.mktemp("s"), signal_uv))
    piece = mapped.read_uv(start, start + length)
    np.testing.assert_array_equal(piece, mapped.read_uv(0, 300)[:, start : start + length])


def test_numpy_users_open_it_without_eegssl(tmp_path: Path) -> None:
    signal_uv = np.random.default_rng(1).normal(0, 30, (3, 300))
    arrays = load_file(stored(tmp_path, signal_uv))
    opened = arrays["signal"] * arrays["scale_uv"][:, None]
    np.testing.assert_allclose(opened, signal_uv, atol=0.01)


@pytest.mark.parametrize("keep", [0, 4, 8, 40, 150, 1000])
def test_a_truncated_or_foreign_file_is_no_stored_signal(tmp_path: Path, keep: int) -> None:
    path = stored(tmp_path, np.random.default_rng(1).normal(0, 30, (3, 300)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ArtifactError, match="was edited or damaged"):
        map_signal(path)
    path.write_bytes(b"\xff" * 400)
    with pytest.raises(ArtifactError, match="was edited or damaged"):
        map_signal(path)


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
