"""Predictions are the only source of every number: they are scored again without any model."""

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clirun import Pipeline, done, eegssl, manifest_of, metrics_of
from labelfiles import format_events_tsv
from pageparts import ParsedPage
from resigned import with_fact

from eegssl.io.labels.event_types import Event
from eegssl.tasks.labels.predictions import (
    Predictions,
    Reference,
)
from eegssl.tasks.table import read_table, write_table

HOUR_S, WINDOW_S = 3600.0, 4.0
SEIZURES = {0: (), 1: ((600.0, 60.0, "sz_foc_ia"),), 2: ((100.0, 40.0, "sz"), (2000.0, 80.0, "sz"))}


def made_up(**changes: Any) -> Predictions:
    """Three subjects of an hour: high in seizures and in one false alarm of the first subject."""
    start_s = np.arange(0, HOUR_S, WINDOW_S)
    subject, truth, p = [], [], []
    for k, seizures in SEIZURES.items():
        inside = np.zeros(len(start_s), dtype=bool)
        for onset, length, _ in seizures:
            inside |= (start_s >= onset) & (start_s < onset + length)
        alarm = inside | ((k == 0) & (start_s >= 3000) & (start_s < 3040))
        subject += [f"s-{k}"] * len(start_s)
        truth.append(inside)
        p.append(np.where(alarm, 0.9, 0.1))
    high = np.concatenate(p)
    values: dict[str, Any] = {
        "subject": subject,
        "recording": [name.replace("s", "r") for name in subject],
        "start_s": np.tile(start_s, 3),
        "duration_s": np.full(len(subject), WINDOW_S),
        "truth": np.concatenate(truth).astype(np.int64),
        "probabilities": np.stack([1 - high, high], axis=1),
        "classes": ("background", "seizure"),
        "split_hash": "",
        "references": tuple(
            Reference(f"r-{k}", f"s-{k}", HOUR_S, seizures, 30.0 + k, "f")
            for k, seizures in SEIZURES.items()
        ),
        "about": {
            "task": "seizure-detection",
            "labels": "events",
            "permuted": False,
            "threshold": {"value": 0.5},
            "postprocess": {"threshold": 0.5},
            "synthetic": True,
            "within_subject": False,
            "leaks": [],
        },
    }
    return Predictions(**values | changes)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "predictions.parquet"
    write_table(path, made_up())
    return path


def test_a_table_comes_back_as_it_was_written(table: Path) -> None:
    wrote, got = made_up(), read_table(table, Predictions)
    assert got.references == wrote.references
    assert got.about == wrote.about
    np.testing.assert_array_equal(got.probabilities, wrote.probabilities)


def test_the_numbers_of_an_evaluation_come_again_from_its_table_alone(
    tiny: Pipeline, tmp_path: Path
) -> None:
    alone = tmp_path / "alone.parquet"
    shutil.copy(tiny.evaluation / "predictions.parquet", alone)
    document = done("evaluate", "--rescore", alone, "--out", tmp_path / "again")
    assert metrics_of(tmp_path / "again") == metrics_of(tiny.evaluation)
    assert document["facts"]["windows"] == manifest_of(tiny.evaluation)["facts"]["windows"]
    assert [i["kind"] for i in manifest_of(tmp_path / "again")["inputs"]] == ["predictions"]
    done("evaluate", "--rescore", tiny.evaluation, "--out", tmp_path / "by-folder")
    assert metrics_of(tmp_path / "by-folder") == metrics_of(tiny.evaluation)


def test_every_scorer_stands_in_the_metrics_with_what_the_table_says(
    table: Path, tmp_path: Path
) -> None:
    done("evaluate", "--rescore", table, "--out", tmp_path / "out")
    events = metrics_of(tmp_path / "out")["events"]
    assert set(events["scorers"]) == {
        *("szcore-event", "szcore-sample"),
        *("nedc-ovlp", "nedc-taes", "nedc-epoch", "nedc-dpalign"),
    }
    for name in ("szcore-event", "nedc-ovlp", "nedc-taes"):
        pooled = events["scorers"][name]["pooled"]
        assert (pooled["n_reference"], pooled["tp"], pooled["fp"]) == (3, 3, 1), name
    means = events["scorers"]["szcore-event"]["subject_mean"]
    assert (means["sensitivity"]["mean"], means["sensitivity"]["n_subjects"]) == (1.0, 2)
    assert (means["fp_per_day"]["mean"], means["fp_per_day"]["n_subjects"]) == (8.0, 3)
    assert events["nan_policy"] == "skip"
    assert events["ilae"] == "meets the count requirement of ILAE phase 1"
    assert events["latency"]["median_s"] == 0.0
    assert events["alarm_curve"]["at_fp_per_day"]["pooled"]["10"]["pooled"]["sensitivity"] == 1.0
    bootstrap = events["scorers"]["szcore-event"]["intervals"]["sensitivity"]
    assert "per-patient values" in bootstrap["subject_mean"]["bca"]["reason"]
    assert "ignores clustering" in bootstrap["exact"]["Clopper-Pearson"]["note"]


def test_subgroups_count_their_own_people(table: Path, tmp_path: Path) -> None:
    done("evaluate", "--rescore", table, "--out", tmp_path / "out")
    strata = {(s["by"], s["stratum"]): s for s in metrics_of(tmp_path / "out")["subgroups"]}
    women = strata["sex", "female"]
    assert (women["n_patients"], women["n_seizures"], women["small"]) == (3, 3, "small: 3 patients")
    assert strata["kind of seizure", "focal onset"]["n_patients"] == 1
    assert strata["kind of seizure", "no seizure"]["scores"]["event_fp_per_day"] == 24.0


def test_policy_and_resamples_can_be_set_anew(table: Path, tmp_path: Path) -> None:
    new = ("--nan-policy", "zero")
    done("evaluate", "--rescore", table, *new, "--out", tmp_path / "out")
    means = metrics_of(tmp_path / "out")["events"]["scorers"]["szcore-event"]["subject_mean"]
    assert (means["sensitivity"]["mean"], means["sensitivity"]["n_subjects"]) == (2 / 3, 3)


@pytest.mark.parametrize(
    "setting", ["batch_size=2", 'device="cpu"', "traces=1", "trace_s=5", 'labels="x.tsv"']
)
def test_a_setting_of_running_a_model_is_refused_wherever_it_was_set(
    setting: str, table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, _, value = setting.partition("=")
    (tmp_path / "shared.toml").write_text(f"[evaluate]\n{setting}\n")
    call = ("evaluate", "--rescore", table, "--out", tmp_path / "out")
    trees = (*call[:2], tmp_path, "--reference", tmp_path, *call[3:])
    ways = [(*call, "--set", setting), (*call, "--config", tmp_path / "shared.toml")]
    for way in (*ways, (*trees, "--set", setting)):
        ran = eegssl(*way)
        words = " ".join(ran.err.split())
        assert (ran.code, f"{key} is set to" in words) == (2, True), words
        assert "scores come from stored tables and no model is run" in words
    monkeypatch.setenv(f"EEGSSL_EVALUATE__{key.upper()}", value)
    assert eegssl(*call).code == 2
    assert not (tmp_path / "out").exists()


def test_a_window_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    good = made_up()
    path = tmp_path / "predictions.parquet"
    write_table(path, good)
    table = pq.read_table(path)
    pq.write_table(pa.concat_tables([table, table.slice(3, 2)]), path)
    ran = eegssl("evaluate", "--rescore", path, "--out", tmp_path / "out")
    assert ran.code == 4
    assert "twice: 2 of 2702 windows are there already" in " ".join(ran.err.split())
    made = done("evaluate", "--rescore", path, "--allow-leak", "--out", tmp_path / "out")
    assert made["facts"]["leaks"] == ["twice: 2 of 2702 windows are there already"]
    assert "and was allowed to be" in (tmp_path / "out/report.html").read_text()


def test_what_is_no_table_of_predictions_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    ran = eegssl("evaluate", "--rescore", path, "--out", tmp_path / "out")
    assert ran.code == 4
    assert "no predictions table" in ran.err
    gone = eegssl("evaluate", "--rescore", tmp_path / "gone", "--out", tmp_path / "out")
    assert gone.code == 3
    assert "there is no" in gone.err
    os.mkfifo(tmp_path / "pipe")
    pipe = eegssl("evaluate", "--rescore", tmp_path / "pipe", "--out", tmp_path / "out")
    assert (pipe.code, "pipe is no regular file" in pipe.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a model and recordings, or --rescore PREDICTIONS"),
        (("model",), "give a model and recordings"),
        (("model", "recordings", "--rescore", "x"), "--rescore needs no model"),
        (("model", "recordings", "--reference", "x"), "--reference belongs to --rescore"),
        (("model", "recordings", "--missing", "count"), "--missing belongs to --rescore TREE"),
    ],
)
def test_a_call_that_names_no_one_source_says_what_to_give(
    words: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ran = eegssl("evaluate", *words, "--out", tmp_path / "out")
    assert ran.code == 2
    assert said in " ".join(ran.err.split())


def tree(root: Path, shift_s: float) -> Path:
    """Event tables of two subjects, an hour each; onsets moved by ``shift_s``."""
    for k, onset_s in (("01", 600.0), ("02", 1500.0)):
        path = root / f"sub-{k}/ses-01/eeg/sub-{k}_ses-01_run-01_events.tsv"
        path.parent.mkdir(parents=True)
        path.write_text(format_events_tsv([Event(onset_s + shift_s, 60, "sz")], HOUR_S))
    return root


def test_trees_of_other_systems_are_scored_and_name_nobody(tmp_path: Path) -> None:
    reference, detected = tree(tmp_path / "ref", 0), tree(tmp_path / "hyp", 20)
    out = tmp_path / "out"
    done("evaluate", "--rescore", detected, "--reference", reference, "--out", out)
    scorers = metrics_of(out)["events"]["scorers"]
    assert scorers["szcore-event"]["subject_mean"]["f1"]["mean"] == 1.0
    assert scorers["szcore-sample"]["pooled"]["tp"] == 80
    assert (out / "faults.tsv").read_text() == "recording\tkind\treason\n"
    everything = b"".join(p.read_bytes() for p in out.rglob("*") if p.is_file())
    assert b"sub-01" not in everything


def test_recordings_too_short_for_event_scores_are_counted_everywhere(tmp_path: Path) -> None:
    """Two of four recordings last 599 s, one with a seizure that is in no score."""
    for side in ("ref", "hyp"):
        tree(tmp_path / side, 0)
        for k, events in (("01", [Event(100, 40, "sz")]), ("02", [])):
            path = tmp_path / side / f"sub-{k}/ses-01/eeg/sub-{k}_ses-01_run-02_events.tsv"
            path.write_text(format_events_tsv(events, 599.0))
    out, call = tmp_path / "out", ("evaluate", "--rescore", tmp_path / "hyp")
    document = done(*call, "--reference", tmp_path / "ref", "--out", out)
    words = "2 of 4 recording(s), with 1 seizure(s), are shorter than 10 minutes"
    (told,) = [w for w in document["warnings"] if words in w]
    assert "scoring.shortest_event_recording_s=0" in told
    assert document["facts"]["events"]["recordings_too_short"] == 2
    assert metrics_of(out)["events"]["n_seizures_too_short"] == 1
    page = ParsedPage((out / "report.html").read_text())
    assert words in page.words
    for side in ("ref", "hyp"):
        for path in (tmp_path / side).rglob("*_run-01_events.tsv"):
            path.unlink()
    again = tmp_path / "again"
    done(*call, "--reference", tmp_path / "ref", "--out", again)
    page = ParsedPage((again / "report.html").read_text())
    assert "No event of the reference is scored: 1 event in recordings that are too short" in (
        page.words
    )


def test_a_missing_table_is_an_error_or_is_counted_and_named(tmp_path: Path) -> None:
    reference, detected = tree(tmp_path / "ref", 0), tree(tmp_path / "hyp", 0)
    next(detected.glob("sub-02/**/*.tsv")).unlink()
    call = ("evaluate", "--rescore", detected, "--reference", reference, "--out", tmp_path / "out")
    ran = eegssl(*call)
    assert ran.code == 3
    assert "1 missing: r-" in ran.err
    assert "sub-02" not in ran.err + ran.out
    assert "1 missing: sub-02/" in eegssl(*call, "--show-names").err
    document = done(*call, "--missing", "count")
    assert any("1 table(s) of the hypothesis: missing" in w for w in document["warnings"])
    pooled = metrics_of(tmp_path / "out")["events"]["scorers"]["szcore-event"]["pooled"]
    assert (pooled["n_reference"], pooled["tp"]) == (2, 1)
    recording, kind, _ = (tmp_path / "out/faults.tsv").read_text().splitlines()[1].split("\t")
    assert kind == "missing"
    assert recording in " ".join(ran.err.split())


def test_a_table_whose_metadata_say_too_little_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "predictions.parquet"
    write_table(path, made_up(about={}))
    ran = eegssl("evaluate", "--rescore", path, "--out", tmp_path / "out")
    assert ran.code == 4
    assert "no predictions table" in ran.err


def test_tables_that_were_tampered_with_say_so(tmp_path: Path) -> None:
    good = made_up()
    path = tmp_path / "predictions.parquet"
    keep = np.arange(len(good.truth)) % 900 < 500
    write_table(path, good.subset(keep))
    less = done("evaluate", "--rescore", path, "--out", tmp_path / "less")["warnings"]
    assert any("less than 90% of 3 recording(s)" in words for words in less)
    write_table(path, made_up(truth=1 - good.truth))
    turned = done("evaluate", "--rescore", path, "--out", tmp_path / "turned")["warnings"]
    assert any("contradicts the reference events" in words for words in turned)
    write_table(path, made_up(start_s=good.start_s + 0.5 * (np.arange(2700) == 5)))
    moved = done("evaluate", "--rescore", path, "--out", tmp_path / "moved")["warnings"]
    assert any("1 windows overlap another one" in words for words in moved)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"start_s": np.full(2700, 1e9)}, "after the end of a recording"),
        ({"references": tuple(Reference(f"r-{k}", f"s-{k}", 1e15) for k in range(3))}, "duration"),
    ],
)
def test_times_beyond_any_recording_are_refused(
    tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """A recording of 10^15 s ended as memory that the machine lacks."""
    path = tmp_path / "predictions.parquet"
    write_table(path, made_up(**changes))
    ran = eegssl("evaluate", "--rescore", path, "--out", tmp_path / "out")
    assert ran.code == 4
    assert words in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        (("windows", "auroc"), 0.123),
        (("events", "f1"), 10**30),
        (("events", "recordings_too_short"), None),
        (("subjects",), ["s-0123456789ab"]),
        (("split_hash",), "another"),
        (("units",), {"levels": {"type": {"auroc": 1.0}}}),
        (("detections",), None),
        (("synthetic",), True),
        (("task",), "Ada Miller"),
    ],
)
def test_facts_that_are_not_of_the_scores_are_refused(
    tiny: Pipeline, tmp_path: Path, undrawn: None, fact: tuple[str, ...], value: object
) -> None:
    bad = with_fact(tiny.evaluation, tmp_path / "bad", fact, value)
    for command in (["check", bad], ["evaluate", "--rescore", bad, "--out", tmp_path / "out"]):
        ran = eegssl(*command)
        assert ran.code == 4
        assert "edited or damaged" in ran.err
