"""Hold one system's scores on one task for the leaderboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

ALL = "all"
"""The number of labelled subjects where nobody is left out."""


@dataclass(frozen=True)
class LeaderboardRow:
    """One system on one task: metric -> its value in each run, None where undefined.

    Runs are seeds, times draws where fewer than all training subjects are labelled.

    ``not_run`` says why a system has no value at all. The scores of a task's rows are its columns,
    and the first ranks.
    """

    task: str
    encoder: str
    adaptation: str
    is_baseline: bool
    scores: Mapping[str, tuple[float | None, ...]]
    not_run: str = ""
    subjects: Mapping[str, int] = field(default_factory=dict)
    """Metric that is a mean over subjects -> of how many."""
    n_pretrainings: int = 0
    """Seeds of pretraining that are among the seeds; 0 for systems without pretrained weights."""
    labels_subjects: str = ALL
    """So many training subjects' labels were used."""
    seeds: tuple[int, ...] = ()
    """The seed of each run, in the order of the scores; none: one run a seed."""
    n_draws: int = 0
    """Draws of labelled subjects; 0 where none are named."""
    is_control: bool = False
    """Whether its task is a control, whose scores should be at chance: none is the best there."""
    random_weights: bool = False
    """Whether its encoder has random weights: the control of pretraining."""

    def mean(self, metric: str) -> float | None:
        """The mean over the runs that have a value."""
        values = self.values(metric)
        return float(np.mean(values)) if values else None

    def values(self, metric: str) -> list[float]:
        """The value of each run that has one."""
        return [value for value in self.scores.get(metric, ()) if value is not None]

    def by_seed(self, metric: str) -> list[float]:
        """The mean of each seed over its runs that have a value.

        Runs of one seed differ in the draw of labelled subjects alone, so they are no repetitions
        of each other.
        """
        runs = self.scores.get(metric, ())
        values: dict[int, list[float]] = {}
        for seed, value in zip(self.seeds or range(len(runs)), runs, strict=True):
            if value is not None:
                values.setdefault(seed, []).append(value)
        return [float(np.mean(of_seed)) for of_seed in values.values()]

    @property
    def n_seeds(self) -> int:
        """The number of seeds among its runs."""
        return len(set(self.seeds)) or max((len(runs) for runs in self.scores.values()), default=0)

    @property
    def name(self) -> str:
        """Its name in figures."""
        name = f"{self.encoder}, {self.adaptation}" if self.adaptation else self.encoder
        return f"{name} (baseline)" if self.is_baseline else name
