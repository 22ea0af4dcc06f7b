"""Folders of trainings as they look while they run, without any training."""

import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.manifest import PLAN, SPEED
from eegssl.training.history import METRICS
from eegssl.training.live.training_rows import append_row

ROWS: tuple[dict[str, Any], ...] = (
    {"step": 20, "train_loss": 3.0, "train_accuracy": 0.1, "lr": 1e-3, "grad_norm": 0.5},
    {"step": 40, "train_loss": 2.0, "train_accuracy": 0.2, "lr": 9e-4, "grad_norm": 0.4}
    | {"val_loss_region": 2.5, "val_accuracy_region": 0.15},
    {"step": 60, "train_loss": 1.5, "train_accuracy": 0.3, "lr": 8e-4, "grad_norm": 0.4}
    | {"skipped": 1},
)
SPEEDS: tuple[dict[str, Any], ...] = tuple(
    {"step": step, "windows_per_s": 800.0, "eeg_h_per_s": 2.2, "step_s": 0.5, "data_wait": 0.02}
    | {"memory_mb": 9000.0, "mfu": None, "ranks": 2}
    for step in (20, 40, 60)
)


def boot_id() -> str:
    """Name of the running kernel's start, as a lock has it."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip()


def running(
    folder: Path,
    kind: str = "encoder",
    rows: Sequence[dict[str, Any]] = ROWS,
    speeds: Sequence[dict[str, Any]] = SPEEDS,
    **holder: Any,
) -> Path:
    """An unfinished training of 100 steps; its lock names this process unless told otherwise."""
    folder.mkdir(parents=True)
    plan = {"kind": kind, "config": {"training": {"steps": 100, "lr": 0.1}}, "names": []}
    (folder / PLAN).write_text(json.dumps(plan), "utf-8")
    for name, values in ((METRICS, rows), (SPEED, speeds)):
        for row in values:
            append_row(folder / name, row)
    here = {"pid": os.getpid(), "host": platform.node(), "boot": boot_id(), "began": "2026-11-30"}
    (folder / LOCK).write_text(json.dumps(here | holder), "utf-8")
    return folder
