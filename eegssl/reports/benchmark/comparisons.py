"""Compare the systems of a benchmark with one of them.

Scores of a subject are averaged over seeds and draws first; each subject is tested in one fold. The
test is a paired permutation over subjects, its p adjusted for all systems of a task and number of
labelled subjects (Holm); the interval of the mean difference is a bootstrap over subjects. Within
subjects there is nobody to compare over, and folds stand in their place (ours): below ten, the
interval is that of the permutation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from eegssl.errors import ConfigError
from eegssl.reports.benchmark.score_columns import PerUnit
from eegssl.scoring.compare import compare_pairs
from eegssl.scoring.paired_units import compare_units
from eegssl.scoring.unit_effects import Runs

ComparedUnit = Literal["subject", "fold"]
Key = tuple[str, str, str]
"""Task, number of labelled subjects, system."""


@dataclass(frozen=True)
class Comparison:
    """A system less the one that it is compared with; p is adjusted by Holm in ``p_holm``."""

    task: str
    labels_subjects: str
    """So many training subjects' labels were used, or "all"."""
    system: str
    against: str
    metric: str
    unit: str
    """The ``n`` units of which each is compared, or that have one score together."""
    n: int
    subjects: int | None
    """The subjects they are of; None for folds."""
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None
    note: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def require_system(name: str, systems: Collection[str]) -> None:
    """Raise ConfigError for the name of a system to compare with that is none of ``systems``."""
    if name not in systems:
        raise ConfigError(
            f"compare_with: got {name!r}; expected one of {', '.join(sorted(systems))}"
        )


def compare(
    scores: Mapping[Key, Sequence[PerUnit]],
    against: str,
    seed: int,
    n_resamples: int,
    unit: ComparedUnit = "subject",
) -> list[Comparison]:
    """Compare each system of each task with the one of this name.

    ``scores`` holds, by (task, number of labelled subjects, system), the scores of each ``unit``
    of every draw, seed and fold. A task on which the one to compare with was not run is left out.
    """
    compared = []
    for task, labels in [key[:2] for key in scores if key[2] == against]:
        own = {key[2]: runs for key, runs in scores.items() if key[:2] == (task, labels)}
        units = [of_unit for run in own[against] for of_unit in run.values()]
        for metric in dict.fromkeys(name for of_unit in units for name in of_unit):
            base = _by_unit(own[against], metric)
            pairs = {
                system: _paired(_by_unit(runs, metric), base)
                for system, runs in own.items()
                if system != against
            }
            paired = compare_pairs(
                pairs, seed=seed, n_resamples=n_resamples, exact_if_few=unit == "fold"
            )
            for system, one in paired.items():
                named = (task, labels, system, against, metric, unit, one.n)
                subjects = one.n if unit == "subject" else None
                compared.append(Comparison(*named, subjects, **one.statistics()))
    return compared


def compare_pooled(
    answers: Mapping[Key, Runs], against: str, seed: int, n_resamples: int
) -> list[Comparison]:
    """Compare each system with the one of this name by the score of all units together.

    ``answers`` hold, by draw, seed and fold, what a system says of each unit.
    """
    compared = []
    for task, labels in [key[:2] for key in answers if key[2] == against]:
        own = {key[2]: runs for key, runs in answers.items() if key[:2] == (task, labels)}
        base = own[against]
        unit = next(iter(base.values())).unit
        prefix = "unit_" if unit not in ("window", "second") else ""
        pairs = {system: (runs, base) for system, runs in own.items() if system != against}
        for metric, differences in compare_units(pairs, seed=seed, n_resamples=n_resamples).items():
            for system, (n, one) in differences.items():
                named = (task, labels, system, against, f"{prefix}{metric}", unit, n)
                compared.append(Comparison(*named, one.n, **one.statistics()))
    return compared


def _by_unit(runs: Sequence[PerUnit], metric: str) -> dict[str, float]:
    """The mean over runs of the score of each subject (or fold), where it has one."""
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, scores in run.items():
            value = scores.get(metric)
            if value is not None:
                values.setdefault(name, []).append(value)
    return {name: float(np.mean(of_runs)) for name, of_runs in values.items()}


def _paired(a: Mapping[str, float], b: Mapping[str, float]) -> tuple[list[float], list[float]]:
    """The scores of the units that both have, in one order."""
    both = sorted(a.keys() & b.keys())
    return [a[name] for name in both], [b[name] for name in both]
