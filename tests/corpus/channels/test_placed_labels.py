"""Labels that name no electrode are the nearest by position, where positions can be believed."""

import json
from pathlib import Path

import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise

from eegssl.corpus.channels.overrides import channel_rules, labels_by_position, overrides_of
from eegssl.corpus.channels.placed_labels import PlacedLabels
from eegssl.corpus.preprocessing.channel_selection import Choice, Selection, select
from eegssl.errors import RecordingRefused
from eegssl.io.config import ReadSettings
from eegssl.io.edf.header import read_header
from eegssl.signal.channels.positions import positions
from eegssl.signal.config import ChannelSettings

NAMES = [
    "Fp1",
    "Fp2",
    "F7",
    "F3",
    "Fz",
    "F4",
    "F8",
    "T7",
    "C3",
    "Cz",
    "C4",
    "T8",
    "P7",
    "P3",
    "Pz",
    "P4",
    "P8",
    "O1",
    "O2",
]
LABELS = [f"X{k}" for k in range(1, len(NAMES) + 1)]
CENTRE_MM, RADIUS_MM = np.array([2.0, 15.0, 40.0]), 95.0
CAPTRAK = {"EEGCoordinateSystem": "CapTrak", "EEGCoordinateUnits": "mm"}
STEM = "sub-1_task-rest"
CHANGES = {
    "CapTrak": (np.eye(3), "mm", 1.0),
    "captrak ": (np.eye(3), "cm", 0.1),
    "ElektaNeuromag": (np.eye(3), "m", 0.001),
    "EEGLAB": (np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]), "mm", 1.0),
    "CTF": (np.array([[0, 1, 0], [-1, 0, 0], [0, 0, 1]]), "cm", 0.1),
}


def places(names: list[str] = NAMES, off_mm: float = 5.0) -> np.ndarray:
    """Places of electrodes in mm, each moved by some millimetres along the head."""
    steps = np.random.default_rng(len(names)).normal(size=(len(names), 3))
    points = RADIUS_MM * np.array([positions()[name] for name in names], dtype=np.float64)
    steps -= points * (steps * points).sum(axis=1, keepdims=True) / RADIUS_MM**2
    return CENTRE_MM + points + off_mm * steps / np.linalg.norm(steps, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "sub-1" / "eeg"
    path.mkdir(parents=True)
    return path


def write(
    folder: Path, labels: list[str], points: np.ndarray, system: object, stem: str = STEM
) -> None:
    rows = ["name\tx\ty\tz\timpedance"]
    rows += [
        "\t".join([label, *(f"{value:.4f}" for value in point), "n/a"])
        for label, point in zip(labels, points, strict=True)
    ]
    (folder / f"{stem}_electrodes.tsv").write_text("\n".join(rows) + "\n")
    if system is not None:
        text = system if isinstance(system, str) else json.dumps(system)
        (folder / f"{stem}_coordsystem.json").write_text(text)


def placed(folder: Path, labels: list[str]) -> PlacedLabels:
    return labels_by_position(read_header(recording(folder, labels)), ())


def recording(folder: Path, labels: list[str]) -> Path:
    path = folder / f"{STEM}_eeg.edf"
    path.write_bytes(EdfSpec([Signal(noise(200, k), x) for k, x in enumerate(labels)], 4).bytes())
    return path


def chosen(folder: Path, labels: list[str], **settings: object) -> tuple[Selection, Choice]:
    rules = channel_rules(ChannelSettings.model_validate(settings), ReadSettings())
    header = read_header(recording(folder, labels))
    choice = Choice(overrides_of(header, "sub-1/eeg/a.edf", rules))
    return select(header, choice), choice


@pytest.mark.parametrize("system", CHANGES)
def test_positions_of_every_known_system_name_channels(folder: Path, system: str) -> None:
    axes, unit, scale = CHANGES[system]
    stated = {"EEGCoordinateSystem": system, "EEGCoordinateUnits": unit}
    write(folder, LABELS, scale * places() @ axes.T, stated)
    selection, choice = chosen(folder, [*LABELS, "Trig"])
    assert [s.channel.name for s in selection.eeg] == NAMES
    assert [o.by_position for o in choice.overrides] == [True] * len(NAMES) + [False]
    with pytest.raises(RecordingRefused, match="none of 19 signals"):
        chosen(folder, LABELS, positions="ignore")


def test_names_and_settings_beat_positions(folder: Path) -> None:
    write(folder, LABELS, places(), CAPTRAK)
    labels = ["C3" if label == "X4" else label for label in LABELS]  # X9 lies at C3
    selection, _ = chosen(folder, labels, rename={"X1": "AF7"}, drop=["X2"])
    names = [s.channel.name for s in selection.eeg]
    assert names[:3] == ["AF7", "F7", "C3"]
    assert names.count("C3") == 1
    assert not {"Fp1", "Fp2"} & set(names)


def test_the_nearest_of_two_counts_and_the_other_is_left_out(folder: Path) -> None:
    points = np.vstack([places(off_mm=3.0), places(["O1"], off_mm=9.0)])
    write(folder, [*LABELS, "Y"], points, CAPTRAK)
    selection, choice = chosen(folder, [*LABELS, "Y"])
    assert [s.channel.name for s in selection.eeg] == NAMES
    assert choice.overrides[-1].left_out == "no-electrode"


def test_types_of_channels_beat_positions(folder: Path) -> None:
    write(folder, LABELS, places(), CAPTRAK)
    rows = [f"{x}\t{'EOG' if x == 'X1' else 'EEG'}\tuV\tgood" for x in LABELS]
    rows[8] = "X9\tEEG\tuV\tbad"
    table = "\n".join(["name\ttype\tunits\tstatus", *rows]) + "\n"
    (folder / f"{STEM}_channels.tsv").write_text(table)
    selection, _ = chosen(folder, LABELS)
    assert [s.channel.name for s in selection.eeg] == [n for n in NAMES if n not in ("Fp1", "C3")]
    assert [(c.name, c.code) for c in selection.left_out] == [("C3", "marked-bad")]


def test_a_grids_own_names_are_no_electrodes(folder: Path) -> None:
    labels = [f"{'ABC'[k % 3]}{k + 1}" for k in range(len(NAMES))]
    write(folder, labels, places(), CAPTRAK)
    selection, _ = chosen(folder, labels)
    assert [s.channel.name for s in selection.eeg] == NAMES


@pytest.mark.parametrize(
    ("system", "words"),
    [
        (None, "no coordsystem.json"),
        ("{", "none whose axes are known"),
        ("[]", "none whose axes are known"),
        (CAPTRAK | {"EEGCoordinateSystem": "Other"}, "none whose axes are known"),
        (CAPTRAK | {"EEGCoordinateSystem": "ARS"}, "none whose axes are known"),
        (CAPTRAK | {"EEGCoordinateSystem": ["CapTrak"]}, "none whose axes are known"),
        ({"iEEGCoordinateSystem": "CapTrak"}, "none whose axes are known"),
        (CAPTRAK | {"EEGCoordinateSystem": "MNI152Lin"}, "none whose axes are known"),
        (CAPTRAK | {"EEGCoordinateUnits": "n/a"}, "none of m, cm and mm"),
        (CAPTRAK | {"EEGCoordinateUnits": "m"}, "metres away"),
        (CAPTRAK | {"EEGCoordinateUnits": "cm"}, "around no head: 951 mm"),
        (CAPTRAK | {"EEGCoordinateSystem": "EEGLAB"}, "less alike than front and back"),
    ],
)
def test_positions_that_cannot_be_believed_are_told(
    folder: Path, system: object, words: str
) -> None:
    write(folder, LABELS, places(), system)
    result = placed(folder, LABELS)
    assert words in result.problem
    assert result.unread == tuple(LABELS)
    assert not result.electrodes
    with pytest.raises(RecordingRefused):
        chosen(folder, LABELS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p[:5], "too few"),
        (lambda p: np.tile(p, (60, 1)) + np.arange(60 * len(p))[:, None] * 1e-3, "more than a cap"),
        (lambda p: p * 1e9, "metres away"),
        (lambda p: p * [1, 1, -1], "z does not point up"),
        (lambda p: np.random.default_rng(0).uniform(-90, 90, p.shape), "around no head"),
        (lambda p: CENTRE_MM + p * 0.1 + [0, 0, 90], "around no head"),
        (lambda p: p * 0, "around no head"),
    ],
)
def test_points_that_are_no_head_are_told(folder: Path, change, words: str) -> None:
    points = change(places())
    labels = [*LABELS, *(f"Z{k}" for k in range(len(points)))][: len(points)]
    write(folder, labels, points, CAPTRAK)
    assert words in placed(folder, labels[:19]).problem


def test_named_electrodes_must_lie_where_they_should(folder: Path) -> None:
    write(folder, [*NAMES[:8], *LABELS[8:]], places() * [-1, 1, 1], CAPTRAK)
    result = placed(folder, [*NAMES[:8], *LABELS[8:]])
    assert "7 of 8 electrodes that it names lie elsewhere (Fp1, Fp2, F7, F3)" in result.problem
    write(folder, [*NAMES[:8], *LABELS[8:]], places(), CAPTRAK)
    assert placed(folder, [*NAMES[:8], *LABELS[8:]]).electrodes["X9"] == "C3"


def test_of_several_tables_that_of_a_known_system_counts(folder: Path) -> None:
    write(folder, LABELS, places(), CAPTRAK | {"EEGCoordinateSystem": "Other"}, f"{STEM}_space-A")
    write(folder, LABELS, places(), CAPTRAK, f"{STEM}_space-CapTrak")
    assert placed(folder, LABELS).electrodes["X1"] == "Fp1"


def test_a_system_is_found_above_and_tables_of_others_are_not_taken(folder: Path) -> None:
    write(folder, LABELS, places(), None)
    (folder.parents[1] / "coordsystem.json").write_text(json.dumps(CAPTRAK))
    assert placed(folder, LABELS).electrodes["X1"] == "Fp1"
    (folder / f"{STEM}_electrodes.tsv").rename(folder / "sub-1_task-other_electrodes.tsv")
    assert placed(folder, LABELS) == PlacedLabels()


@pytest.mark.parametrize("text", ["", "name\tx\n", "name\tx\ty\tz\nX1\t1e999\tnan\t3\n", "\x00"])
def test_a_table_without_positions_is_none(folder: Path, text: str) -> None:
    (folder / f"{STEM}_electrodes.tsv").write_text(text)
    assert placed(folder, LABELS) == PlacedLabels()
