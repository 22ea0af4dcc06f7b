"""Read the tables and the description of a BIDS folder."""

import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from eegssl.errors import ConfigError, InputError
from eegssl.io.edf.tal import decode
from eegssl.regular_files import UnusableFile, read_bytes, read_text

DESCRIPTION = "dataset_description.json"
SYNTHETIC = "eegssl synth"
"""``GeneratedBy`` of the corpora that eegssl makes; results on them are marked synthetic."""

_SEX = {"f": "f", "female": "f", "m": "m", "male": "m", "o": "o", "other": "o"}
_MISSING = ("", "n/a")
_AGE = re.compile(r"(>|>=|≥|)\s*(\d+\.?\d*|\.\d+)\s*\+?", re.ASCII)


@dataclass(frozen=True)
class Participant:
    """One subject's row; None and absent keys stand for what the table does not say."""

    age_years: float | None
    sex: str | None
    labels: dict[str, str] = field(repr=False)


def is_synthetic(root: Path) -> bool:
    """Whether ``dataset_description.json`` at the root says that eegssl made the data.

    Raises InputError where there is something of that name that can't be opened as a file.
    """
    path = root / DESCRIPTION
    try:
        description = json.loads(read_text(path))
        return any(entry["Name"] == SYNTHETIC for entry in description["GeneratedBy"])
    except UnusableFile as error:
        raise InputError(f"{path.name} can't be read: {error.strerror}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def read_participants(root: Path) -> dict[str, Participant]:
    """Subject (``participant_id``) -> participant; empty where there is no such table.

    Raises InputError for a table without ``participant_id``, with a subject twice, or with a row
    of another length.
    """
    path = root / "participants.tsv"
    if not os.path.lexists(path):
        return {}
    try:
        rows = participant_rows(path)
    except ConfigError as error:  # of no table that the user named: the path may tell a name
        cause = error.__cause__
        words = cause.strerror if isinstance(cause, OSError) else type(cause).__name__
        raise InputError(f"{path.name} can't be read: {words}") from None
    return {name: _participant(dict(row)) for name, row in rows.items()}


def participant_rows(path: Path) -> dict[str, dict[str, str]]:
    """Subject (``participant_id``) -> column -> cell, of a table in this form.

    Raises ConfigError where there is no such file, InputError for a table without
    ``participant_id``, with a subject twice, or with a row of another length. Nothing of
    its rows is repeated.
    """
    try:
        lines = decode(read_bytes(path)).removeprefix("\ufeff").splitlines()
    except FileNotFoundError as error:
        raise ConfigError(f"there is no file {path}") from error
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    rows = [line.split("\t") for line in lines if line.strip()]
    header = [name.strip() for name in rows[0]] if rows else []
    if "participant_id" not in header:
        other = next((mark for mark in (";", ",") if rows and mark in rows[0][0]), "")
        hint = f"; its columns seem to be separated by {other!r}" if other else ""
        raise InputError(
            f"{path.name}: expected a column participant_id in a tab-separated table, found none"
            f"{hint}"
        )
    if len(set(header)) < len(header):
        n = len(header) - len(set(header))
        raise InputError(f"{path.name}: {n} column(s) of the header stand there twice")
    people: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) != len(header):
            fault = f"{len(cells)} fields, expected {len(header)}"
            raise InputError(f"{path.name}, row {number}: {fault}")
        row = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        subject = row.pop("participant_id")
        if subject in people:
            raise InputError(f"{path.name}, row {number}: a subject for the second time")
        people[subject] = row
    return people


def _participant(row: dict[str, str]) -> Participant:
    age = row.pop("age", "")
    sex = row.pop("sex", "").lower()
    labels = {name: cell for name, cell in row.items() if cell.lower() not in _MISSING}
    return Participant(_years(age), _SEX.get(sex), labels)


def _years(age: str) -> float | None:
    """An age in years: ``89+`` and ``≥89`` are 89, ``>89`` is 90; None for what is no number."""
    match = _AGE.fullmatch(age)
    return float(match[2]) + (match[1] == ">") if match else None
