"""`pretrain` leaves a page with its curves and, of validation subjects, what the encoder knows."""

import json
from pathlib import Path
from typing import Any

import pytest
from clirun import Pipeline, done, eegssl, files_of, manifest_of
from tinycorpus import SUBJECTS

from eegssl.errors import InputError
from eegssl.probes import pretraining_report
from eegssl.stages import pretrain

ASKED = ("--set", "probe_windows=24")
PROBES, PAGE = "probes.json", "report.html"


@pytest.fixture(scope="module")
def reported(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of the tiny corpus, with probes."""
    out = tmp_path_factory.mktemp("reported") / "encoder"
    done(*tiny.command("pretrain", out), *ASKED)
    return out


def test_the_page_shows_the_training_and_the_probes(tiny: Pipeline, reported: Path) -> None:
    page = (reported / PAGE).read_text()
    for words in ("How the encoder was trained", "Terms of the objective", "effective rank"):
        assert words in page
    for words in ("Who is recorded", "Regions left out", "Layer by layer", "random weights"):
        assert words in page
    assert str(tiny.root) not in page + (reported / PROBES).read_text()
    assert {PROBES, PAGE} <= set(manifest_of(reported)["files"])
    assert eegssl("check", reported).code == 0


def test_its_probes_are_those_of_evaluate_on_as_many_windows(
    tiny: Pipeline, reported: Path, tmp_path: Path
) -> None:
    more = ("--set", "windows=24", "--set", "label_windows=24")
    done("evaluate", reported, tiny.recordings, "--probes", "--out", tmp_path / "p", *more)
    here, there = (json.loads((f / PROBES).read_text()) for f in (reported, tmp_path / "p"))
    assert here["probes"] == there["probes"]
    assert here["about"] == there["about"] | {"encoder": ""}


def test_probes_change_no_weight_and_no_row_of_the_log(tiny: Pipeline, reported: Path) -> None:
    apart = {PROBES, PAGE, "manifest.json"}
    with_them, without = (files_of(folder) for folder in (reported, tiny.encoder))
    assert {n: h for n, h in with_them.items() if n not in apart} == {
        n: h for n, h in without.items() if n not in apart
    }


def test_without_probes_the_page_says_who_asks_them(tiny: Pipeline) -> None:
    assert not (tiny.encoder / PROBES).exists()
    page = (tiny.encoder / PAGE).read_text()
    assert "Not asked here" in page
    assert "How the encoder was trained" in page


def test_ended_twice_before_the_page_it_ends_in_the_same_bytes(
    tiny: Pipeline, reported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*args: Any) -> None:
        raise KeyboardInterrupt

    command = [*tiny.command("pretrain", tmp_path / "e"), *ASKED]
    for name in ("probe_pretrained", "write_report"):
        with monkeypatch.context() as patch:
            patch.setattr(pretrain, name, interrupted)
            assert eegssl(*command).code == 130
        assert not (tmp_path / "e" / "manifest.json").exists()
    assert done(*command)["state"] == "resumed"
    assert files_of(tmp_path / "e") == files_of(reported)


def test_a_training_is_not_lost_where_nothing_can_be_asked(
    tiny: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: Any) -> None:
        raise InputError("there are 2 windows")

    monkeypatch.setattr(pretraining_report, "scores_of", refused)
    result = done(*tiny.command("pretrain", tmp_path / "e"), *ASKED)
    assert "the report has no probes: there are 2 windows" in result["warnings"]
    assert "The report has no probes" in (tmp_path / "e" / PAGE).read_text()


@pytest.mark.slow
def test_subjects_that_the_first_weights_were_trained_on_mark_the_page(
    tiny: Pipeline, tmp_path: Path
) -> None:
    """Of other splits, so that it was trained on subjects who validate the second training."""
    splits = {0: "val", 1: "test"}
    rows = [f"sub-{k:02d}\t{splits.get(k, 'train')}\n" for k in range(SUBJECTS)]
    (tmp_path / "splits.tsv").write_text("subject\tsplit\n" + "".join(rows))
    edf = ("preprocess", tiny.edf, "--out", tmp_path / "r", "--jobs", 1)
    done(*edf, "--set", f"splits.file={tmp_path / 'splits.tsv'}", "--config", tiny.settings)
    source = ("pretrain", tmp_path / "r", "--objective", "reconstruct", "--config", tiny.settings)
    done(*source, "--set", "window_s=4", "--out", tmp_path / "first")
    further = ("pretrain", tiny.recordings, "--objective", "reconstruct", "--set", "window_s=4")
    more = ("--config", tiny.settings, "--init-from", tmp_path / "first", *ASKED)
    done(*further, *more, "--out", tmp_path / "second")
    assert json.loads((tmp_path / "second" / PROBES).read_text())["about"]["leaks"]
    assert "Leak: something upstream" in (tmp_path / "second" / PAGE).read_text()
