"""Two ranks of torchrun, killed and stopped on their way, end in the bytes of two undisturbed.

The quick tests of ranks are in ``test_agreement.py`` and ``test_one_rank_prints.py``.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clirun import Pipeline, files_of
from rank_runs import SETS_RANKS

pytestmark = pytest.mark.slow
SETS = ("training.steps=40", "training.log_every=1", "sampling.grain=2")
BUG = "a bug of eegssl"


def start(tiny: Pipeline, out: Path, *more: str) -> "subprocess.Popen[str]":
    """``torchrun … -m eegssl pretrain …`` with two ranks."""
    torchrun = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
    words = ["-m", "eegssl", "pretrain", tiny.recordings, "--tokens", tiny.tokens, "--out", out]
    words += ["--config", tiny.settings, *(w for s in SETS for w in ("--set", s)), *more]
    own = {n: v for n, v in os.environ.items() if not n.startswith(SETS_RANKS)}
    return subprocess.Popen(
        [sys.executable, *torchrun, *map(str, words)],
        env=own | {"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )


def wait_for_rows(process: "subprocess.Popen[str]", out: Path, n: int) -> None:
    """Wait until a running training has logged so many rows."""
    path = out / "metrics.jsonl"
    while not path.exists() or path.read_text("utf-8").count("\n") < n:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.01)


def rank_of(torchrun: int, rank: int) -> int:
    """The process that is this rank."""
    children = Path(f"/proc/{torchrun}/task/{torchrun}/children").read_text().split()
    own = f"RANK={rank}".encode()
    places = {pid: Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") for pid in children}
    return next(int(pid) for pid, variables in places.items() if own in variables)


def end(process: "subprocess.Popen[str]") -> str:
    """Wait for the end; what all said."""
    text, _ = process.communicate(timeout=600)
    assert BUG not in text
    return text


def test_ranks_killed_and_stopped_end_in_the_bytes_of_a_run_that_was_not(
    tiny: Pipeline, tmp_path: Path
) -> None:
    whole = start(tiny, tmp_path / "whole")
    assert "rank 1" not in end(whole)
    assert whole.returncode == 0
    out = tmp_path / "disturbed"
    killed = start(tiny, out)
    wait_for_rows(killed, out, 9)
    os.kill(rank_of(killed.pid, 1), signal.SIGKILL)
    end(killed)
    assert killed.returncode == 1
    stopped = start(tiny, out, "--num-workers", "1", "--resume", "must")
    wait_for_rows(stopped, out, 15)
    stopped.terminate()
    assert "stopped by a signal" in end(stopped)
    assert stopped.returncode == 1  # torchrun's; its ranks answered 75
    last = start(tiny, out, "--resume", "must")
    assert "going on" in end(last)
    assert last.returncode == 0
    assert files_of(out) == files_of(tmp_path / "whole")


def test_a_gpu_that_is_not_there_is_told_once_and_hangs_nobody(tmp_path: Path) -> None:
    nowhere = Pipeline(tmp_path, tmp_path, tmp_path / "settings.toml")
    nowhere.settings.touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        process = start(nowhere, tmp_path / "out", "--device", "cuda")
        text = end(process)
    lines = [line for line in text.splitlines() if line.startswith(("error", "rank"))]
    assert len(lines) == 1
    assert "training.device is cuda, but torch finds no such device" in lines[0]
    assert process.returncode == 1  # torchrun's; its ranks answered 2
    assert not (tmp_path / "out").exists()
