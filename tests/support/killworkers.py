"""Work for a Dask cluster whose workers are killed."""

import multiprocessing
import os
import signal
import time
from pathlib import Path
from typing import Any

from eegssl.corpus.inventory.planned_files import ingest_known


def ingest_and_kill_once(*task: Any) -> dict[str, Any]:
    """As `ingest_known`; the first to end kills its worker of Dask before it can answer."""
    row = ingest_known(*task)
    kill_once(task[4].parent / "killed")
    return row


def encode_and_kill_once(*task: Any) -> None:
    """As `encode_some`; the first to end kills its worker of Dask before it can answer."""
    from eegssl.stages.tokenizing.encoded_recordings import encode_some

    encode_some(*task)
    kill_once(task[0].parent / "killed")


def kill_once(mark: Path) -> None:
    """Kill the worker that started this process, unless that was done before."""
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        return
    worker = multiprocessing.parent_process()
    assert worker is not None
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    time.sleep(60)


def act(how: str, scratch: str, pid: int = 0) -> str:
    """Do what is asked for."""
    file = Path(scratch, "pid")
    if how == "hang":
        file.write_text(str(os.getpid()))
        time.sleep(600)
    elif how == "await the other":
        while not (file.exists() and file.read_text()):
            time.sleep(0.05)
    elif how == "kill":
        os.kill(pid, signal.SIGKILL)
        time.sleep(600)
    elif how == "kill the worker":
        kill_once(Path(scratch, f"killed-{time.time_ns()}"))
    return how
