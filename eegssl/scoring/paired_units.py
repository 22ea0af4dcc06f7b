"""Compare two systems by the score of all units together."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np

from eegssl.scoring.compare import PairedDifference
from eegssl.scoring.statistics.bootstrap import bootstrap_weighted
from eegssl.scoring.statistics.permutation import holm, paired_permutation
from eegssl.scoring.unit_effects import Effect, Runs, unit_effects

Key = TypeVar("Key", bound=Hashable)

_NOTHING = 1e-12  # a share of a subject below this is rounding


def compare_units(
    pairs: Mapping[Key, tuple[Runs, Runs]], *, seed: int, n_resamples: int
) -> dict[str, dict[Key, tuple[int, PairedDifference]]]:
    """Each pair's first score less its second, by the name of the score.

    With each difference stands the number of units; its ``n`` counts their subjects, by whom
    answers are swapped and drawn. The interval is BCa, with ten subjects that decide the score or
    more. Holm's correction is over all ``pairs``.
    """
    effects: dict[str, dict[Key, Effect]] = {}
    for key, (ours, theirs) in pairs.items():
        for metric, effect in unit_effects(ours, theirs).items():
            effects.setdefault(metric, {})[key] = effect
    return {
        metric: _compared(of_metric, seed, n_resamples) for metric, of_metric in effects.items()
    }


def _compared(
    effects: Mapping[Key, Effect], seed: int, n_resamples: int
) -> dict[Key, tuple[int, PairedDifference]]:
    gaps = {k: np.where(np.abs(e.gaps) < _NOTHING, 0.0, e.gaps) for k, e in effects.items()}
    p_values = {
        key: p
        for key, gap in gaps.items()
        if np.isfinite(gap).all()
        and (p := paired_permutation(gap, np.zeros(len(gap)), seed=seed)) is not None
    }
    adjusted = holm(p_values)
    compared = {}
    for key, effect in effects.items():
        gap = gaps[key][np.isfinite(gaps[key])]
        interval = bootstrap_weighted(
            effect.score,
            effect.n_subjects,
            seed=seed,
            n_resamples=n_resamples,
            n_with_score=effect.n_deciding,
        )["bca"]
        note = interval.reason if len(gap) else effect.undefined
        p, p_holm = p_values.get(key), adjusted.get(key)
        difference = PairedDifference.of(gap, effect.n_subjects, interval, p, p_holm, note)
        compared[key] = (effect.n, difference)
    return compared
