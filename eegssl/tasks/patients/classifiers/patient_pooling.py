"""Pool windows to one row a patient, before anything is scored."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.patients.config import PatientsConfig

Floats = NDArray[np.float64]


def pool(
    features: NDArray[np.floating],
    patients: Sequence[str] | NDArray[np.str_],
    config: PatientsConfig,
) -> dict[str, Floats]:
    """Pool windows' features or embeddings [n, F] of ``patients`` [n] to a row [F] a patient.

    Each patient counts once, however many windows there are. Attention pools elsewhere, within the
    fitting patients; here it is the mean. With quantiles a row holds them one
    after the other: [Q·F]. Raises InputError for arrays that do not fit or are not finite.
    """
    x, names = np.asarray(features, dtype=np.float64), np.asarray(patients, dtype=str)
    if x.ndim != 2 or names.shape != (len(x),) or len(x) == 0:
        raise InputError(f"got features {x.shape} of {names.shape} patients; expected [n, F], [n].")
    if not np.all(np.isfinite(x)):
        raise InputError(
            "got a feature that is not finite, expected finite numbers; preprocess the "
            "recordings again"
        )
    return {str(name): _row(x[names == name], config) for name in np.unique(names)}


def _row(windows: Floats, config: PatientsConfig) -> Floats:
    if config.pooling == "quantiles":
        return np.asarray(np.quantile(windows, config.quantiles, axis=0)).reshape(-1)
    return np.asarray(windows.mean(axis=0))
