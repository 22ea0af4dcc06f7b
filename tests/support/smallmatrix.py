"""Write a small matrix for benchmark, and read what becomes of it."""

import json
import shutil
from pathlib import Path
from typing import Any

from clirun import Pipeline, manifest_of, stamps_of

from eegssl.artifacts.contract import open_artifact
from eegssl.tasks.benchmarks.benchmark_contract import CONTRACT

MATRIX = """
recordings = ["{root}/recordings"]
adaptations = ["probe"]
seeds = {seeds}
baselines = ["band-power-summary"]

[encoders.pretrained]
path = "{root}/encoder"

[encoders.random-init]
path = "{root}/encoder"
weights = "random"

[tasks.seizure]
task = "seizure-detection"

[finetune.training]
steps = 6
batch_size = 8
validate_every = 3
device = "cpu"

[evaluate]
traces = 0
scoring.bootstrap_resamples = 100
"""


def write_matrix(path: Path, tiny: Pipeline, seeds: str) -> Path:
    path.write_text(MATRIX.format(root=tiny.root, seeds=seeds))
    return path


def results(out: Path) -> list[dict[str, Any]]:
    """The rows of a finished benchmark, which are those that its cells make."""
    open_artifact(out, CONTRACT)
    rows = json.loads((out / "results.json").read_text())
    assert isinstance(rows, list)
    return rows


def cells(out: Path) -> dict[str, int]:
    """Every file and folder of the cells, with its time of last change."""
    return stamps_of(out / "cells")


def as_interrupted(out: Path) -> None:
    """Make a finished benchmark one that was killed between its last cell and its table."""
    made = manifest_of(out)
    (out / "manifest.json").unlink()
    begun = {key: made[key] for key in ("kind", "schema_version", "config", "seed")}
    begun["inputs"] = [[one["kind"], one["id"]] for one in made["inputs"]]
    (out / "eegssl-plan.json").write_text(json.dumps(begun))


def copy_of(made: Path, folder: Path) -> Path:
    """The benchmark again, with the times of its files."""
    return Path(shutil.copytree(made, folder / "benchmark"))
