"""The Slurm example starts ranks, is warned, goes back into the queue, and finishes."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import stub_slurm
from clirun import Pipeline, files_of

SCRIPT = Path(__file__).parents[2] / "examples/slurm/pretrain.sbatch"
USR1 = int(signal.SIGUSR1)
# what stands in for `eegssl pretrain`: says its place, and in the first run waits for the signal
RANK = """
import os, sys, time
from pathlib import Path
from eegssl.training.fitting.preemption import on_sigterm
from eegssl.training.ranks.rank_place import rank_place
place, stop = rank_place(), []
home = Path(os.environ["STUB_SLURM"])
with on_sigterm(lambda: stop.append(1)):
    (home / f"rank{place.rank}").write_text(f"{place} {sys.argv[1:]}")
    while os.environ["SLURM_RESTART_COUNT"] == "0" and not stop:
        time.sleep(0.02)
sys.exit(75 if stop else 0)
"""


def wait_for(*paths: Path) -> None:
    """Wait until files are there."""
    for _ in range(30_000):
        if all(path.exists() for path in paths):
            return
        time.sleep(0.02)
    raise AssertionError(f"{paths} never came")


def submit(environment: dict[str, str], *arguments: object) -> "subprocess.Popen[str]":
    """``sbatch`` the example."""
    command = ["sbatch", str(SCRIPT), *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def pretrain(home: Path, tiny: Pipeline, n_warnings: int) -> dict[str, str]:
    """Files of an encoder that two ranks train, warned so many times on their way."""
    out = home / "encoder"
    words = [tiny.recordings, "--tokens", tiny.tokens, "--out", out, "--config", tiny.settings]
    sets = ("training.steps=60", "training.log_every=1", "sampling.grain=2")
    job = submit(stub_slurm.install(home), *words, *(w for s in sets for w in ("--set", s)))
    for k in range(n_warnings):
        while len(rows_of(out)) <= 5 * (k + 1):
            assert job.poll() is None
            time.sleep(0.02)
        warn(home)
        while len(requeues(home)) <= k:
            time.sleep(0.02)
    job.communicate(timeout=600)
    assert job.returncode == 0
    return files_of(out)


def requeues(home: Path) -> list[str]:
    """The notes of a job that went back into the queue."""
    return [note for note in stub_slurm.log_of(home) if note.startswith("scontrol requeue")]


def rows_of(out: Path) -> list[str]:
    """Lines of a training's log so far."""
    path = out / "metrics.jsonl"
    return path.read_text("utf-8").splitlines() if path.exists() else []


def warn(home: Path) -> None:
    """Send the step what ``--signal=USR1@120`` sends it."""
    wait_for(home / "srun.pid")
    os.kill(int((home / "srun.pid").read_text()), signal.SIGUSR1)


def test_a_job_that_is_preempted_goes_back_into_the_queue_once(tmp_path: Path) -> None:
    job = submit(stub_slurm.install(tmp_path, RANK), "A", "B", "--tokens", "T")
    wait_for(tmp_path / "rank0", tmp_path / "rank1")
    warn(tmp_path)
    out, _ = job.communicate(timeout=600)
    assert job.returncode == 0
    assert "preempted; back into the queue" in out
    directives, *notes = stub_slurm.log_of(tmp_path)
    assert "--signal=USR1@120" in directives.split()
    assert "--requeue" in directives.split()
    flags = "--kill-on-bad-exit=0 --wait=120 --cpus-per-task=1"
    assert notes == [
        f"signal {USR1} to the ranks",
        f"srun {flags}: [75, 75]",
        f"scontrol requeue {stub_slurm.JOB}",
        "job ended with 75",
        f"srun {flags}: [0, 0]",
        "job ended with 0",
    ]
    for rank in (0, 1):
        text = (tmp_path / f"rank{rank}").read_text("utf-8")
        assert f"RankPlace(rank={rank}, n_ranks=2, local_rank={rank}, n_local=2" in text
        assert "address='localhost'" in text
        assert "['pretrain', 'A', 'B', '--tokens', 'T']" in text


@pytest.mark.parametrize("code", [1, 4])
def test_a_job_that_fails_stays_out_of_the_queue(code: int, tmp_path: Path) -> None:
    environment = stub_slurm.install(tmp_path, f"raise SystemExit({code})")
    job = submit(environment)
    job.communicate(timeout=600)
    assert job.returncode == code
    assert not any("requeue" in note for note in stub_slurm.log_of(tmp_path)[1:])


def test_the_script_is_sound_bash() -> None:
    assert subprocess.run(["bash", "-n", SCRIPT], check=False).returncode == 0


@pytest.mark.slow
def test_a_pretraining_preempted_twice_ends_in_the_bytes_of_one_undisturbed(
    tiny: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "whole").mkdir()
    (tmp_path / "preempted").mkdir()
    whole = pretrain(tmp_path / "whole", tiny, 0)
    assert pretrain(tmp_path / "preempted", tiny, 2) == whole
    notes = stub_slurm.log_of(tmp_path / "preempted")
    assert [note.partition(": ")[2] for note in notes if note.startswith("srun")] == [
        *("[75, 75]", "[75, 75]", "[0, 0]")
    ]
    assert len(requeues(tmp_path / "preempted")) == 2
