"""What became of channels is told with its number, the channels and the setting that mends it."""

from pathlib import Path

import pytest
from clirun import done, eegssl
from edf_bytes import EdfSpec, Signal, noise

from eegssl.signal.channels.positions import positions

SECONDS, RATE_HZ = 20, 100
IGNORE = "channels.positions=ignore"


def edf(path: Path, *more: Signal) -> None:
    """A file of 20 s of two electrodes, and more signals."""
    path.parent.mkdir(parents=True)
    length = SECONDS * RATE_HZ
    seed = len(str(path)) + sum(path.parent.name.encode())
    usual = [
        Signal(noise(length, seed=seed + k, spread=900), n) for k, n in enumerate(("F3", "F4"))
    ]
    path.write_bytes(EdfSpec([*usual, *more], SECONDS).bytes())


def row(label: str, unit: str = "uV") -> Signal:
    return Signal(noise(SECONDS * RATE_HZ, seed=len(label), spread=900), label, unit)


def bids(root: Path) -> Path:
    """A recording of BIDS whose table calls one channel bad."""
    path = root / "sub-1" / "eeg" / "sub-1_task-x_eeg.edf"
    edf(path, row("C3"))
    rows = "name\ttype\tunits\tstatus\nF3\tEEG\tuV\tgood\nF4\tEEG\tuV\tgood\nC3\tEEG\tuV\tbad\n"
    path.with_name("sub-1_task-x_channels.tsv").write_text(rows)
    return root


def cure_of(root: Path, out: Path, kind: str, *more: str) -> str:
    concerns = done("preprocess", root, "--out", out, "--plan", *more)["facts"]["concerns"]
    return concerns[kind]["cure"] if kind in concerns else ""


def test_channels_left_out_are_told_with_the_settings_for_their_own_faults(tmp_path: Path) -> None:
    root = bids(tmp_path / "bids")
    cure = cure_of(root, tmp_path / "a", "channels-left-out")
    assert "channels.bads=keep" in cure
    assert "read.units" not in cure
    assert not cure_of(root, tmp_path / "b", "channels-left-out", "--set", "channels.bads=keep")
    edf(tmp_path / "unit" / "p1" / "a.edf", row("C3", ""))
    cure = cure_of(tmp_path / "unit", tmp_path / "c", "channels-left-out")
    assert "read.units" in cure
    assert "bads" not in cure


@pytest.mark.parametrize("plan", [(), ("--plan",)])
def test_labels_that_begin_like_electrodes_are_named(tmp_path: Path, plan: tuple[str, ...]) -> None:
    root = tmp_path / "edf"
    edf(root / "p1" / "a.edf", row("POL Fp2"), row("C3 Miller"), row("POL A7"))
    out = tmp_path / "out"
    ran = eegssl("preprocess", root, "--out", out, "--show-names", *plan)
    assert ran.code == 0, ran.err
    assert "2 label(s) in 1 file(s) begin like an electrode" in ran.err
    assert {"C3 Miller", "POL Fp2"} <= {line[:9].strip() for line in ran.out.split("\n")}
    if not plan:
        text = (out / "concerns.tsv").read_text()
        assert "2 labels: POL Fp2, (other text)" in text
        assert "Miller" not in text


def with_positions(root: Path, labels: dict[str, str], system: str) -> Path:
    """A BIDS recording of F3, F4 and more labels, each at the place of an electrode."""
    path = root / "sub-1" / "eeg" / "sub-1_task-x_eeg.edf"
    edf(path, *(row(label) for label in labels))
    places = {label: 0.09 * positions()[name] for label, name in labels.items()}
    table = "".join(f"{n}\t{x:.4f}\t{y:.4f}\t{z:.4f}\n" for n, (x, y, z) in places.items())
    path.with_name("sub-1_task-x_electrodes.tsv").write_text("name\tx\ty\tz\n" + table)
    text = f'{{"EEGCoordinateSystem": "{system}", "EEGCoordinateUnits": "m"}}'
    path.with_name("sub-1_task-x_coordsystem.json").write_text(text)
    return root


def test_electrodes_by_position_are_told_and_listed(tmp_path: Path) -> None:
    electrodes = [
        "Fp1",
        "Fp2",
        "F7",
        "F8",
        "T7",
        "C3",
        "Cz",
        "C4",
        "T8",
        "P7",
        "Pz",
        "P8",
        "O1",
        "O2",
        "F3",
    ]
    labels = {f"E{k}": name for k, name in enumerate(electrodes, start=1)}
    labels["Miller"] = labels.pop("E6")
    root = with_positions(tmp_path / "bids", labels, "CapTrak")
    out = tmp_path / "out"
    facts = done("preprocess", root, "--out", out)["facts"]
    concern = facts["concerns"]["positions-used"]
    assert concern["n"] == 14
    assert "1 more are left out" in concern["text"]  # that at F3, which has its name
    assert "channels.positions=ignore" in concern["cure"]
    assert "positions-unread" not in facts["concerns"]
    rows = {tuple(line.split("\t")[:2]) for line in (out / "channels.tsv").read_text().split("\n")}
    assert {("E1", "Fp1"), ("(other text)", "C3"), ("F3", "F3")} <= rows
    texts = [p.read_text() for p in out.rglob("*") if p.suffix in (".tsv", ".json")]
    assert not any("Miller" in text for text in texts)
    assert eegssl("check", out).code == 0
    concerns = done("preprocess", root, "--plan", "--out", tmp_path / "b", "--set", IGNORE)
    assert concerns["facts"]["concerns"]["positions-unread"]["n"] == 15


def test_positions_that_cannot_be_used_are_told_with_the_reason(tmp_path: Path) -> None:
    root = with_positions(tmp_path / "bids", {"E1": "C3", "E2": "C4"}, "ARS")
    concerns = done("preprocess", root, "--out", tmp_path / "a", "--plan")["facts"]["concerns"]
    assert concerns["positions-unread"]["n"] == 2
    assert "none whose axes are known (CapTrak" in concerns["positions-unread"]["text"]
    assert "channels.table" in concerns["positions-unread"]["cure"]
