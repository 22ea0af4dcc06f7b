"""The bootstrap of a score that is given the indices of drawn patients, one draw at a time."""

import numpy as np

from eegssl.scoring.statistics.bootstrap import bootstrap_weighted


def bootstrap(statistic, n_patients, **options):
    """Intervals of ``statistic``, which takes indices [m] with repeats and may give None."""

    def value(patients):
        score = statistic(patients)
        return np.nan if score is None else float(score)

    def weighted(weights):
        everyone = np.arange(n_patients)
        return np.array([value(np.repeat(everyone, row)) for row in weights], dtype=np.float64)

    return bootstrap_weighted(weighted, n_patients, **options)
