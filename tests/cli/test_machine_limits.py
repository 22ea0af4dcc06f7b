"""A full disk or memory is no bug: exit 2, with where, how much, and what helps."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from clirun import Pipeline, eegssl, files_of
from safetensors import SafetensorError

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.cli.machine_limits import explain
from eegssl.stages import pretrain, tokenize
from eegssl.training.fitting import checkpoint

ENOSPC = OSError(errno.ENOSPC, "No space left on device")
CPU = RuntimeError(
    "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you "
    "tried to allocate 4000000 bytes. Error code 12 (Cannot allocate memory)"
)
LATE = RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be asynchronously …")
BLAS = RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")
MPS = RuntimeError("MPS backend out of memory (MPS allocated: 18.11 GB). Tried to allocate 2.00 GB")
GPU = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has …")


def test_a_full_disk_in_training_is_told_and_gone_on_after(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise SafetensorError("I/O error: No space left on device (os error 28)")

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save_file", full)
        ran = eegssl(*tiny.command("pretrain", out))
    assert ran.code == 2
    for words in ("No space left on device", str(out / "work"), "free", "kB needed"):
        assert words in ran.err
    assert "bug" not in ran.err
    assert eegssl(*tiny.command("pretrain", out)).code == 0
    assert files_of(out) == files_of(tiny.encoder)


@pytest.mark.parametrize("stage", ["preprocess", "tokenize", "evaluate"])
def test_a_full_disk_in_any_stage_is_told(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    def full(*_: Any) -> None:
        raise ENOSPC

    monkeypatch.setattr(ArtifactWriter, "write", full)
    ran = eegssl(*tiny.command(stage, tmp_path / "out"))
    assert ran.code == 2
    assert f"No space left on device: {tmp_path / 'out'}" in ran.err
    assert "free" in ran.err


@pytest.mark.parametrize("error", [MemoryError(), CPU, GPU, OSError(errno.ENOMEM, "x")], ids=str)
def test_memory_that_runs_out_names_the_setting_that_helps(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def greedy(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(tokenize, "fit", greedy)
    monkeypatch.setattr(pretrain, "fit", greedy)
    for stage in ("tokenize", "pretrain"):
        ran = eegssl(*tiny.command(stage, tmp_path / stage))
        assert ran.code == 2
        assert "out of memory" in ran.err
        assert "training.batch_size=N (now 4)" in " ".join(ran.err.split())
        assert "bug" not in ran.err


def test_what_is_said_names_memory_size_and_command() -> None:
    assert "GPU is out of memory (Tried to allocate 2.00 GiB)" in str(
        explain(GPU, "finetune", None)
    )
    assert "tried to allocate 4000000 bytes" in str(explain(CPU, "pretrain", None))
    assert "finetune.training.batch_size" in str(explain(GPU, "benchmark", None))
    assert "batch" not in str(explain(MemoryError(), "preprocess", None))


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no such device here")
def test_a_full_disk_is_known_by_the_words_of_each_library() -> None:
    def by_numpy() -> None:
        with open("/dev/full", "wb") as stream:
            np.save(stream, np.zeros(100_000))

    def by_arrow() -> None:
        with open("/dev/full", "wb") as stream:  # by its path it would be removed after the error
            pq.write_table(pa.table({"a": np.random.default_rng(0).random(100_000)}), stream)

    def by_its_words() -> None:
        words = "Error writing bytes to file. Detail: [errno 28] No space left on device"
        raise OSError(errno.ENOSPC, words)

    for write in (by_numpy, by_arrow, by_its_words):
        with pytest.raises(OSError) as caught:  # noqa: PT011 (its words are what is tested)
            write()
        said = str(explain(caught.value, "tokenize", Path("/tmp")))
        assert said.startswith("No space left on device"), f"{write.__name__}: {said}"
        assert " free" in said


def test_other_errors_are_left_to_others() -> None:
    for error in (RuntimeError("mat1 and mat2"), OSError(errno.EACCES, "x"), ValueError("x")):
        assert explain(error, "pretrain", None) is None


def test_a_place_that_is_gone_is_no_second_error(tmp_path: Path) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "gone" / "x" / "file"))
    assert f"{tmp_path} (" in str(explain(error, "preprocess", None))
