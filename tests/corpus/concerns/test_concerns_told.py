"""What is doubtful in a corpus is told on the terminal, in --json, in the manifest, by check."""

from pathlib import Path

import pytest
from clirun import Ran, done, eegssl
from tinycorpus import noise_uv

from eegssl.corpus.concerns.concern import (
    CONCERNS,
    CONCERNS_CELLS,
    Concern,
    as_facts,
    as_table,
    of_lines,
)
from eegssl.corpus.concerns.shown_concerns import sentences
from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.tables.tsv import read_tsv

TEXT = "recording(s) end before their header says"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three people, one of whose files is cut in its last record."""
    root: Path = tmp_path_factory.mktemp("edf")
    for k in range(3):
        path = root / f"sub-{k}" / f"sub-{k}_eeg.edf"
        path.parent.mkdir()
        write_edf(path, noise_uv(2, 20, 256, seed=k), ["Fp1", "O2"], 256)
    path.write_bytes(path.read_bytes()[:-100])
    return root


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ran]:
    out = tmp_path_factory.mktemp("made") / "out"
    return out, eegssl("preprocess", folder, "--out", out, "--show-names")


def test_the_four_places_say_the_same(folder: Path, made: tuple[Path, Ran]) -> None:
    out, ran = made
    assert ran.code == 0, ran.err
    (row,) = read_tsv(out / CONCERNS, list(CONCERNS_CELLS))
    assert row["kind"] == "truncated"
    told = f"1 {TEXT}; what is there was read ({row['id']})"
    assert f"warning: {told}" in ran.err
    assert "sub-2/sub-2_eeg.edf" in ran.out
    document = done("preprocess", folder, "--out", out)  # already made
    assert document["warnings"] == [told]
    concern = document["facts"]["concerns"]["truncated"]
    assert (concern["n"], concern["ids"]) == (1, [row["id"]])
    assert done("check", out)["concerns"] == document["facts"]["concerns"]
    checked = eegssl("check", out, "--show-names")
    assert f"warning: {told}" in checked.err
    assert "sub-2/sub-2_eeg.edf" in checked.out


def test_no_path_is_shown_unasked(made: tuple[Path, Ran]) -> None:
    out, _ = made
    ran = eegssl("check", out)
    assert "sub-2" not in ran.out + ran.err
    assert "sub-2" not in (out / CONCERNS).read_text() + (out / "manifest.json").read_text()


def test_a_sentence_names_some_and_the_table_all() -> None:
    which = [(f"r-{k:012x}", f"detail {k}") for k in range(30)]
    (concern,) = of_lines("kind", "recording(s) are odd", "set odd=no", which)
    shown = "r-000000000000, r-000000000001, r-000000000002 …"
    assert concern.sentence == f"30 recording(s) are odd ({shown}); set odd=no"
    assert sentences({"concerns": as_facts([concern])}) == [concern.sentence]
    assert len(as_table([concern]).splitlines()) == 31
    assert as_table([Concern("kind", 2, "things", "")]).splitlines()[1] == "kind\tn/a\tn/a"
    assert of_lines("kind", "recording(s) are odd", "", []) == []
    assert sentences({}) == []
