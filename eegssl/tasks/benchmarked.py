"""Define what a kind of task gives a benchmark."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from eegssl.artifacts.context import Context, Result
from eegssl.config.stages import BenchmarkConfig, FinetuneConfig
from eegssl.corpus.store import Corpus
from eegssl.reports.benchmark.score_columns import PerUnit, ScoreColumn
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.corrupted.robustness import Curves
from eegssl.scoring.unit_effects import UnitAnswers

BASELINE = "baseline"
"""The artifact of a baseline that is a cell of its own, and its adaptation in a table."""
MODEL_METHOD = "model"
"""Name of the model among methods, in tables of predictions and their scores."""
ColumnScores = Mapping[str, float | None]
"""Column -> value."""


class NotRun(Exception):
    """A baseline that can't be run on these recordings; the message says why."""


@dataclass(frozen=True)
class BaselineJob:
    """A baseline to be fitted and scored as a cell of its own."""

    name: str
    tuned: FinetuneConfig
    config: BenchmarkConfig
    folders: Sequence[Path]
    task: Any
    context: Context


class Benchmarked:
    """Columns, scores and baselines of a kind of task in a benchmark.

    Facts of its evaluations hold ``windows`` with ``n``, ``subjects``, ``leaks`` and
    ``within_subject``.
    """

    columns: ClassVar[tuple[ScoreColumn, ...]] = ()
    """The scores in its rows of the table."""
    compared: ClassVar[tuple[ScoreColumn, ...]] = ()
    """The scores by which systems are compared, subject by subject."""

    @property
    def words(self) -> tuple[ScoreColumn, ...]:
        """All scores that a page may name."""
        return (*self.columns, *self.compared)

    def shown(self, filled: set[str]) -> tuple[ScoreColumn, ...]:
        """Those on a page, of a task whose rows have values in these columns; the first ranks."""
        return self.columns

    def is_control(self, task: Any) -> bool:
        """Whether a task is a control, whose scores should be at chance."""
        return False

    def scores(self, facts: Mapping[str, Any]) -> Mapping[str, ColumnScores]:
        """Method -> column -> value, from what the manifest of an evaluation says."""
        names = [column.name for column in self.columns]
        return {MODEL_METHOD: {name: facts[name] for name in names}}

    def by_subject(self, metrics: Mapping[str, Any]) -> Mapping[str, PerUnit]:
        """Method -> subject -> the scores that are compared, from all scores of an evaluation."""
        names = [column.name for column in self.compared]
        return {
            MODEL_METHOD: {
                subject: {name: scores[name] for name in names}
                for subject, scores in metrics["per_subject"].items()
            }
        }

    def answers(self, scored: Path, task: Any, by_subject: bool) -> UnitAnswers | None:
        """Answers for units that are compared by one score of all; None where there are none.

        ``scored`` is the folder of an evaluation; ``by_subject`` says if subjects of the task have
        scores of their own, to be compared one by one.
        """
        return None

    def curves(self, scored: Path, scoring: ScoringConfig) -> Curves:
        """Answers for corrupted recordings, of the folder of an evaluation; none where none are."""
        return {}

    def of_fold(
        self, facts: Mapping[str, Any], metrics: Mapping[str, Any]
    ) -> Mapping[str, ColumnScores]:
        """Method -> the scores that are compared, of a whole fold."""
        names = [column.name for column in self.compared]
        return {
            method: {name: scores[name] for name in names}
            for method, scores in self.scores(facts).items()
        }

    def require_subjects(self, corpus: Corpus, task: Any, numbers: Sequence[int]) -> None:
        """Raise InputError for a number of labelled training subjects that a task can't have."""

    def cells(self, baselines: tuple[str, ...]) -> tuple[str, ...]:
        """Those of a matrix's baselines that are cells of their own."""
        return ()

    def methods(self, task: Any) -> tuple[str, ...]:
        """The baselines that stand in every evaluation of a task."""
        return ()

    def without_baselines(self, overrides: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of a task whose evaluation has as few baselines as there can be."""
        return dict(overrides)

    def run_baseline(self, job: BaselineJob) -> Result:
        """Make the cell of a baseline; raises NotRun where it can't be run."""
        raise NotRun(f"there is no baseline {job.name!r} for such tasks")
