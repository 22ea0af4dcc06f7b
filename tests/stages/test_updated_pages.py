"""An update keeps the pages that would be the same, and reads no file again for them."""

import json
import shutil
from pathlib import Path

import pytest
from clirun import done, eegssl, files_of
from tinycorpus import noise_uv, write_corpus

from eegssl.io.edf.edf_writer import write_edf
from eegssl.io.tables.participants import SYNTHETIC

N_PAGES = 3


def one_file(folder: Path, seed: int) -> Path:
    folder.mkdir()
    path = folder / "a.edf"
    write_edf(path, noise_uv(2, 40, 200, seed), ["EEG Fp1-REF", "EEG O2-REF"], 200)
    path.with_suffix(".tsv").write_text("onset\tduration\teventType\n10\t5\tsz\n")
    return path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Seven files of four people, and the recordings made of them with three pages."""
    root = tmp_path_factory.mktemp("paged")
    edf = write_corpus(root / "edf", range(3))
    one_file(edf / "sub-seized", 1)
    assert eegssl(*command(edf, root / "out")).code == 0
    return edf, root / "out"


@pytest.fixture
def place(corpus: tuple[Path, Path], tmp_path: Path) -> tuple[Path, Path]:
    """Copies of both, with the times of the files."""
    edf, out = corpus
    return shutil.copytree(edf, tmp_path / "edf"), shutil.copytree(out, tmp_path / "out")


def command(edf: Path, out: Path, n_pages: int = N_PAGES) -> list[object]:
    pages = f"look.recordings={n_pages}"
    return ["preprocess", edf, "--out", out, "--jobs", 1, "--set", pages]


def n_made(edf: Path, out: Path, *more: object, n_pages: int = N_PAGES) -> int:
    """Number of files that an update reads; its folder is that of a fresh run."""
    words = [*command(edf, out, n_pages), *more]
    made: int = done(*words, "--update")["update"]["made"]
    words[3] = out.with_name("fresh")
    assert eegssl(*words, "--overwrite").code == 0
    assert files_of(out) == files_of(words[3])
    return made


def test_pages_are_those_of_a_fresh_run(place: tuple[Path, Path]) -> None:
    edf, out = place
    n_files = len(list(edf.rglob("*.edf")))
    assert n_made(edf, out, n_pages=n_files) == n_files - N_PAGES
    seized = edf / "sub-seized" / "a.tsv"
    seized.write_text(seized.read_text() + "20\t4\tsz\n")
    assert n_made(edf, out, n_pages=n_files) == 1
    shutil.rmtree(seized.parent)
    assert n_made(edf, out, n_pages=n_files) == 0
    one_file(edf / "sub-new", 2)
    assert n_made(edf, out, n_pages=2) <= 2
    assert [len(list((out / name).glob("r-*"))) for name in ("look", "clips")] == [2, 2]


@pytest.mark.parametrize("lost", ["nothing", "page", "words", "clip", "synthetic"])
def test_a_page_that_would_be_the_same_is_kept(place: tuple[Path, Path], lost: str) -> None:
    edf, out = place
    page, clip = (min((out / name).glob("r-*")) for name in ("look", "clips"))
    if lost == "synthetic":
        made_by = {"GeneratedBy": [{"Name": SYNTHETIC}]}
        (edf / "dataset_description.json").write_text(json.dumps(made_by))
    elif lost == "words":
        page.write_text(page.read_text() + "words")
    elif lost != "nothing":
        (page if lost == "page" else clip).unlink()
    before = {path: path.stat().st_mtime_ns for path in (out / "look").glob("r-*")}
    made = n_made(edf, out, "--set", "limits.time_s=999")
    assert made == (lost == "clip")
    drawn = [p for p in (out / "look").glob("r-*") if p.stat().st_mtime_ns != before.get(p)]
    assert len(drawn) == {"nothing": 0, "synthetic": N_PAGES}.get(lost, 1)
