"""Fork ranks that run ``rank_fits.py``, and read what they leave."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import killing
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
) -> list[int | None]:
    """Train by so many processes; preempted after step ``stop``, if it is not 0. Their codes."""
    folder.mkdir(exist_ok=True)
    (folder / "meet").unlink(missing_ok=True)
    plan = (n_ranks, folder, dtype, shard, stop, models)
    context = killing.server()
    ranks = [context.Process(target=rank_fits.run_rank, args=(k, *plan)) for k in range(n_ranks)]
    for rank in ranks:
        rank.start()
    try:
        for rank in ranks:
            rank.join(MOST_S)
        return [rank.exitcode for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()


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
