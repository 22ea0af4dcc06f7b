"""Name the cells of a benchmark's matrix, and where their artifacts lie."""

from dataclasses import dataclass, field, replace
from pathlib import Path

from eegssl.config.stages import NumberOfSubjects
from eegssl.tasks.benchmarked import BASELINE

CELLS = "cells"
Fold = int | None


@dataclass(frozen=True)
class Cell:
    """One row of the table: a system on a task, at one seed and with some subjects' labels."""

    task: str
    encoder: str
    adaptation: str
    labels_subjects: NumberOfSubjects | None
    """So many training subjects' labels are used; None: as the settings of fine-tuning say."""
    draw: int | None
    """Seed of their draw; None: the cell's own."""
    seed: int
    with_baselines: bool = field(default=True, compare=False)
    """In one cell of a task of forecasting the evaluation shows every baseline."""

    @property
    def system(self) -> str:
        """Its name in comparisons."""
        return self.encoder if self.adaptation == BASELINE else f"{self.encoder} {self.adaptation}"

    def folder(self, out: Path, fold: Fold) -> Path:
        """The folder of the cell's artifacts."""
        parts = {"subjects": self.labels_subjects, "draw": self.draw, "seed": self.seed}
        parts["fold"] = fold
        path = out / CELLS / self.task / self.encoder / self.adaptation
        return path.joinpath(*(f"{name}{k}" for name, k in parts.items() if k is not None))


def scored_folder(cell: Cell, out: Path, fold: Fold) -> Path:
    """The folder with scores and predictions of a finished cell."""
    folder = cell.folder(out, fold)
    return folder if cell.adaptation == BASELINE else folder / "evaluation"


def baseline_of(cell: Cell, method: str) -> Cell:
    """The row of a baseline that stands in the evaluation of a cell."""
    return replace(cell, encoder=method, adaptation=BASELINE)
