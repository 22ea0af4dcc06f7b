"""BIDS ``participants.tsv``: age, sex and label columns by subject."""

from dataclasses import dataclass, field
from pathlib import Path

from eegssl.errors import InputError
from eegssl.io.tal import decode

_SEX = {"f": "f", "female": "f", "m": "m", "male": "m", "o": "o", "other": "o"}
_MISSING = ("", "n/a")


@dataclass(frozen=True)
class Participant:
    """What the table says of one subject; None and absent keys are what it does not say."""

    age_years: float | None
    sex: str | None
    labels: dict[str, str] = field(repr=False)


def read_participants(root: Path) -> dict[str, Participant]:
    """Subject (``participant_id``) -> participant; empty where there is no such table.

    Raises InputError for a table without ``participant_id``, with a subject twice, or with a row
    of another length.
    """
    path = root / "participants.tsv"
    if not path.exists():
        return {}
    lines = decode(path.read_bytes()).removeprefix("\ufeff").splitlines()
    rows = [line.split("\t") for line in lines if line.strip()]
    if not rows or "participant_id" not in rows[0]:
        raise InputError("participants.tsv: expected a column participant_id, found none")
    people: dict[str, Participant] = {}
    for number, cells in enumerate(rows[1:], start=2):
        if len(cells) != len(rows[0]):
            found = f"{len(cells)} fields, expected {len(rows[0])}"
            raise InputError(f"participants.tsv, row {number}: {found}")
        row = {name: cell.strip() for name, cell in zip(rows[0], cells, strict=True)}
        subject = row.pop("participant_id")
        if subject in people:
            raise InputError(f"participants.tsv, row {number}: a subject for the second time")
        people[subject] = _participant(row)
    return people


def _participant(row: dict[str, str]) -> Participant:
    age = row.pop("age", "").rstrip("+")
    sex = row.pop("sex", "").lower()
    labels = {name: cell for name, cell in row.items() if cell.lower() not in _MISSING}
    is_number = age.replace(".", "", 1).isdecimal() and age.isascii()
    return Participant(float(age) if is_number else None, _SEX.get(sex), labels)
