"""Write a task of the user's own, its table, and fine-tune on it."""

from pathlib import Path
from typing import Any

from clirun import Pipeline, eegssl
from tinycorpus import SUBJECTS

CLASSES = 'classes = ["calm", "ictal"]'


RUNS = [(k, run) for k in range(SUBJECTS) for run in (1, 2)]


def name_of(k: int, run: int) -> str:
    """The path of a recording below the EDF folder."""
    return f"sub-{k:02d}/eeg/sub-{k:02d}_run-{run}_eeg.edf"


def write(folder: Path, table: list[tuple[object, ...]] | None, *lines: str) -> Path:
    """The task's TOML and its table, whose first row names the columns."""
    folder.mkdir(parents=True, exist_ok=True)
    head = ['name = "own"', "window_s = 4.0"]
    if table is not None:
        head += ['labels = "table"', 'table = "labels.tsv"']
        rows = ["\t".join(map(str, row)) for row in table]
        (folder / "labels.tsv").write_text("\n".join(rows) + "\n")
    (folder / "task.toml").write_text("\n".join([*head, *lines]) + "\n")
    return folder / "task.toml"


def finetune(tiny: Pipeline, task: Path, out: Path, recordings: Path | None = None) -> Any:
    """Run fine-tuning on a task; exit code and stderr."""
    command = [recordings or tiny.recordings, "--encoder", tiny.encoder, "--task", task]
    return eegssl("finetune", *command, "--out", out, "--config", tiny.settings)


STRETCHES = [
    ("recording", "onset_s", "duration_s", "label"),
    *((name_of(k, 1), 8 + 4 * (k % 3), 16, "ictal") for k in range(SUBJECTS)),
    *((name_of(k, 2), 0, 20, "calm") for k in range(SUBJECTS)),
]


PATIENTS = [("subject", "label"), *((f"sub-{k:02d}", 20 + 3 * (k % 4)) for k in range(SUBJECTS))]
