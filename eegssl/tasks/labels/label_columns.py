"""Fill a benchmark's rows for tasks of labels."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Result
from eegssl.corpus.store import Corpus
from eegssl.reports.benchmark.score_columns import PerUnit, ScoreColumn, error
from eegssl.reports.glossary import NUMBER_WORDS, WINDOW_WORDS
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.corrupted.robustness import Curves
from eegssl.scoring.hierarchy import TYPE
from eegssl.scoring.unit_effects import UnitAnswers
from eegssl.tasks.base import PREDICTIONS
from eegssl.tasks.benchmarked import MODEL_METHOD, BaselineJob, Benchmarked, ColumnScores
from eegssl.tasks.labels.config import TaskConfig
from eegssl.tasks.labels.corrupted.corrupted_tables import read_curves
from eegssl.tasks.labels.data import require_numbers
from eegssl.tasks.labels.label_baseline import run_baseline
from eegssl.tasks.labels.measures.unit_answers import unit_answers
from eegssl.tasks.labels.measures.unit_scores import POOLED
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import none_labelled, threshold_of
from eegssl.tasks.table import read_table


def _number(name: str, prefix: str = "") -> ScoreColumn:
    """A score of numbers."""
    column, words = f"{prefix}{name}", NUMBER_WORDS[name][0]
    if name in ("mae", "rmse"):
        return error(column, words)
    if name == "r2":
        return ScoreColumn(column, words, bounds=(-float("inf"), 1.0))
    return ScoreColumn(column, words, bounds=(-1.0, 1.0), chance=0.0)


_WINDOWS = tuple(
    ScoreColumn(name, WINDOW_WORDS[name][0], chance=0.5 if name == "auroc" else None)
    for name in ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")
)
_UNITS = (
    ScoreColumn("unit_auroc", "AUROC of units", chance=0.5),
    ScoreColumn("unit_balanced_accuracy", "Balanced accuracy of units"),
    ScoreColumn("unit_macro_f1", "Macro F1 of units"),
    *(_number(name, "unit_") for name in ("mae", "rmse", "r2", "spearman")),
)
_EVENTS = (
    ScoreColumn("event_sensitivity", "SzCORE event sensitivity"),
    ScoreColumn("event_precision", "SzCORE event precision"),
    ScoreColumn("event_f1", "SzCORE event F1"),
    error("event_fp_per_day", "False alarms per 24 hours"),
)
_NUMBERS_SHOWN = ("unit_spearman", "unit_mae", "unit_rmse", "unit_r2")
_UNITS_SHOWN = ("unit_auroc", "unit_balanced_accuracy", "unit_macro_f1")
_WINDOWS_SHOWN = ("auroc", "auc_pr", "balanced_accuracy")


class LabelScores(Benchmarked):
    """Scores of windows, units and events."""

    columns = (*_WINDOWS, *_UNITS, *_EVENTS)
    compared = (
        *(column for column in _WINDOWS if column.name in ("auroc", "balanced_accuracy")),
        *(_number(name) for name in ("mae", "spearman")),
    )

    def shown(self, filled: set[str]) -> tuple[ScoreColumn, ...]:
        """Of numbers, or of units of classes before their windows; events where they are scored."""
        units = _UNITS_SHOWN if filled & set(_UNITS_SHOWN) else ()
        events = ("event_f1",) if "event_f1" in filled else ()
        names = (*units, *_WINDOWS_SHOWN, *events)
        if "unit_mae" in filled:
            names = _NUMBERS_SHOWN
        by_name = {column.name: column for column in self.columns}
        return tuple(by_name[name] for name in names)

    def is_control(self, task: TaskConfig) -> bool:
        """Whether its labels are permuted."""
        return task.permute_labels

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, ColumnScores]:
        """Scores of windows, of units (of numbers, windows may be the units), and of events."""
        windows, units, events = facts["windows"], facts.get("units"), facts["events"] or {}
        of_units = units["levels"][TYPE] if units else None
        of_units = of_units or (windows if "mae" in windows else {})
        row = {column.name: windows.get(column.name) for column in _WINDOWS}
        for prefix, columns, source in (("unit_", _UNITS, of_units), ("event_", _EVENTS, events)):
            row |= {c.name: source.get(c.name.removeprefix(prefix)) for c in columns}
        return {MODEL_METHOD: row}

    def by_subject(self, metrics: Mapping[str, Any]) -> Mapping[str, PerUnit]:
        """Scores of each subject's windows."""
        per_subject = metrics["per_subject"].items()
        return {MODEL_METHOD: {subject: _compared(scores) for subject, scores in per_subject}}

    def answers(self, scored: Path, task: TaskConfig, by_subject: bool) -> UnitAnswers | None:
        """Answers for events, recordings and patients, or windows if no subject has both classes.

        A patient has one outcome, and no AUROC of its own.
        """
        if by_subject and task.unit not in POOLED:
            return None
        table = read_table(scored / PREDICTIONS, Predictions)
        if none_labelled(table):
            return None
        return unit_answers(table, threshold_of(table))

    def curves(self, scored: Path, scoring: ScoringConfig) -> Curves:
        """By the tables of corrupted predictions."""
        return read_curves(scored, scoring)

    def of_fold(
        self, facts: Mapping[str, Any], metrics: Mapping[str, Any]
    ) -> Mapping[str, ColumnScores]:
        """Scores of all windows."""
        return {MODEL_METHOD: _compared(metrics["windows"])}

    def require_subjects(self, corpus: Corpus, task: TaskConfig, numbers: Sequence[int]) -> None:
        """Raise InputError for fewer subjects than hold every class, or more than there are."""
        require_numbers(corpus, task, numbers)

    def cells(self, baselines: tuple[str, ...]) -> tuple[str, ...]:
        """All baselines of the matrix."""
        return baselines

    def run_baseline(self, job: BaselineJob) -> Result:
        """Fit a baseline on the same windows, and score it on the same."""
        return run_baseline(job)


def _compared(scores: ColumnScores) -> ColumnScores:
    """The scores of classes, or of numbers, that are compared."""
    names = ("mae", "spearman") if "mae" in scores else ("auroc", "balanced_accuracy")
    return {name: scores.get(name) for name in names}
