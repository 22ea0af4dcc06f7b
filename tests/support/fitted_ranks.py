"""Start ranks that run ``rank_fits.py``, and read what they leave."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rank_fits
from rank_runs import MOST_S
from safetensors.torch import load_file
from torch import Tensor

Run = tuple[dict[str, Tensor], list[dict[str, Any]]]
"""Weights and log."""


def start(
    folder: Path,
    n_ranks: int,
    dtype: str = "float64",
    *,
    shard: str = "none",
    stop: int = 0,
    models: Sequence[str] = ("codes",),
) -> list[int]:
    """Train by so many processes; preempted after step ``stop``, if it is not 0. Their codes."""
    folder.mkdir(exist_ok=True)
    (folder / "meet").unlink(missing_ok=True)
    command = [sys.executable, rank_fits.__file__, str(folder), str(n_ranks)]
    plan = [dtype, shard, str(stop), *models]
    ranks = [subprocess.Popen([*command, str(rank), *plan]) for rank in range(n_ranks)]
    return [rank.wait(MOST_S) for rank in ranks]


def trained(
    folder: Path,
    n_ranks: int,
    dtype: str = "float64",
    *,
    shard: str = "none",
    model: str = "codes",
) -> Run:
    """Weights and log of a training by so many processes."""
    assert start(folder, n_ranks, dtype, shard=shard, models=[model]) == [0] * n_ranks
    return read(folder)


def trained_each(folder: Path, n_ranks: int, dtype: str, models: Sequence[str]) -> dict[str, Run]:
    """Several models, one after the other by the same processes: starting one takes seconds."""
    assert start(folder, n_ranks, dtype, models=models) == [0] * n_ranks
    return {model: read(folder / model) for model in models}


def read(folder: Path) -> Run:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return load_file(folder / "weights.safetensors"), [json.loads(line) for line in lines]
