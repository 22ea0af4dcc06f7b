"""Decide each patient's outcome from a table.

Good is: free of seizures for a year, or half as many. The cohorts of anti-seizure medication and of
thermocoagulation share this definition; how long the follow-up has to be is ours, and a setting.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from eegssl.errors import InputError
from eegssl.tasks.patients.config import OutcomeConfig

Row = Mapping[str, str]


@dataclass(frozen=True)
class Outcomes:
    """Patient -> 1 (good) or 0 (poor), in the order of the table; reason -> how many left out.

    ``told_by`` is patient -> what says the outcome: the label's column, the numbers, or both;
    ``shortly`` counts those who were followed for less than the definition's months without
    seizures.
    """

    good: dict[str, int]
    left_out: dict[str, int]
    told_by: dict[str, str]
    shortly: int


def outcomes(table: Mapping[str, Row], config: OutcomeConfig) -> Outcomes:
    """The outcome of each patient of ``table`` (patient -> column -> cell; absent is unknown).

    Raises InputError where a number is none, a label is an unknown word, or what is said of one
    patient disagrees; it says which patient by number, and repeats nothing of the table.
    """
    good: dict[str, int] = {}
    left_out: Counter[str] = Counter()
    told_by: dict[str, str] = {}
    shortly = 0
    for number, (patient, row) in enumerate(table.items(), start=1):
        try:
            outcome = _outcome(row, config, left_out)
        except InputError as error:
            raise InputError(f"patient {number} of {len(table)} in the table: {error}") from None
        if outcome is not None:
            good[patient], told_by[patient] = outcome
            follow_up = _number(row, config.follow_up_column)
            shortly += follow_up is not None and follow_up < config.free_months
    return Outcomes(good, dict(left_out), told_by, shortly)


def _outcome(row: Row, config: OutcomeConfig, left_out: Counter[str]) -> tuple[int, str] | None:
    """Decide one patient's outcome, with the columns that say it; count and return None without."""
    follow_up = _number(row, config.follow_up_column)
    free = _number(row, config.free_months_column)
    if follow_up is not None and free is not None and free > follow_up:
        raise InputError(
            f"{config.free_months_column} is more than {config.follow_up_column}: nobody is known "
            "to be free of seizures for longer than the follow-up; correct the table"
        )
    if follow_up is None and config.least_follow_up_months > 0:
        left_out["follow-up unknown"] += 1
        return None
    if follow_up is not None and follow_up < config.least_follow_up_months:
        left_out["follow-up too short"] += 1
        return None
    labelled, counted = _labelled(row, config), _counted(row, config)
    if labelled is not None and counted is not None and labelled != counted:
        raise InputError(
            f"{config.label} and the numbers of seizures disagree (the settings call good: "
            f"{config.free_months:g} months without, or {config.fewer:.0%} fewer); correct the "
            "table, or leave the numbers out, or change the definition"
        )
    outcome = labelled if counted is None else counted
    if outcome is None:
        left_out["outcome unknown"] += 1
        return None
    there = ((config.label, labelled), ("numbers of seizures", counted))
    return outcome, " and ".join(name for name, one in there if one is not None)


def _labelled(row: Row, config: OutcomeConfig) -> int | None:
    """The label in words."""
    word = row.get(config.label)
    if word is None:
        return None
    if word.lower() in config.good:
        return 1
    if word.lower() in config.poor:
        return 0
    raise InputError(
        f"column {config.label}: a word that is neither among the good ones {list(config.good)} "
        f"nor among the poor ones {list(config.poor)}; change the table or the settings"
    )


def _counted(row: Row, config: OutcomeConfig) -> int | None:
    """The outcome by the numbers; None where they do not decide."""
    free = _number(row, config.free_months_column)
    before, after = _number(row, config.before_column), _number(row, config.after_column)
    if free is not None and free >= config.free_months:
        return 1
    if before is not None and after is not None and before > 0:
        return int(after <= (1 - config.fewer) * before)
    return None


def _number(row: Row, column: str) -> float | None:
    cell = row.get(column)
    if cell is None:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        comma = "; write decimals with a point" if "," in cell else ""
        raise InputError(f"column {column}: expected a number of 0 or more, or n/a{comma}")
    return value
