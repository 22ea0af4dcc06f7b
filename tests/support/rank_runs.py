"""Start processes with the variables of torchrun or of Slurm, one for each rank."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHERS = ("torchrun", "slurm")
MOST_S = 600
"""A hang, on however busy a machine: a third of gloo's own time limit."""
SETS_RANKS = ("SLURM_", "RANK", "WORLD_SIZE", "LOCAL_", "MASTER_", "TORCHELASTIC_")


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def variables(launcher: str, rank: int, n_ranks: int, port: int) -> dict[str, str]:
    """The variables of one rank of ``n_ranks`` on this machine."""
    if launcher == "torchrun":
        names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_PORT")
        numbers = (rank, n_ranks, rank, n_ranks, port)
        return {n: str(k) for n, k in zip(names, numbers, strict=True)} | {
            "MASTER_ADDR": "127.0.0.1"
        }
    return {
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_ID": "0",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "SLURM_STEP_NUM_TASKS": str(n_ranks),
        "SLURM_STEP_TASKS_PER_NODE": str(n_ranks),
        "SLURM_STEP_NODELIST": "localhost",
        "MASTER_PORT": str(port),
    }


def environment_of(launcher: str, rank: int, n_ranks: int, port: int) -> dict[str, str]:
    """The environment of one rank: this process's, with one thread and the rank's variables."""
    own = {n: v for n, v in os.environ.items() if not n.startswith(SETS_RANKS)}
    root = str(Path(__file__).parents[2])
    own |= {"PYTHONPATH": os.pathsep.join([root, own.get("PYTHONPATH", "")])}
    return own | {"OMP_NUM_THREADS": "1"} | variables(launcher, rank, n_ranks, port)


def start_ranks(
    arguments: Sequence[object],
    *,
    n_ranks: int = 2,
    launcher: str = "torchrun",
    extra: Mapping[str, str] | None = None,
) -> list["subprocess.Popen[str]"]:
    """Start ``python ARGUMENTS`` once for each rank."""
    port = free_port()
    return [
        subprocess.Popen(
            [sys.executable, *map(str, arguments)],
            env=environment_of(launcher, rank, n_ranks, port) | dict(extra or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        for rank in range(n_ranks)
    ]


def ended(processes: Sequence["subprocess.Popen[str]"], timeout_s: float = MOST_S) -> list[Ended]:
    """Wait for all, and say how each ended."""
    ends = []
    try:
        for process in processes:
            out, err = process.communicate(timeout=timeout_s)
            ends.append(Ended(process.returncode, out, err))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return ends
