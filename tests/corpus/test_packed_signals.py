"""Signals read alike from files of their own and from packs of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from corpora import write_signal
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.files.packs import by_pack, lay_out
from eegssl.corpus.signals import OpenFile, SignalFile, Stretch
from eegssl.errors import ArtifactError

LENGTHS = st.lists(st.integers(1, 1300), min_size=1, max_size=6)


def files_of(folder: Path, lengths: list[int], n_channels: int = 3) -> dict[str, Path]:
    """Signals of these lengths, some with huge samples, which are stored as float32."""
    rng = np.random.default_rng(len(lengths))
    files = {}
    for k, n_samples in enumerate(lengths):
        signal_uv = rng.normal(0, 30, (n_channels, n_samples)).astype(np.float32)
        signal_uv[0, 0] = 1e5 if k % 3 == 2 else 1
        files[f"r-{k}"] = folder / f"r-{k}.safetensors"
        write_signal(files[f"r-{k}"], signal_uv)
    return files


def packed(folder: Path, files: dict[str, Path], most_bytes: int) -> dict[str, Stretch]:
    """The same in packs of at most so many bytes."""
    places = lay_out({id_: path.stat().st_size for id_, path in files.items()}, most_bytes)
    stretches = {}
    for name, inside in by_pack(places):
        (folder / name).write_bytes(b"".join(files[id_].read_bytes() for id_, _ in inside))
        opened = OpenFile(folder / name)
        stretches |= {id_: Stretch(opened, p.start, p.n_bytes) for id_, p in inside}
    return stretches


@given(LENGTHS, st.integers(1, 30_000), st.integers(0, 2**32 - 1))
def test_every_window_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int], most_bytes: int, seed: int
) -> None:
    folder, rng = tmp_path_factory.mktemp("s"), np.random.default_rng(seed)
    files = files_of(folder, lengths)
    for id_, stretch in packed(folder, files, most_bytes).items():
        alone, within = SignalFile(files[id_]), SignalFile(stretch)
        assert (within.shape, within.dtype) == (alone.shape, alone.dtype)
        n = alone.shape[1]
        np.testing.assert_array_equal(within.read_uv(0, n), alone.read_uv(0, n))
        for start, stop in np.sort(rng.integers(0, n + 1, (5, 2))).tolist():
            np.testing.assert_array_equal(within.read_uv(start, stop), alone.read_uv(start, stop))
            np.testing.assert_array_equal(
                within.read([2, 0], start, stop), alone.read([2, 0], start, stop)
            )


def test_a_header_that_reaches_into_the_next_file_is_refused(tmp_path: Path) -> None:
    files = files_of(tmp_path, [300, 300])
    cut = files["r-0"].stat().st_size - 10
    raw = files["r-0"].read_bytes()[:cut] + files["r-1"].read_bytes()
    (tmp_path / "00000.pack").write_bytes(raw)
    opened = OpenFile(tmp_path / "00000.pack")
    with pytest.raises(ArtifactError, match=r"00000\.pack \(from byte 0\) was edited or damaged"):
        SignalFile(Stretch(opened, 0, cut))
    assert SignalFile(Stretch(opened, cut, len(raw) - cut)).shape == (3, 300)


def test_a_pack_is_open_once_and_as_long_as_its_signals_are(tmp_path: Path) -> None:
    def n_open() -> int:
        return len(os.listdir("/proc/self/fd"))

    before = n_open()
    stretches = packed(tmp_path, files_of(tmp_path, [100] * 6), 1 << 20)
    signals = [SignalFile(stretch) for stretch in stretches.values()]
    assert n_open() == before + 1
    del stretches
    assert signals.pop().read_uv(0, 100).shape == (3, 100)
    signals.clear()
    assert n_open() == before
