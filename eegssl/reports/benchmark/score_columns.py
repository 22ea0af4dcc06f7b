"""Describe the score columns of a benchmark's table."""

from collections.abc import Mapping
from dataclasses import dataclass

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


def error(name: str, words: str) -> ScoreColumn:
    """A score that is better the smaller it is."""
    return ScoreColumn(name, words, lower_is_better=True, bounds=(0.0, float("inf")))
