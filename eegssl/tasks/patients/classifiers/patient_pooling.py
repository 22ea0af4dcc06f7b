"""Pool windows to one row a patient, before anything is scored."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.patients.config import PatientsConfig

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PatientRows:
    """One row of features [P, F] for each of P patients, in sorted order."""

    patients: tuple[str, ...]
    features: Floats
    n_windows: NDArray[np.int64]

    def of(self, patients: Sequence[str]) -> Floats:
        """The rows of ``patients`` in that order; InputError where one has no EEG."""
        place = {name: i for i, name in enumerate(self.patients)}
        missing = sum(name not in place for name in patients)
        if missing:
            raise InputError(
                f"{missing} of {len(patients)} patients have no window of EEG; leave them out"
            )
        return self.features[[place[name] for name in patients]]


def pool(
    features: NDArray[np.floating], patients: Sequence[str], config: PatientsConfig
) -> PatientRows:
    """Windows' features or embeddings [n, F] of ``patients`` [n] to one row a patient.

    Each patient counts once, however many windows there are. Attention pools elsewhere, within the
    fitting patients; here it is the mean. With quantiles a row holds them one
    after the other: [P, Q·F]. Raises InputError for arrays that do not fit or are not finite.
    """
    x, names = np.asarray(features, dtype=np.float64), np.asarray(patients, dtype=str)
    if x.ndim != 2 or names.shape != (len(x),) or len(x) == 0:
        raise InputError(f"got features {x.shape} of {names.shape} patients; expected [n, F], [n].")
    if not np.all(np.isfinite(x)):
        raise InputError(
            "got a feature that is not finite, expected finite numbers; preprocess the "
            "recordings again"
        )
    patients_of_rows, counts = np.unique(names, return_counts=True)
    rows = [_row(x[names == name], config) for name in patients_of_rows]
    return PatientRows(
        tuple(str(n) for n in patients_of_rows), np.array(rows), counts.astype(np.int64)
    )


def paired(before: PatientRows, after: PatientRows, patients: Sequence[str]) -> dict[str, Floats]:
    """Rows of paired recordings: ``before``, ``after``, and ``difference``, after less before.

    InputError where a patient lacks one of the two.
    """
    first, second = before.of(patients), after.of(patients)
    if first.shape != second.shape:
        raise InputError(f"got {first.shape} before and {second.shape} after; expected the same.")
    return {"before": first, "after": second, "difference": second - first}


def _row(windows: Floats, config: PatientsConfig) -> Floats:
    if config.pooling == "quantiles":
        return np.asarray(np.quantile(windows, config.quantiles, axis=0)).reshape(-1)
    return np.asarray(windows.mean(axis=0))
