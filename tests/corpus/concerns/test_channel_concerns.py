"""What became of channels is told with its number, the channels and the setting that mends it."""

from pathlib import Path

import pytest
from clirun import done, eegssl
from edf_bytes import EdfSpec, Signal, noise

SECONDS, RATE_HZ = 20, 100


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
