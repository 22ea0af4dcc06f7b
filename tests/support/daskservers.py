"""A Dask scheduler and its workers on this machine, as a user starts them."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SUPPORT = Path(__file__).parent
ROOT = SUPPORT.parents[1]
TRIES = "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"


@dataclass(frozen=True)
class Servers:
    """Address and number of a scheduler, and the file into which it and its workers log."""

    address: str
    pid: int
    log: Path


@contextmanager
def dask_servers(folder: Path, n_workers: int, *more: str) -> Iterator[Servers]:
    """Start them; the workers run in another folder than the client, under a nanny each."""
    folder.mkdir()
    log, file = folder / "log", folder / "scheduler.json"
    paths = os.pathsep.join(map(str, (ROOT, SUPPORT)))
    environment = {
        **os.environ,
        "PYTHONPATH": paths,
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    }
    own = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = [*own, "--port", "0", "--scheduler-file", str(file)]
    workers = [*own, "--scheduler-file", str(file), "--nthreads", "1", "--nworkers", str(n_workers)]
    workers += ["--local-directory", str(folder / "scratch"), *more]
    with log.open("wb") as stream:
        started = []

        def start(name: str, words: list[str]) -> None:
            command = [sys.executable, "-m", f"distributed.cli.{name}", *words]
            how = {"env": environment, "cwd": folder, "stdout": stream, "stderr": stream}
            started.append(subprocess.Popen(command, **how))

        try:
            start("dask_scheduler", scheduler)
            while not file.exists() and started[0].poll() is None:
                time.sleep(0.05)
            if n_workers:
                start("dask_worker", workers)
            address = file.read_text().partition('"address": "')[2].partition('"')[0]
            yield Servers(address, started[0].pid, log)
        finally:
            for process in reversed(started):
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:  # a thread of it is still at work
                    process.kill()
                    process.wait()
