"""Recordings and channels that are too large, too small or too coarse for EEG are told."""

from pathlib import Path

import numpy as np
import pytest
from clirun import done
from edf_bytes import EdfSpec, Signal
from tinycorpus import noise_uv

from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.tsv import read_tsv
from eegssl.signal.amplitude import amplitude_fault, is_coarse, spread_uv

NAMES = ("Fp1", "F7", "T7", "O1", "Fp2")
SECONDS, RATE_HZ = 20, 200
FINE = 0.1  # µV a digital step
WIDE = 30.5


def file_bytes(k: int, unit: str = "uV", steps_uv: float = FINE, louder: str = "") -> bytes:
    """A file of some 40 µV if its unit is µV; one electrode may be a thousand times as loud."""
    signal = noise_uv(len(NAMES), SECONDS, RATE_HZ, seed=k)
    signal *= 40 / signal.std()
    limits = (f"{-32768 * steps_uv:.0f}", f"{32767 * steps_uv:.0f}", "-32768", "32767")
    signals = []
    for name, row in zip(NAMES, signal, strict=True):
        values = np.rint(row / steps_uv).astype(int)
        loud = name == louder
        signals.append(Signal(values, f"EEG {name}", "mV" if loud else unit, limits))
    return EdfSpec(signals, SECONDS).bytes()


FILES = {
    "sub-0": file_bytes(0),
    "sub-1": file_bytes(1),
    "sub-2": file_bytes(2),
    "sub-milli": file_bytes(3, unit="mV"),
    "sub-volt": file_bytes(4, unit="V"),
    "sub-wide": file_bytes(5, steps_uv=WIDE),
    "sub-zlost": file_bytes(7, steps_uv=10 * WIDE),
    "sub-loud": file_bytes(6, louder="O1"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recordings made of all these files."""
    root, out = tmp_path_factory.mktemp("edf"), tmp_path_factory.mktemp("made") / "out"
    for name, raw in FILES.items():
        (root / name).mkdir()
        (root / name / "a.edf").write_bytes(raw)
    done("preprocess", root, "--out", out, "--set", "look.recordings=5")
    return out


def told(out: Path, kind: str) -> dict[str, str]:
    """Folder of each file that a kind of concern is about -> the detail of its last row."""
    names, rows = Pseudonyms(), read_tsv(out / CONCERNS, list(CONCERNS_CELLS))
    return {names.name(r["id"]).split("/")[0]: r["detail"] for r in rows if r["kind"] == kind}


def test_a_unit_that_is_wrong_by_a_thousand_is_told(made: Path) -> None:
    odd = told(made, "amplitude")
    assert set(odd) == {"sub-milli", "sub-volt"}
    assert "times the others" in odd["sub-milli"]
    assert set(told(made, "above-a-volt")) == {"sub-volt"}
    facts = done("check", made)["concerns"]
    assert facts["amplitude"]["n"] == 2


def test_a_plan_tells_it_before_anything_is_made(tmp_path: Path) -> None:
    for name in ("sub-0", "sub-1", "sub-2", "sub-milli"):
        (tmp_path / "edf" / name).mkdir(parents=True)
        (tmp_path / "edf" / name / "a.edf").write_bytes(FILES[name])
    document = done("preprocess", tmp_path / "edf", "--out", tmp_path / "out", "--plan")
    concern = document["facts"]["concerns"]["amplitude"]
    assert [Pseudonyms().name(id_) for id_ in concern["ids"]] == ["sub-milli/a.edf"]
    assert "read.scale" in concern["cure"]


def test_a_channel_is_compared_with_its_neighbours(made: Path) -> None:
    odd = told(made, "amplitude-channel")
    assert set(odd) == {"sub-loud"}
    assert odd["sub-loud"].startswith("O1: ")


def test_steps_that_are_coarser_than_eeg_are_told(made: Path) -> None:
    assert told(made, "coarse") == {"sub-wide": "Fp2: steps of 30.5 µV"}
    (row,) = read_tsv(made / "refused.tsv", ("code", "reason"))
    assert (row["code"], "a digital step is 305 µV" in row["reason"]) == ("no-eeg", True)


def test_check_finds_nothing_wrong_with_what_preprocess_just_made(made: Path) -> None:
    assert done("check", made)["problems"] == []


def test_odd_pages_are_shown_first(made: Path) -> None:
    names = {Pseudonyms().name(page.stem) for page in (made / "look").glob("r-*.html")}
    assert names & {"sub-milli/a.edf", "sub-volt/a.edf"}


def test_the_spread_is_that_of_most_of_the_time() -> None:
    row = np.random.default_rng(0).standard_normal(500_000).astype(np.float32) * 40
    assert spread_uv(row) == pytest.approx(40, rel=0.02)
    row[:50_000] *= 1000  # an artifact for a tenth of the time
    assert spread_uv(row) == pytest.approx(40, rel=0.2)
    assert spread_uv(row[:0]) == 0


@pytest.mark.parametrize(
    ("size", "typical", "words"),
    [
        (40.0, 40.0, ""),
        (600.0, 40.0, ""),
        (1200.0, 40.0, "1,200 µV, 30 times the others"),
        (1.0, 40.0, "1 µV, 1/40 of the others"),
        (1001.0, 0.0, "1,001 µV"),
        (0.04, 0.0, "0.04 µV"),
        (0.04, 0.04, "0.04 µV"),
        (2.0, 0.0, ""),
    ],
)
def test_sizes_that_are_odd(size: float, typical: float, words: str) -> None:
    assert amplitude_fault(size, typical) == words


def test_a_fine_converter_is_not_coarse_whatever_its_unit_says() -> None:
    assert not is_coarse(40, 0.1)
    assert not is_coarse(40_000, 100)  # mV for µV: the unit is wrong, not the converter
    assert is_coarse(190, 305)
    assert is_coarse(0, 305)
    assert not is_coarse(0, 0.1)
    assert is_coarse(0.04, 0.1)
