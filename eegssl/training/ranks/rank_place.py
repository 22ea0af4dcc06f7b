"""Read a rank's place in a distributed run from the environment.

torchrun sets ``RANK`` and its companions. Slurm sets ``SLURM_STEP_ID`` and its companions for each
task that ``srun`` starts, so that a step needs no launcher beside srun. No torch is imported here:
the command line asks before anything heavy is loaded.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from eegssl.errors import ConfigError

_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")
_MEETING = ("MASTER_ADDR", "MASTER_PORT")
_SLURM = ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID", "SLURM_JOB_ID")
_FIRST_RESERVED_STEP = 0xFFFFFFF0
"""Slurm numbers batch scripts, interactive shells and the like from here; they are no step."""
_PORTS = range(20_000, 32_000)
"""Ports below those that systems hand out by themselves."""
_STEP_STRIDE = 1009
"""Ports between two steps of one job, so that a neighbouring job's step is met by none."""
_TASKS = re.compile(r"(\d+)(?:\(x(\d+)\))?")
"""Tasks on a node, and on how many nodes in a row: ``4(x2)``."""


@dataclass(frozen=True)
class RankPlace:
    """A process among those that train together, on its node and among all."""

    rank: int = 0
    n_ranks: int = 1
    local_rank: int = 0
    """Number among the ranks of this node."""
    n_local: int = 1
    """Ranks of this node."""
    address: str = ""
    """Host at which the ranks meet; empty for one rank."""
    port: int = 0
    launcher: Literal["", "torchrun", "slurm"] = ""


ALONE = RankPlace()
"""The place of a process that trains by itself."""


def rank_place(environ: Mapping[str, str] = os.environ) -> RankPlace:
    """The place of this process; `ALONE` where neither torchrun nor srun started it.

    ``MASTER_ADDR`` and ``MASTER_PORT`` hold for Slurm too. Raises ConfigError where only some of a
    launcher's variables are set, or where they contradict each other.
    """
    if any(environ.get(name) for name in _TORCHRUN):
        return _checked(_of_torchrun(environ))
    if _is_in_step(environ):
        return _checked(_of_slurm(environ))
    return ALONE


def _is_in_step(environ: Mapping[str, str]) -> bool:
    """Tell whether srun started this process; batch and interactive shells are no steps."""
    step = environ.get("SLURM_STEP_ID", "")
    return step.isdecimal() and int(step) < _FIRST_RESERVED_STEP


def _of_torchrun(environ: Mapping[str, str]) -> RankPlace:
    rank, n_ranks, local_rank, n_local = _numbers(environ, _TORCHRUN, "torchrun")
    if n_ranks == 1:
        return ALONE
    missing = [name for name in _MEETING if not environ.get(name)]
    if missing:
        raise _half_set(missing, [n for n in _TORCHRUN if environ.get(n)], "torchrun")
    (port,) = _numbers(environ, _MEETING[1:], "torchrun")
    return RankPlace(rank, n_ranks, local_rank, n_local, environ["MASTER_ADDR"], port, "torchrun")


def _of_slurm(environ: Mapping[str, str]) -> RankPlace:
    rank, n_ranks, local_rank, job = _numbers(environ, _SLURM, "srun")
    if n_ranks == 1:
        return ALONE
    step = int(environ["SLURM_STEP_ID"])
    port = _PORTS[(job + _STEP_STRIDE * step) % len(_PORTS)]
    if environ.get("MASTER_PORT"):
        (port,) = _numbers(environ, _MEETING[1:], "srun")
    address = environ.get("MASTER_ADDR") or _first_host(environ)
    return RankPlace(rank, n_ranks, local_rank, _n_local(environ, n_ranks), address, port, "slurm")


def _first_host(environ: Mapping[str, str]) -> str:
    """The host of rank 0: the first of the step's nodes, else the one that runs srun."""
    nodes = environ.get("SLURM_STEP_NODELIST", "")
    host = hosts_of(nodes)[0] if nodes else environ.get("SLURM_LAUNCH_NODE_IPADDR", "")
    if not host:
        raise ConfigError(
            "SLURM_STEP_ID is set, but neither SLURM_STEP_NODELIST nor SLURM_LAUNCH_NODE_IPADDR "
            "says where rank 0 is; set MASTER_ADDR to its host"
        )
    return host


def hosts_of(nodes: str) -> list[str]:
    """The hosts of Slurm's compressed list: ``n[01-02],m7`` are n01, n02 and m7."""
    hosts: list[str] = []
    for item in re.split(r",(?![^\[]*\])", nodes):
        names = [""]
        for text, numbers in re.findall(r"([^\[\]]+)|\[([^\]]*)\]", item):
            ends = [text] if text else _listed_numbers(numbers)
            names = [name + end for name in names for end in ends]
        hosts += names
    return hosts


def _listed_numbers(text: str) -> list[str]:
    """``01-03,7`` as 01, 02, 03 and 7: zeros in front are kept."""
    numbers: list[str] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        last = last if dash else first
        if not (first.isdecimal() and last.isdecimal()):
            raise ConfigError(f"a list of Slurm's nodes holds {part!r}; expected 7 or 01-16")
        width = len(first)
        numbers += [f"{k:0{width}d}" for k in range(int(first), int(last) + 1)]
    return numbers


def _n_local(environ: Mapping[str, str], n_ranks: int) -> int:
    """Ranks of this node, of ``SLURM_STEP_TASKS_PER_NODE`` (``4(x2),3``) where it is set."""
    node = environ.get("SLURM_NODEID", "0")
    counts = [
        int(n)
        for n, times in _TASKS.findall(environ.get("SLURM_STEP_TASKS_PER_NODE", ""))
        for _ in range(int(times or 1))
    ]
    if node.isdecimal() and int(node) < len(counts):
        return counts[int(node)]
    n_nodes = len(hosts_of(environ.get("SLURM_STEP_NODELIST", "")))
    return -(-n_ranks // n_nodes)


def _numbers(environ: Mapping[str, str], names: tuple[str, ...], launcher: str) -> list[int]:
    """The whole numbers of these variables, all of which have to be set."""
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise _half_set(missing, [name for name in names if environ.get(name)], launcher)
    for name in names:
        if not (environ[name].isdecimal() and environ[name].isascii()):
            raise ConfigError(f"{name} is {environ[name]!r}; expected a whole number")
    return [int(environ[name]) for name in names]


def _half_set(missing: list[str], present: list[str], launcher: str) -> ConfigError:
    return ConfigError(
        f"{', '.join(present) or 'SLURM_STEP_ID'} set, but not {', '.join(missing)}: expected all "
        f"of a rank's variables or none; start the ranks with {launcher}, or unset those"
    )


def _checked(place: RankPlace) -> RankPlace:
    """Refuse a place that lies outside of its run."""
    for name, number, n in (
        ("rank", place.rank, place.n_ranks),
        ("local rank", place.local_rank, place.n_local),
    ):
        if number >= n:
            raise ConfigError(
                f"the {name} is {number} of {n}; expected 0 to {n - 1}: start the ranks with "
                f"{place.launcher or 'one launcher'}"
            )
    return place
