"""Read tables of channels: a BIDS channels.tsv, and the user's own.

Source: BIDS 1.10, "Channels description (*_channels.tsv)".
"""

import os
from dataclasses import dataclass
from pathlib import Path

from eegssl.errors import ConfigError, RecordingRefused
from eegssl.io.bids_names import bids_stem
from eegssl.io.labels.label_text import read_label_text
from eegssl.io.physical_units import require_voltage
from eegssl.io.tables.tsv import doubled_columns, read_tsv

_MISSING = ("", "n/a")
_MAX_BYTES = 4 << 20


@dataclass(frozen=True)
class BidsChannel:
    """What ``channels.tsv`` says of a label: type and unit, empty where none; bad or not."""

    type: str
    unit: str
    bad: bool


@dataclass(frozen=True)
class TableRow:
    """A row of the user's table: patterns of path and label, and what it sets, empty where nothing.

    ``name`` is an electrode, a derivation, or ``drop``.
    """

    file: str
    label: str
    name: str
    reference: str
    unit: str
    scale: float | None


def bids_channels_file(edf_path: Path) -> Path | None:
    """The ``…_channels.tsv`` beside ``…_eeg.edf``, or None; a link that leads nowhere counts."""
    stem = bids_stem(edf_path)
    path = edf_path.with_name(f"{stem}_channels.tsv")
    return path if stem is not None and os.path.lexists(path) else None


def read_bids_channels(path: Path) -> dict[str, BidsChannel]:
    """Label -> what the table says of it.

    Raises RecordingRefused ``channels`` for a table without the columns ``name`` and ``type``, with
    two columns of one name, a row of another length, or a label twice with different words.
    """
    lines = read_label_text(path, "channels.tsv", _MAX_BYTES).split("\n")
    columns, *rows = [line.split("\t") for line in lines if line.strip()] or [[""]]
    if "name" not in columns or "type" not in columns:
        raise _refused("it has no columns name and type, separated by tabs")
    if twice := doubled_columns(columns):
        raise _refused(f"it has {twice}, expected each once")
    channels: dict[str, BidsChannel] = {}
    for number, cells in enumerate(rows, start=2):
        if len(cells) != len(columns):
            raise _refused(f"row {number} has {len(cells)} fields, expected {len(columns)}")
        row = {k: v.strip() for k, v in zip(columns, cells, strict=True)}
        words = {k: "" if v.lower() in _MISSING else v for k, v in row.items()}
        bad = words.get("status", "").lower() == "bad"
        channel = BidsChannel(words["type"].upper(), words.get("units", ""), bad)
        if channels.setdefault(row["name"], channel) != channel:
            raise _refused(f"row {number} contradicts another row of the same name")
    return channels


def read_channel_table(path: Path) -> tuple[TableRow, ...]:
    """The rows of the user's table (``channels.table``).

    Raises ConfigError for one that can't be read, without ``label``, or with a cell that is wrong.
    """
    return tuple(_row(cells, n, path) for n, cells in enumerate(read_tsv(path, ["label"]), start=2))


def _row(cells: dict[str, str], number: int, path: Path) -> TableRow:
    words = {k: "" if v.lower() in _MISSING else v for k, v in cells.items()}
    try:
        unit = words.get("unit", "")
        scale = float(words["scale"]) if words.get("scale") else None
        if unit:
            require_voltage(unit)
        if scale == 0:
            raise ValueError("got a scale of 0, expected another factor")
    except ValueError as error:
        raise ConfigError(f"{path}, row {number}: {_plain(error)}") from None
    name, reference = words.get("name", ""), words.get("reference", "")
    return TableRow(words.get("file", ""), cells["label"], name, reference, unit, scale)


def _plain(error: ValueError) -> str:
    text = str(error)
    return text if text.startswith("got") else "scale is no number; expected one such as 0.001"


def _refused(what: str) -> RecordingRefused:
    reason = f"its channels.tsv can't be read: {what}; mend it, or take it away"
    return RecordingRefused("channels", reason)
