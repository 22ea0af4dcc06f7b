"""Start ranks that run ``rank_fits.py``, and read what they leave."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import rank_fits
from safetensors.torch import load_file
from torch import Tensor


def start(
    folder: Path,
    n_ranks: int,
    dtype: str = "float64",
    *,
    shard: str = "none",
    stop: int = 0,
    model: str = "codes",
) -> list[int]:
    """Train by so many processes; preempted after step ``stop``, if it is not 0. Their codes."""
    folder.mkdir(exist_ok=True)
    (folder / "meet").unlink(missing_ok=True)
    command = [sys.executable, rank_fits.__file__, str(folder), str(n_ranks)]
    plan = [dtype, shard, str(stop), model]
    ranks = [subprocess.Popen([*command, str(rank), *plan]) for rank in range(n_ranks)]
    return [rank.wait(180) for rank in ranks]


def trained(
    folder: Path,
    n_ranks: int,
    dtype: str = "float64",
    *,
    shard: str = "none",
    model: str = "codes",
) -> tuple[dict[str, Tensor], list[dict[str, Any]]]:
    """Weights and log of a training by so many processes."""
    assert start(folder, n_ranks, dtype, shard=shard, model=model) == [0] * n_ranks
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return load_file(folder / "weights.safetensors"), [json.loads(line) for line in lines]
