"""Read the rows of a benchmark, and what it compares, from cells."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.json_parts import STRICT, JsonObject, damaged, read_json
from eegssl.artifacts.manifest import MANIFEST
from eegssl.artifacts.reading import read_manifest
from eegssl.reports.benchmark.comparisons import ComparedUnit, Key, PerUnit
from eegssl.reports.benchmark.results import not_run_row, result_row
from eegssl.tasks.base import PREDICTIONS, SCORES, AnyKind
from eegssl.tasks.benchmarked import MODEL_METHOD, Benchmarked
from eegssl.tasks.benchmarks.matrix_cells import (
    Cell,
    Fold,
    MatrixSettings,
    baseline_of,
    model_folder,
    scored_folder,
)
from eegssl.tasks.jobs import MODEL
from eegssl.tasks.kinds import open_scored
from eegssl.tasks.table import kind_of_table
from eegssl.tasks.trained_for import ENCODER
from eegssl.training.history import HISTORY

Row = dict[str, Any]
_SCORES = TypeAdapter(JsonObject, config=STRICT)


@dataclass
class Scored:
    """Rows of the table, and by task, number of labelled subjects and system what is compared.

    ``units`` hold the scores of each subject (or fold) in every run, ``folders`` the evaluation of
    each draw, seed and fold.
    """

    rows: list[Row] = field(default_factory=list)
    units: dict[Key, list[PerUnit]] = field(default_factory=dict)
    folders: dict[Key, dict[Hashable, Path]] = field(default_factory=dict)


def read_cells(
    out: Path,
    settings: MatrixSettings,
    cells: Iterable[Cell],
    kinds: Mapping[str, AnyKind],
    not_run: Mapping[Cell, str],
    unit: ComparedUnit = "subject",
) -> Scored:
    """Read the cells below ``out``; scores of units are by ``unit``.

    ``not_run`` says why a baseline has no artifact; it has one row a task. Raises ArtifactError for
    a cell that is missing or damaged.
    """
    scored = Scored()
    for cell in cells:
        kind = kinds[cell.task]
        if cell in not_run:
            row = _row_of_none(settings.named(cell), not_run[cell], kind.benchmark)
            if row not in scored.rows:
                scored.rows.append(row)
        else:
            _read_cell(scored, out, settings, cell, kind, unit)
    return scored


def _row_of_none(named: Row, reason: str, benchmark: Benchmarked) -> Row:
    """The row of a baseline that was not run."""
    nobody = {"draw": None, "seed": None, "pretraining_seeds": ""}
    return named | nobody | not_run_row(reason, benchmark.columns)


def _read_cell(
    scored: Scored,
    out: Path,
    settings: MatrixSettings,
    cell: Cell,
    kind: AnyKind,
    unit: ComparedUnit,
) -> None:
    """Add the rows of a cell: its own, and those of the baselines that stand in its evaluations."""
    folds: Sequence[Fold] = settings.folds or (None,)
    folders = {fold: scored_folder(cell, out, fold) for fold in folds}
    facts = [_facts_of(folder, kind) for folder in folders.values()]
    within = {"within_subject": any(f["within_subject"] for f in facts)}
    seeds = _pretraining_seeds(cell, out, folds) if settings.is_pretrained(cell) else ""
    for one, (row, runs) in _systems(cell, kind.benchmark, facts, folders, unit).items():
        if one == cell or cell.with_baselines:
            named = settings.named(one)
            key = (one.task, str(named["labels_subjects"]), one.system)
            scored.units.setdefault(key, []).extend(runs)
            own = {"pretraining_seeds": seeds if one == cell else ""}
            scored.rows.append(named | own | row | within)
            if one == cell:
                runs_of = scored.folders.setdefault(key, {})
                runs_of.update({(cell.draw, cell.seed, k): path for k, path in folders.items()})


def _systems(
    cell: Cell,
    benchmark: Benchmarked,
    facts: Sequence[Mapping[str, Any]],
    folders: Mapping[Fold, Path],
    unit: ComparedUnit,
) -> dict[Cell, tuple[Row, list[PerUnit]]]:
    """Results of a cell's evaluations: of its system, and of the baselines that stand in them."""
    metrics = [read_json(folder / SCORES, _SCORES) for folder in folders.values()]
    scores = [benchmark.scores(one) for one in facts]
    subjects = [benchmark.by_subject(one) for one in metrics]
    for folder, *methods in zip(folders.values(), scores, subjects, strict=True):
        if any(one.keys() != scores[0].keys() for one in methods):
            raise damaged(folder / SCORES, "its methods are not those of the first fold")
    units = subjects
    if unit == "fold":
        of_folds = [benchmark.of_fold(f, m) for f, m in zip(facts, metrics, strict=True)]
        units = [
            {method: {f"fold {k}": values} for method, values in of_fold.items()}
            for k, of_fold in zip(folders, of_folds, strict=True)
        ]
    return {
        cell if method == MODEL_METHOD else baseline_of(cell, method): (
            result_row(facts, [one[method] for one in scores], [one[method] for one in subjects]),
            [one[method] for one in units],
        )
        for method in scores[0]
    }


def _facts_of(folder: Path, kind: AnyKind) -> Mapping[str, Any]:
    """The facts of a cell's evaluation.

    Raises ArtifactError where it is missing, damaged, or of another kind of task.
    """
    artifact = open_scored(folder)
    if PREDICTIONS not in artifact or kind_of_table(artifact / PREDICTIONS) != kind.name:
        raise damaged(folder / MANIFEST, f"it is of another kind of task than {kind.name!r}")
    return artifact.manifest.facts


def _pretraining_seeds(cell: Cell, out: Path, folds: Iterable[Fold]) -> str:
    """The seed that a cell's encoder was pretrained with, one for all folds or several."""
    seeds = set()
    for fold in folds:
        model = model_folder(cell, out, fold)
        encoder = read_manifest(model / HISTORY / "pretrain")
        if (ENCODER, encoder.id) not in read_manifest(model, MODEL).inputs:
            raise damaged(
                model / HISTORY / "pretrain" / MANIFEST,
                "it is not of the encoder that the model was made from",
            )
        seeds.add(encoder.seed)
    return ", ".join(map(str, sorted(seeds)))
