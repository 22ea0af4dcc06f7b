"""Describe the score columns of a benchmark's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from eegssl.scoring.means import mean_of_defined

PerUnit = Mapping[str, Mapping[str, float | None]]
"""Subject (or fold) -> the scores by which systems are compared."""
COUNTS = ("folds", "windows", "subjects")
"""The columns that count what a row's scores are of."""


@dataclass(frozen=True)
class ScoreColumn:
    """A column of scores."""

    name: str
    words: str
    """Its title on pages."""
    lower_is_better: bool = False
    bounds: tuple[float, float] = (0.0, 1.0)
    """The least and the largest value that there can be."""
    chance: float | None = None
    """The score of guessing."""
    counted_in: str = ""
    """Of a mean over subjects, the column that says of how many."""


def error(name: str, words: str) -> ScoreColumn:
    """A score that is better the smaller it is."""
    return ScoreColumn(name, words, lower_is_better=True, bounds=(0.0, float("inf")))


def of_subjects(column: ScoreColumn) -> ScoreColumn:
    """The column of the same score of each subject apart, as the mean over subjects."""
    return replace(
        column,
        name=f"{column.name}_subject_mean",
        words=f"{column.words}, mean over subjects",
        counted_in=f"{column.name}_subjects",
    )


def with_subject_means(shown: Sequence[ScoreColumn], filled: set[str]) -> tuple[ScoreColumn, ...]:
    """Each column with that of its mean over subjects beside it, where some row has a value."""
    pairs = [(column, of_subjects(column)) for column in shown]
    return tuple(c for one, mean in pairs for c in (one, mean) if c is one or c.name in filled)


def subject_means(folds: Sequence[PerUnit]) -> dict[str, float | int | None]:
    """The mean over subjects of each score, and of how many that have it (an AUROC: both classes).

    ``folds`` hold subject -> score -> value; a subject of several folds counts once.
    """
    values: dict[str, dict[str, list[float | None]]] = {}
    for subjects in folds:
        for subject, scores in subjects.items():
            for name, value in scores.items():
                values.setdefault(name, {}).setdefault(subject, []).append(value)
    row: dict[str, float | int | None] = {}
    for name, by_subject in values.items():
        means = [mean_of_defined(of_folds) for of_folds in by_subject.values()]
        column = of_subjects(ScoreColumn(name, name))
        row[column.name] = mean_of_defined(means)
        row[column.counted_in] = sum(mean is not None for mean in means)
    return row
