"""Eight jobs of an array in random order, two killed and one started twice, end in the same bytes.

The quick tests of the parts are in ``test_shards.py``.
"""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clirun import eegssl, files_of
from tinycorpus import write_corpus

pytestmark = pytest.mark.slow
SCRIPT = Path(__file__).parents[2] / "examples" / "slurm" / "preprocess.sbatch"
N = 8


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of a job, in which ``eegssl`` is the one of this checkout."""
    command = tmp_path / "bin" / "eegssl"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m eegssl "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join((str(command.parent), os.environ["PATH"]))
    return {**os.environ, "PATH": path, "SHARDS": str(N), "SLURM_CPUS_PER_TASK": "1"}


def submit(edf: Path, out: Path, task: int, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    words = ["bash", str(SCRIPT), str(edf), "--out", str(out)]
    task_id = {"SLURM_ARRAY_TASK_ID": str(task)}
    return subprocess.Popen(words, env=environment | task_id, stderr=subprocess.PIPE)


def kill_at_work(job: subprocess.Popen[bytes], out: Path, task: int) -> None:
    """SIGKILL once the job holds its shard."""
    lock = out / "work" / "shards" / f"{task}-of-{N}" / "eegssl.lock"
    while job.poll() is None and not lock.exists():
        time.sleep(0.001)
    job.kill()
    job.communicate()
    assert job.returncode == -signal.SIGKILL


def test_an_array_with_kills_ends_in_the_bytes_of_one_run(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    edf, out = write_corpus(tmp_path / "edf"), tmp_path / "out"
    assert eegssl("preprocess", edf, "--out", tmp_path / "two", "--jobs", 2).code == 0
    assert eegssl("preprocess", edf, "--out", tmp_path / "one", "--jobs", 1).code == 0
    whole = files_of(tmp_path / "one")
    assert files_of(tmp_path / "two") == whole
    assert eegssl("preprocess", edf, "--out", out, "--plan").code == 0
    tasks = list(range(N))
    random.Random(20).shuffle(tasks)
    for task in tasks[:2]:
        kill_at_work(submit(edf, out, task, environment), out, task)
    ran = eegssl("preprocess", edf, "--out", out, "--finalize")
    assert (ran.code, "8 of 8 shards are not done" in ran.err) == (4, True), ran.err
    jobs = [submit(edf, out, task, environment) for task in [*tasks[2:], tasks[2]]]
    ended = [(job.communicate()[1].decode(), job.returncode) for job in jobs]
    assert [code for _, code in ended[1:-1]] == [0] * 5, ended
    twice = {ended[0][1], ended[-1][1]}  # refused, or after the other had ended
    assert twice in ({0}, {0, 2}), ended
    assert eegssl("preprocess", edf, "--out", out, "--finalize").code == 4
    for task in tasks[:2]:
        job = submit(edf, out, task, environment)
        assert (job.communicate(), job.returncode)[1] == 0
    ran = eegssl("preprocess", edf, "--out", out, "--finalize")
    assert ran.code == 0, ran.err
    assert files_of(out) == whole
