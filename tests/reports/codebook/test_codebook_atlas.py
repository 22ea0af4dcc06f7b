"""The atlas of a codebook: planted codes are found, tables say what they say, bytes repeat."""

from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from corpora import corpus, stored
from numpy.typing import NDArray

from eegssl.artifacts.reading import load
from eegssl.artifacts.writer import begin
from eegssl.corpus.codes.codebook_atlas import (
    ATLAS,
    COURSE,
    PAGE,
    Atlas,
    make_atlas,
    write_atlas,
)
from eegssl.corpus.store import Recording
from eegssl.reports.codebook.codebook_page import write_page
from eegssl.reports.config import AtlasConfig
from eegssl.reports.html import CONTENT_SECURITY_POLICY

ICTAL, N_CODES, SECONDS = 7, 10, 150
Codes = dict[str, NDArray[np.uint8]]


def planted(folder: Path, subjects: int, *, seizures: bool = True) -> tuple[list[Recording], Codes]:
    """Code 7 in 4 of 5 seizure patches and nowhere else; others at rates of each subject's own."""
    recordings, codes = [], {}
    for k in range(subjects):
        rng = np.random.default_rng([3, k])
        events = [(60.0, 30.0, "sz")] if seizures and k != 2 else []
        signal = rng.normal(0, 10, (6, SECONDS * 100))
        one = stored(folder, k, signal, events=events)
        rates = rng.dirichlet(np.full(6, 0.5))
        array = rng.choice(6, (6, SECONDS), p=rates).astype(np.uint8)
        if events:
            hit = rng.random((6, 30)) < 0.8
            array[:, 60:90][hit] = ICTAL
        recordings.append(one)
        codes[one.id] = array
    return recordings, codes


def made(folder: Path, subjects: int = 10, *, seizures: bool = True) -> Atlas:
    folder.mkdir()
    recordings, codes = planted(folder, subjects, seizures=seizures)
    return make_atlas(corpus(*recordings), recordings, lambda r: codes[r.id], N_CODES, 100, seed=1)


def written(atlas: Atlas, out: Path, codes: int = 3) -> dict[str, bytes]:
    writer = begin(out, "tokens", config={}, seed=0)
    write_atlas(writer, atlas)
    write_page(writer, atlas, AtlasConfig(codes=codes), synthetic=True)
    writer.finish({})
    load(out, "tokens")
    return {p.name: p.read_bytes() for p in out.iterdir() if p.name.startswith("atlas")}


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    return made(tmp_path_factory.mktemp("corpus") / "signals")


@pytest.fixture(scope="module")
def out(atlas: Atlas, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "tokens"
    written(atlas, folder)
    return folder


def test_the_planted_code_is_found_and_no_background_code_is_ictal(atlas: Atlas) -> None:
    assert np.flatnonzero(atlas.commoner).tolist() == [ICTAL]
    assert atlas.odds.log_odds_ratio[ICTAL] > np.log(100)
    assert atlas.odds.q[ICTAL] < 0.05
    assert atlas.ictal_first()[0] == ICTAL
    assert atlas.followed[0] == ICTAL
    facts = atlas.facts()
    assert (facts["seizures"], facts["subjects_with_both_classes"]) == (9, 9)
    assert facts["subjects_with_one_class"] == 1


def test_the_table_has_a_row_for_each_used_code(atlas: Atlas, out: Path) -> None:
    rows = {row["code"]: row for row in pq.read_table(out / ATLAS).to_pylist()}
    assert list(rows) == [0, 1, 2, 3, 4, 5, ICTAL]
    assert sum(row["count"] for row in rows.values()) == 10 * 6 * SECONDS
    assert sum(row["share"] for row in rows.values()) == pytest.approx(1)
    row = rows[ICTAL]
    assert row["seizure_count"] == row["count"]
    assert row["background_count"] == 0
    assert row["n_subjects"] == row["n_informative"] == 9
    assert row["corrected"]
    assert row["ci_low"] < row["log_odds_ratio"] < row["ci_high"]
    for row in rows.values():
        shares = [value for name, value in row.items() if name.startswith("region_")]
        assert sum(shares) == pytest.approx(1)
        assert len(row["prototype_uv"]) == len(row["example_uv"]) == 100
        assert len(row["spectrum_uv2_hz"]) == 51


def test_the_course_of_the_planted_code_starts_with_the_seizure(out: Path) -> None:
    rows = [r for r in pq.read_table(out / COURSE).to_pylist() if r["code"] == ICTAL]
    onset = {r["position"]: r["share"] for r in rows if r["axis"] == "onset"}
    assert len(onset) == 60
    assert max(share for place, share in onset.items() if place < 0) == 0
    inside = [share for place, share in onset.items() if 0 < place < 30]
    assert np.mean(inside) == pytest.approx(0.8, abs=0.05)
    assert {r["n_subjects"] for r in rows if r["axis"] == "seizure"} == {9}
    together = [r for r in pq.read_table(out / COURSE).to_pylist() if r["code"] is None]
    assert len(together) == 80


def test_the_same_corpus_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    again = written(made(tmp_path / "signals"), tmp_path / "tokens")
    assert set(again) == {ATLAS, COURSE, PAGE}
    assert {name: (out / name).read_bytes() for name in again} == again


@pytest.mark.slow
def test_few_subjects_get_a_ratio_and_no_interval(tmp_path: Path) -> None:
    few = made(tmp_path / "signals", subjects=6)  # of whom five have a seizure
    assert few.odds.log_odds_ratio[ICTAL] > 0
    page = written(few, tmp_path / "tokens")[PAGE].decode()
    assert "n/a: 5 subjects with both" in page
    row = next(r for r in pq.read_table(tmp_path / "tokens" / ATLAS).to_pylist() if r["code"] == 7)
    assert row["q"] is row["p"] is row["ci_low"] is None
    assert row["log_odds_ratio"] > 0
    assert few.followed[0] == ICTAL


def test_without_seizures_codes_are_described_and_not_compared(tmp_path: Path) -> None:
    calm = made(tmp_path / "signals", subjects=3, seizures=False)
    page = written(calm, tmp_path / "tokens")[PAGE].decode()
    assert "No seizure is annotated" in page
    assert "Codes along a seizure" not in page
    assert pq.read_table(tmp_path / "tokens" / COURSE).num_rows == 0
    assert pq.read_table(tmp_path / "tokens" / ATLAS)["log_odds_ratio"].null_count == 6


def test_the_page_loads_and_runs_nothing_and_names_no_subject(out: Path, atlas: Atlas) -> None:
    page = unescape((out / PAGE).read_text())
    assert CONTENT_SECURITY_POLICY in page
    for word in ("<script", "http:", "https:", *atlas.sums.subjects):
        assert word not in page
    assert f"Code {ICTAL}" not in page.split("<main>")[0]
    assert page.count("data:image/") == 6


@pytest.mark.slow
def test_where_no_code_is_surely_of_seizures_the_page_says_so(atlas: Atlas, tmp_path: Path) -> None:
    none_sure = replace(atlas, odds=replace(atlas.odds, q=np.full(N_CODES, 0.9)))
    sure, unsure = (
        unescape(written(one, tmp_path / name)[PAGE].decode())
        for name, one in (("sure", atlas), ("unsure", none_sure))
    )
    assert "The codes of seizures" in sure
    assert "The codes of seizures" not in unsure
    assert "No code is surely commoner in seizures" in unsure
    assert "though none is surely so" in unsure


def test_no_page_where_no_code_is_to_be_drawn(atlas: Atlas, tmp_path: Path) -> None:
    assert set(written(atlas, tmp_path / "tokens", codes=0)) == {ATLAS, COURSE}
