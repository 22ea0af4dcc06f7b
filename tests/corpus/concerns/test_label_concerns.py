"""What labels there are, and what was not understood or not read, is told with its number."""

from pathlib import Path
from typing import Any

import pytest
from clirun import done, eegssl
from edf_bytes import EdfSpec, Signal, noise, time_stamps

from eegssl.corpus.concerns.concern import CONCERNS, CONCERNS_CELLS
from eegssl.io.private.pseudonyms import Pseudonyms
from eegssl.io.tables.tsv import read_tsv

SECONDS, RATE_HZ = 20, 100
HEAD = "onset\tduration\teventType\n"


def edf(path: Path, *tals: bytes, clock: bytes = b"01.01.2010.00.00") -> None:
    """A file of 20 s of two electrodes that began at ``clock``, perhaps with annotations."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = len(list(path.parent.parent.rglob("*")))
    values = [noise(SECONDS * RATE_HZ, seed=2 * seed + k, spread=900) for k in range(2)]
    stamps = time_stamps([str(k) for k in range(SECONDS)]) if tals else []
    for k, tal in enumerate(tals):
        stamps[k] += tal
    signals = [Signal(row, name) for row, name in zip(values, ("Fp1", "O2"), strict=True)]
    kind = "EDF+C" if tals else ""
    spec = EdfSpec(signals, SECONDS, kind=kind, tals=stamps, main={(168, 184): clock})
    path.write_bytes(spec.bytes())


def tal(onset_s: int, duration_s: int, text: str, encoding: str = "utf-8") -> bytes:
    return f"+{onset_s}\x15{duration_s}\x14".encode() + text.encode(encoding) + b"\x14\x00"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    """Kind -> path -> detail of what is doubtful, and the document of the command."""
    root, out = tmp_path_factory.mktemp("edf"), tmp_path_factory.mktemp("made") / "out"
    edf(root / "p0" / "a.edf")
    (root / "p0" / "a.tsv").write_text(f"{HEAD}5\t10\tsz\n")
    edf(root / "p1" / "a.edf")
    (root / "p1" / "a.tsv").write_text(f"{HEAD}0\t20\tbckg\n")
    edf(root / "p2" / "a.edf")
    (root / "p2" / "Anfallsliste.csv").write_text("Beginn;Ende\n3;9\n")
    (root / "seizures_dev.tsv").write_text("file\tstart\tstop\n")
    (root / "participants.tsv").write_text("participant_id\tage\n")
    edf(root / "p3" / "a.edf", tal(5, 4, "癫痫发作", "gbk"), tal(9, 1, "приступ"))
    edf(root / "p4" / "one.edf", tal(2, 3, "seizure"), tal(26, 4, "seizure"))
    edf(root / "p4" / "two.edf", clock=b"01.01.2010.00.20")
    for name in ("b.rec", "c", "d.edf+", "e.miller"):
        edf(root / "p5" / name)
    (root / "p5" / "note.rec").write_text("0.1,0.2,3,4\n")
    (root / "p5" / "x.lay").touch()
    document = done("preprocess", root, "--out", out)
    names, told = Pseudonyms(), {}
    for row in read_tsv(out / CONCERNS, list(CONCERNS_CELLS)):
        told.setdefault(row["kind"], {})[names.name(row["id"])] = row["detail"]
    return told, document


def test_labels_are_counted_always(made: tuple[dict[str, Any], dict[str, Any]]) -> None:
    labels = made[1]["facts"]["labels"]
    assert (labels["seizures"], labels["events"]) == (2, 3)
    assert (labels["files_labelled"], labels["files_unlabelled"]) == (3, 3)
    assert labels["hours_labelled"] == pytest.approx(60 / 3600, abs=1e-4)


def test_files_without_labels_beside_files_with_them(made: tuple[dict[str, Any], Any]) -> None:
    told = made[0]["unlabelled"]
    assert set(told) == {"p2/a.edf", "p3/a.edf", "p4/two.edf"}
    (line,) = [w for w in made[1]["warnings"] if "have no labels, while 3 have" in w]
    assert line.startswith("3 file(s)")


def test_annotations_in_another_language(made: tuple[dict[str, Any], Any]) -> None:
    assert made[0]["labels-not-understood"] == {"p3/a.edf": "2 annotations"}
    (line,) = [w for w in made[1]["warnings"] if "not understood" in w]
    assert line.startswith("2 annotation(s) of 1 file(s)")
    assert "--keep-text" in line


@pytest.mark.parametrize(
    "written", [b"+5,5\x1510\x14sz\x14\x00", b"+5\x152,5\x14sz\x14\x00", b"+5,25\x14sz\x14\x00"]
)
def test_times_with_a_decimal_comma_are_told_with_the_setting(
    tmp_path: Path, written: bytes
) -> None:
    edf(tmp_path / "edf" / "p0" / "a.edf", written)
    concern = _concern(tmp_path / "edf", tmp_path / "a")
    assert (concern["n"], "--set read.decimal_comma=true" in concern["cure"]) == (1, True)
    assert not _concern(tmp_path / "edf", tmp_path / "b", "--set", "read.decimal_comma=true")


def _concern(root: Path, out: Path, *more: str) -> dict[str, Any]:
    facts = done("preprocess", root, "--out", out, "--plan", *more)["facts"]
    concern: dict[str, Any] = facts["concerns"].get("decimal-comma-times", {})
    return concern


def test_tables_that_no_reader_knows(made: tuple[dict[str, Any], Any]) -> None:
    assert made[0]["labels-unread"] == {"p2/Anfallsliste.csv": ".csv", "seizures_dev.tsv": ".tsv"}


def test_labels_that_fall_into_the_next_file(made: tuple[dict[str, Any], Any]) -> None:
    told = made[0]["labels-in-next-file"]
    assert set(told) == {"p4/one.edf", "p4/two.edf"}
    (line,) = [w for w in made[1]["warnings"] if "one study in several files" in w]
    assert line.count("r-") == 2


def test_files_passed_over_are_counted_by_kind(made: tuple[dict[str, Any], Any]) -> None:
    told = made[0]["misnamed"]
    assert told == {"p5/b.rec": ".rec", "p5/c": "no ending", "p5/d.edf+": ".edf+",
                    "p5/e.miller": "another ending"}  # fmt: skip
    assert made[1]["facts"]["concerns"]["other-formats"]["n"] == 1
    assert any(
        "1 × .edf+, 1 × .rec, 1 × another ending, 1 × no ending" in w for w in made[1]["warnings"]
    )


def test_misnamed_files_alone_say_how_they_are_read(tmp_path: Path) -> None:
    edf(tmp_path / "edf" / "p0" / "a.rec")
    ran = eegssl("preprocess", tmp_path / "edf", "--out", tmp_path / "out")
    assert ran.code == 3
    assert "1 × .rec begin as EDF or BDF does: rename them to .edf or .bdf" in ran.err


def test_words_of_the_user_are_known_in_the_encoding_of_the_file(tmp_path: Path) -> None:
    root = tmp_path / "edf"
    edf(root / "p0" / "a.edf", tal(5, 4, "癫痫发作", "gbk"), tal(12, 3, "приступ"))
    edf(root / "p1" / "a.edf", tal(5, 4, "Приступ", "cp1251"), tal(9, 1, "癫痫发作"))
    edf(root / "p2" / "a.edf", tal(5, 1, "发作开始", "gbk"), tal(9, 1, "发作结束", "gbk"))
    words = (
        '{ "癫痫发作" = "sz", "приступ" = "sz", "发作开始" = "sz start", "发作结束" = "sz end" }'
    )
    command = ("preprocess", root, "--out", tmp_path / "out", "--jobs", 1)
    document = done(*command, "--set", f"events.words={words}")
    assert document["facts"]["labels"]["seizures"] == 5
    assert "labels-not-understood" not in document["facts"]["concerns"]
    assert "发作" not in str(document)
