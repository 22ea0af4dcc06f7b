"""`evaluate --corruptions` by the command line, on the tiny corpus."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from pageparts import ParsedPage

from eegssl.scoring.corrupted.robustness import AREA
from eegssl.tasks.labels.corrupted.robustness_part import TITLE, read_robustness

KINDS = ("white", "drop-channels")
SOME = ("--corruptions", ",".join(KINDS), "--set", "corruptions.severities=[2,5]")


@pytest.fixture(scope="module")
def evaluated(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation of corrupted recordings."""
    out = tmp_path_factory.mktemp("corrupted") / "evaluation"
    document = done(*tiny.command("evaluate", out), *SOME)
    assert document["robustness"] == read_robustness(out / "robustness.tsv")
    return out


def test_every_kind_and_severity_has_its_rows(evaluated: Path) -> None:
    rows = read_robustness(evaluated / "robustness.tsv")
    places = [(row["kind"], row["severity"], row["metric"]) for row in rows]
    assert set(places) == {
        (kind, severity, metric)
        for kind in KINDS
        for severity in ("0", "2", "5", AREA)
        for metric in ("auroc", "balanced_accuracy")
    }
    assert len(places) == len(set(places))
    levels = {(row["kind"], row["severity"]): row["level"] for row in rows}
    assert levels["white", "5"] == -5
    assert levels["drop-channels", "2"] == 0.2
    assert levels["white", "0"] is levels["white", AREA] is None


def test_the_clean_scores_are_those_without_corruptions(tiny: Pipeline, evaluated: Path) -> None:
    clean = manifest_of(tiny.evaluation)["facts"]["windows"]
    assert manifest_of(evaluated)["facts"]["windows"] == clean
    for row in read_robustness(evaluated / "robustness.tsv"):
        if row["severity"] == "0":
            assert row["score"] == pytest.approx(clean[row["metric"]], abs=1e-4)
            assert row["units"] == clean["n"]
    without, beside = files_of(tiny.evaluation), files_of(evaluated)
    assert {n for n in without if without[n] != beside[n]} == {"manifest.json", "report.html"}
    more = {f"corrupted/{kind}-{k}.parquet" for kind in KINDS for k in (2, 5)}
    assert beside.keys() - without.keys() == {"robustness.tsv", *more}


def test_tables_are_predictions_of_the_same_windows_by_the_locked_threshold(
    tiny: Pipeline, evaluated: Path
) -> None:
    clean = pq.read_table(tiny.evaluation / "predictions.parquet")
    noisy = pq.read_table(evaluated / "corrupted" / "white-5.parquet")
    for name in ("recording", "start_s", "truth"):
        assert noisy[name] == clean[name]
    assert not np.allclose(noisy["p_seizure"], clean["p_seizure"], atol=1e-3)
    scored = evaluated.parent / "rescored"
    document = done(
        "evaluate", "--rescore", evaluated / "corrupted/white-5.parquet", "--out", scored
    )
    rows = read_robustness(evaluated / "robustness.tsv")
    stored = {(r["kind"], r["severity"], r["metric"]): r["score"] for r in rows}
    again = document["facts"]["windows"]["balanced_accuracy"]
    assert stored["white", "5", "balanced_accuracy"] == pytest.approx(again, abs=1e-4)


def test_the_page_shows_curves_and_a_table(evaluated: Path) -> None:
    page = ParsedPage((evaluated / "report.html").read_text())
    assert TITLE in page.words
    assert "White noise" in page.words
    assert "fewer than 10" in page.words


def test_events_are_scored_as_in_the_evaluation_of_each_table(
    tiny: Pipeline, tmp_path: Path
) -> None:
    any_length = ("--set", "scoring.shortest_event_recording_s=0")
    some = ("--corruptions", "white", "--set", "corruptions.severities=[4]", *any_length)
    out, again = tmp_path / "out", tmp_path / "again"
    document = done(*tiny.command("evaluate", out), *some)
    rows = {(r["severity"], r["metric"]): r for r in read_robustness(out / "robustness.tsv")}
    assert document["robustness"] == list(rows.values())
    done("evaluate", "--rescore", out / "corrupted/white-4.parquet", "--out", again, *any_length)
    for severity, folder in (("0", out), ("4", again)):
        events = manifest_of(folder)["facts"]["events"]
        for name in ("f1", "sensitivity", "fp_per_day"):
            score = rows[severity, f"event_{name}"]["score"]
            expected = events[name]
            assert score == (expected if expected is None else pytest.approx(expected, abs=1e-4))
    assert rows["0", "event_fp_per_day"]["score"] is not None
    page = ParsedPage((out / "report.html").read_text())
    for words in ("SzCORE event F1 by severity", "SzCORE false alarms per 24 h by severity"):
        assert words in page.words


def test_predictions_do_not_depend_on_the_batch_size(
    tiny: Pipeline, evaluated: Path, tmp_path: Path
) -> None:
    more = ("--set", "batch_size=5")
    done(*tiny.command("evaluate", tmp_path / "small"), *SOME, *more)
    for name in ("white-5", "drop-channels-2"):
        of = [
            pq.read_table(folder / "corrupted" / f"{name}.parquet")["p_seizure"].to_numpy()
            for folder in (evaluated, tmp_path / "small")
        ]
        np.testing.assert_allclose(*of, atol=1e-6)


def test_the_terminal_shows_a_row_for_each_kind_and_score(tiny: Pipeline, evaluated: Path) -> None:
    ran = eegssl(*tiny.command("evaluate", evaluated), *SOME)
    grid = ran.out.split("scores by severity of corruptions\n")[1].splitlines()
    assert grid[0].split() == ["corruption", "score", "clean", "2", "5", "mean"]
    rows = read_robustness(evaluated / "robustness.tsv")
    scores = [row["score"] for row in rows if (row["kind"], row["metric"]) == ("white", "auroc")]
    assert grid[1].split()[:2] == ["white", "auroc"]
    assert [float(cell) for cell in grid[1].split()[2:]] == pytest.approx(scores, abs=1e-3)
    assert len(grid) == 1 + 2 * len(KINDS) + 1


def test_it_is_made_once_and_told_again(tiny: Pipeline, evaluated: Path) -> None:
    before = files_of(evaluated)
    document = done(*tiny.command("evaluate", evaluated), *SOME)
    assert document["state"] == "already made"
    assert document["robustness"] == read_robustness(evaluated / "robustness.tsv")
    assert files_of(evaluated) == before
    other = eegssl(*tiny.command("evaluate", evaluated), "--corruptions", "white")
    assert other.code == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--corruptions", "whit"), "white"),
        (("--corruptions", "white,white"), "each once"),
        (("--corruptions", ""), "white"),
        (("--set", "corruptions.severities=[1]"), "corruptions.kinds names none"),
        (
            ("--corruptions", "white", "--set", "corruptions.levels.white=[1,2,3,4,5]"),
            "from mild to severe",
        ),
    ],
)
def test_what_can_not_be_meant_is_refused(
    tiny: Pipeline, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ran = eegssl(*tiny.command("evaluate", tmp_path / "out"), *arguments)
    assert ran.code == 2, ran.err
    assert words in ran.err
    assert not (tmp_path / "out").exists()


def test_scores_of_a_table_alone_read_no_corruptions(tiny: Pipeline, tmp_path: Path) -> None:
    table = tiny.evaluation / "predictions.parquet"
    ran = eegssl("evaluate", "--rescore", table, "--out", tmp_path / "o", "--corruptions", "white")
    assert ran.code == 2
    assert "corruptions.kinds" in ran.err
