"""List and name the cells of a benchmark's matrix, and their folders.

All follows from settings that the manifest of a benchmark holds too, without the files that the
matrix names.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from eegssl.adaptation.config import Kind as Adaptation
from eegssl.artifacts.json_parts import OpenPart
from eegssl.config.matrix_entries import BaselineName, CellName, Natural
from eegssl.config.stages import NumberOfSubjects
from eegssl.tasks.benchmarked import BASELINE, Benchmarked

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


class _Encoder(OpenPart):
    weights: Literal["pretrained", "random"]


class _Labels(OpenPart):
    labels_subjects: NumberOfSubjects
    labels_fraction: float
    labels_draw: int | None


class MatrixSettings(OpenPart):
    """The settings of a benchmark by which its cells are listed and named."""

    encoders: Annotated[dict[CellName, _Encoder], Field(min_length=1)]
    tasks: Annotated[dict[CellName, Any], Field(min_length=1)]
    adaptations: Annotated[tuple[Adaptation, ...], Field(min_length=1)]
    seeds: Annotated[tuple[Natural, ...], Field(min_length=1)]
    labels_subjects: tuple[NumberOfSubjects, ...]
    draws: tuple[Natural, ...]
    folds: tuple[Natural, ...]
    baselines: tuple[BaselineName, ...]
    finetune: _Labels

    def cells(self, kinds: Mapping[str, Benchmarked], controls: Collection[str]) -> Iterator[Cell]:
        """Every cell; some baselines are cells of their own, others stand in evaluations.

        ``kinds`` are those of the tasks. Encoders among ``controls`` are not run from scratch.
        """
        for task in self.tasks:
            for labels, seed in product(self._labels(), self.seeds):
                how = (*labels, seed)
                for name in kinds[task].cells(self.baselines):
                    yield Cell(task, name, BASELINE, *how)
                first = True
                for encoder, adaptation in product(self.encoders, self.adaptations):
                    if adaptation != "scratch" or encoder not in controls:
                        yield Cell(task, encoder, adaptation, *how, with_baselines=first)
                        first = False

    def named(self, cell: Cell) -> dict[str, Any]:
        """The columns that name a cell in a table."""
        tuned = self.finetune
        labels: Any = cell.labels_subjects or tuned.labels_subjects
        if tuned.labels_fraction < 1:
            labels = f"{tuned.labels_fraction:g} of them"
        draw = tuned.labels_draw if cell.draw is None else cell.draw
        names = {"task": cell.task, "encoder": cell.encoder, "adaptation": cell.adaptation}
        return names | {"labels_subjects": labels, "draw": draw, "seed": cell.seed}

    def is_pretrained(self, cell: Cell) -> bool:
        """Whether a cell starts from pretrained weights."""
        if cell.adaptation in (BASELINE, "scratch"):
            return False
        return self.encoders[cell.encoder].weights == "pretrained"

    def _labels(self) -> Iterator[tuple[NumberOfSubjects | None, int | None]]:
        """Numbers of labelled subjects, each with its draws."""
        for n in self.labels_subjects or (None,):
            for draw in (self.draws if n not in (None, "all") else ()) or (None,):
                yield n, draw


def scored_folder(cell: Cell, out: Path, fold: Fold) -> Path:
    """The folder with scores and predictions of a finished cell."""
    folder = cell.folder(out, fold)
    return folder if cell.adaptation == BASELINE else folder / "evaluation"


def model_folder(cell: Cell, out: Path, fold: Fold) -> Path:
    """The folder with the model of a finished cell."""
    return cell.folder(out, fold) / "model"


def baseline_of(cell: Cell, method: str) -> Cell:
    """The row of a baseline that stands in the evaluation of a cell."""
    return replace(cell, encoder=method, adaptation=BASELINE)
