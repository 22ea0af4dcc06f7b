"""Turn clinical columns of a table into numbers, NaN where unknown."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError
from eegssl.tasks.patients.config import PatientsConfig

_MOST_WORDS = 5


def clinical_features(
    table: Mapping[str, Mapping[str, str]], patients: Sequence[str], config: PatientsConfig
) -> NDArray[np.float64]:
    """The clinical columns [P, F] of ``patients``; unknown cells are NaN.

    A column of numbers enters as it is or as log(1 + x); a column of two words as 0 and 1 in
    alphabetical order, of up to five as one column a word. Raises InputError for a column that
    nobody has, and for more words.
    """
    columns = [
        column
        for name in config.clinical
        for column in _columns(table, patients, name, name in config.log_columns)
    ]
    return np.array(columns, dtype=np.float64).reshape(len(columns), len(patients)).T


def _columns(
    table: Mapping[str, Mapping[str, str]], patients: Sequence[str], name: str, as_log: bool
) -> list[list[float]]:
    cells = [table.get(patient, {}).get(name) for patient in patients]
    known = [cell for cell in cells if cell is not None]
    if not known:
        raise InputError(f"no patient has a value in column {name}; leave it out of 'clinical'")
    numbers = [_number(cell) for cell in known]
    if all(number is not None for number in numbers):
        values = [np.nan if cell is None else float(cell.removesuffix("+")) for cell in cells]
        if as_log and np.nanmin(values) < 0:
            raise InputError(
                f"column {name}: a number is negative and has no log(1 + x); leave the column out "
                "of task.analysis.log_columns"
            )
        return [[float(np.log1p(v)) for v in values] if as_log else values]
    words = sorted({cell.lower() for cell in known})
    if len(words) > _MOST_WORDS or any(number is not None for number in numbers):
        raise InputError(
            f"column {name} holds {len(words)} different words; expected numbers, or at most "
            f"{_MOST_WORDS} words; leave it out with --set 'task.analysis.clinical=[…]', or group "
            "them (a decimal comma makes a number a word)"
        )
    coded = words[1:] if len(words) == 2 else words
    return [
        [np.nan if cell is None else float(cell.lower() == word) for cell in cells]
        for word in coded
    ]


def _number(cell: str) -> float | None:
    try:
        value = float(cell.removesuffix("+"))  # "89+", as ages are written that would identify
    except ValueError:
        return None
    return value if np.isfinite(value) else None
