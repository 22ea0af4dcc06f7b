"""Read where the electrodes of a BIDS electrodes.tsv lie on the head.

Source: BIDS 1.10, "Electrodes description (*_electrodes.tsv)", "Coordinate system JSON" and the
appendix on coordinate systems. Only systems whose axes it defines by landmarks of the head are
known here; those of templates and scanners are turned against them by an angle that no file gives.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eegssl.errors import RecordingRefused
from eegssl.io.bids_names import bids_entities, bids_subject
from eegssl.io.labels.label_text import number, read_label_text

_TABLE, _SYSTEM = "_electrodes.tsv", "coordsystem.json"
_MAX_BYTES = 4 << 20
_LEVELS = 4
"""From the folder of a recording up to that of the data set: ``sub-01/ses-1/eeg``."""

_RAS = ("captrak", "elektaneuromag", "neuromagelektamegin", "chietiitab")
_ALS = ("eeglab", "eeglab-hj", "ctf", "4dbti", "kityokogawa")
_MM = {"m": 1000.0, "cm": 10.0, "mm": 1.0}


@dataclass(frozen=True)
class ElectrodePositions:
    """Places of electrodes by name, in mm, x to the right ear, y to the nose, z up.

    ``problem`` says why places can't be taken, empty where they can; ``places`` are then those of
    the table as they stand there, to tell which labels have one.
    """

    places: Mapping[str, npt.NDArray[np.float64]]
    problem: str = ""


NOWHERE = ElectrodePositions({})
"""No position is known of any electrode."""


def read_electrode_positions(path: Path) -> ElectrodePositions:
    """The positions in a table beside a recording that is of its subject, session, task and run.

    `NOWHERE` without such a table. Of several (a table for each system) the first that can be
    used counts. A table that can't be read is none: nothing else depends on it.
    """
    unusable = NOWHERE
    for table in _tables(path):
        places = dict(_placed(table))
        if not places:
            continue
        axes, unit_mm, problem = _system(table)
        if not problem:
            placed = {name: axes @ place * unit_mm for name, place in places.items()}
            return ElectrodePositions(placed)
        unusable = unusable if unusable.problem else ElectrodePositions(places, problem)
    return unusable


def position_files(path: Path) -> list[Path]:
    """The tables of positions beside a recording, and the files that describe their systems."""
    tables = _tables(path)
    described = (_description_file(table) for table in tables)
    return [*tables, *(file for file in described if file is not None)]


def _tables(path: Path) -> list[Path]:
    """The tables beside a recording whose entities, but ``space``, are among its own."""
    if bids_subject(path) is None:
        return []
    own = bids_entities(path.name).items()
    return [
        path.with_name(name)
        for name in _entries(path.parent, _TABLE)
        if bids_subject(Path(name)) and _without_space(name).items() <= own
    ]


def _entries(folder: Path, ending: str) -> list[str]:
    try:
        return sorted(name for name in os.listdir(folder) if name.endswith(ending))
    except OSError:
        return []


def _without_space(name: str) -> dict[str, str]:
    entities = bids_entities(name)
    entities.pop("space", None)
    return entities


def _placed(table: Path) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """Name and place of the rows of a table that have all three coordinates."""
    try:
        text = read_label_text(table, "electrodes.tsv", _MAX_BYTES)
    except RecordingRefused:
        return
    columns, *rows = [line.split("\t") for line in text.split("\n") if line] or [[""]]
    for row in rows:
        cells = dict(zip(columns, map(str.strip, row), strict=False))
        place = [number(cells.get(axis, "")) for axis in "xyz"]
        if cells.get("name") and None not in place:
            yield cells["name"], np.array(place, dtype=np.float64)


def _system(table: Path) -> tuple[npt.NDArray[np.float64], float, str]:
    """How a table's axes are turned to ours, its unit in mm, and why not, where that isn't known.

    The nearest ``coordsystem.json`` counts, beside the table or in a folder above it.
    """
    right = np.eye(3)
    file = _description_file(table)
    if file is None:
        return right, 1.0, "no coordsystem.json says in which system they are"
    description = _json(file)
    system = str(description.get("EEGCoordinateSystem", "")).strip().lower()
    unit = str(description.get("EEGCoordinateUnits", "")).strip().lower()
    if system not in _RAS + _ALS:
        known = "CapTrak, ElektaNeuromag, ChietiItab, EEGLAB, EEGLAB-HJ, CTF, 4DBti, KitYokogawa"
        return right, 1.0, f"their EEGCoordinateSystem is none whose axes are known ({known})"
    if unit not in _MM:
        return right, 1.0, "their EEGCoordinateUnits are none of m, cm and mm"
    if system in _ALS:  # x to the nose, y to the left ear
        right = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    return right, _MM[unit], ""


def _description_file(table: Path) -> Path | None:
    own = bids_entities(table.name)
    for folder in list(table.parents)[:_LEVELS]:
        for name in _entries(folder, _SYSTEM):
            entities = bids_entities(name)
            if entities.items() <= own.items() and entities.get("space") == own.get("space"):
                return folder / name
        if _entries(folder, "dataset_description.json"):
            break
    return None


def _json(path: Path) -> Mapping[str, object]:
    """The object that a file holds; an empty one for a file that can't be read."""
    try:
        document = json.loads(read_label_text(path, _SYSTEM, _MAX_BYTES))
    except (RecordingRefused, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
