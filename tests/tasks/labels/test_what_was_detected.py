"""A page states what was detected and what the reference holds, each by itself."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from alarms import HIGH, WINDOW_S, alarms
from clirun import Pipeline, done, eegssl, manifest_of, metrics_of
from epilepsy2bids.annotations import Annotations
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from pageparts import ParsedPage
from tinycorpus import write_corpus

from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.corpus.store import Recording
from eegssl.io.labels.event_types import Event
from eegssl.io.tables.event_trees import NO_DATE, read_tree
from eegssl.reports.html import render_page
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.events.szcore_counts import timescoring_event_counts
from eegssl.tasks.labels.measures.detected import Detections
from eegssl.tasks.labels.measures.detection_files import detection_files
from eegssl.tasks.labels.page import page_of
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import AllScores, detections_of, score
from eegssl.tasks.labels.sections.detection_tables import detection_words
from eegssl.tasks.labels.sections.event_pictures import (
    FALSE,
    FOUND,
    MISSED,
    ORDER,
    UNSCORED,
    chosen,
    pictures_of,
)
from eegssl.tasks.table import write_table

SCORING = ScoringConfig(bootstrap_resamples=100)
NO_LABELS = "No labels: nothing can be scored."
SIX = [(k * 400.0 + 100, k * 400.0 + 120) for k in range(6)]


def scored(predictions: Predictions) -> AllScores:
    return score(predictions, SCORING, 0)


def words_of(predictions: Predictions) -> str:
    return ParsedPage(render_page(page_of(predictions, scored(predictions)))).words


def detections(predictions: Predictions) -> Detections:
    found = detections_of(predictions, SCORING)
    assert found is not None
    return found


spans = st.lists(st.integers(0, 220), max_size=6, unique=True).map(
    lambda starts: [(16.0 * k, 16.0 * k + 8) for k in sorted(starts)]
)


@examples(25)
@given(alarms_of_a=spans, alarms_of_b=spans, labelled=st.booleans())
def test_whenever_there_are_detections_and_no_reference_the_page_shows_their_number(
    alarms_of_a: Any, alarms_of_b: Any, labelled: bool
) -> None:
    both = {"a": alarms_of_a, "b": alarms_of_b}
    predictions = alarms(both, unlabelled=() if labelled else ("a", "b"))
    words, n = words_of(predictions), len(alarms_of_a) + len(alarms_of_b)
    assert detections(predictions).n == n
    if n:
        assert re.search(rf"Detected: {n} events?, in ", words)
    assert ("Detected: nothing in 2 recordings" in words) == (n == 0)
    assert (NO_LABELS in words) == (not labelled)
    assert "No seizure was found" not in words
    if labelled:
        assert "Reference: 0 events, in 0 of 2 labelled recordings." in words
        assert "there was none to find or to miss" in words
    if not labelled:
        assert "missed;" not in words
        assert "AUROC" not in words


def test_six_alarms_without_labels_are_shown_and_nothing_is_scored() -> None:
    predictions = alarms({"a": SIX}, unlabelled=("a",))
    scores, words = scored(predictions), words_of(predictions)
    assert "Detected: 6 events, in 1 of 1 recording (60.0 min); that is 144.0 in 24 h." in words
    for time in ("1:40", "8:20", "35:00"):
        assert time in words
    assert scores.events is None
    assert scores.windows["n"] == 0
    assert set(scores.windows["undefined"].values()) == {"no labels: nothing can be scored"}
    assert scores.as_dict()["detections"]["n_in_unlabelled"] == 6
    assert scores.as_dict()["per_subject"] == {}


def test_labels_that_say_nothing_happened_make_six_false_alarms() -> None:
    words = words_of(alarms({"a": SIX}))
    assert NO_LABELS not in words
    assert "Detected: 6 events" in words
    assert words.count("false alarm") >= 6


def test_a_recording_without_labels_among_others_is_named_with_its_detections() -> None:
    predictions = alarms({"a": SIX, "b": SIX[:2]}, {"a": [(100.0, 130.0)]}, unlabelled=("b",))
    words = words_of(predictions)
    assert "Reference: 1 event, in 1 of 1 labelled recording. 1 recording without labels" in words
    assert "the 2 detections in them as false" in words
    assert scored(predictions).as_dict()["detections"] == {
        "n": 8,
        "n_recordings": 2,
        "n_recordings_with": 2,
        "n_recordings_unlabelled": 1,
        "n_in_unlabelled": 2,
        "duration_s": 7200.0,
        "per_day": 96.0,
    }


def test_a_clip_gives_no_rate_per_day() -> None:
    clip = replace(detections(alarms({"a": SIX}, unlabelled=("a",))), shortest_s=7200.0)
    assert clip.per_day is None
    words = "Detected: 6 events, in 1 of 1 recording (60.0 min); none is as long as 2.0 h"
    assert detection_words(clip).startswith(words)
    assert "in 24 h" not in detection_words(clip)


def test_a_rate_says_of_which_recordings_it_is() -> None:
    both = detections(alarms({"a": SIX, "b": []}))
    short, long = both.recordings
    clip = replace(short, duration_s=90.0, detections=short.detections[:1], confidence=())
    words = detection_words(replace(both, recordings=(clip, long), shortest_s=600.0))
    assert words == (
        "Detected: 1 event, in 1 of 2 recordings (61.5 min); of these 0 in the 1 recording of "
        "10.0 min or more (60.0 min); that is 0.0 in 24 h."
    )


def test_permuted_labels_and_no_labels_make_a_page_too() -> None:
    predictions = alarms({"a": SIX}, unlabelled=("a",), permuted=True)
    assert NO_LABELS in words_of(predictions)


@examples(40)
@given(marked=spans, heard=spans)
def test_verdicts_are_as_many_as_the_standards_own_software_counts(marked: Any, heard: Any) -> None:
    one = detections(alarms({"a": heard}, {"a": marked})).recordings[0]
    counts = timescoring_event_counts(one.reference, one.detections, one.duration_s)
    verdicts = one.verdicts
    assert len(verdicts.reference) == counts.n_reference
    assert (verdicts.hit.sum(), verdicts.false.sum()) == (counts.tp, counts.fp)
    kinds = [p.kind for p in pictures_of(Detections((one,), 600.0))]
    assert [kinds.count(kind) for kind in (MISSED, FALSE, FOUND)] == [
        counts.n_reference - counts.tp,
        counts.fp,
        counts.tp,
    ]
    assert kinds == sorted(kinds, key=ORDER.index)
    assert one.confidence == (HIGH,) * len(one.detections)


def test_pictures_are_of_every_kind_and_of_every_subject_before_a_second_of_any() -> None:
    marked = {"a": [(100.0, 130.0), (1000.0, 1030.0)], "b": [(500.0, 540.0)]}
    heard = {"a": [(104.0, 120.0), (2000.0, 2040.0)], "b": [(3000.0, 3020.0)]}
    every = pictures_of(detections(alarms(heard, marked)))
    assert [p.kind for p in every] == [MISSED] * 2 + [FALSE] * 2 + [FOUND]
    assert [p.kind for p in chosen(every, 3)] == [MISSED, FALSE, FOUND]
    assert {p.recording.subject for p in chosen(every, 5) if p.kind == FALSE} == {"s-a", "s-b"}
    assert chosen(every, 9) == every
    assert chosen(every, 0) == []
    alone = pictures_of(detections(alarms({"a": SIX}, unlabelled=("a",))))
    assert [p.kind for p in alone] == [UNSCORED] * 6


def test_the_tables_of_detections_are_what_rescore_reads(tmp_path: Path) -> None:
    heard = {"a": [(104.0, 120.0), (2000.0, 2040.0)], "b": [], "c": [(900.0, 904.0)]}
    marked = {"a": [(100.0, 130.0)], "b": [(50.0, 90.0)], "c": []}
    predictions = alarms(heard, marked)
    write_table(tmp_path / "predictions.parquet", predictions)
    first = done("evaluate", "--rescore", tmp_path / "predictions.parquet", "--out", tmp_path / "a")
    tree = tmp_path / "a" / "detections"
    for path in tree.rglob("*.tsv"):
        assert {line.split("\t")[5] for line in path.read_text().splitlines()[1:]} == {NO_DATE}
        recording = path.name.removesuffix("_events.tsv").removeprefix("r-")
        assert Annotations.loadTsv(str(path)).getEvents() == heard[recording]
    truth = alarms(marked)
    for name, text in detection_files(detections(truth), truth.about, "seizure").items():
        path = tmp_path / name.replace("detections", "reference")
        path.parent.mkdir(parents=True)
        path.write_text(text)
    pairs, faults = read_tree(tmp_path / "reference", tree)
    assert not faults
    assert [pair.hypothesis for pair in pairs] == [tuple(spans) for spans in heard.values()]
    words = ("--rescore", tree, "--reference", tmp_path / "reference", "--out", tmp_path / "b")
    again = done("evaluate", *words)
    assert again["facts"]["events"] == first["facts"]["events"]
    assert again["facts"]["detections"] == first["facts"]["detections"]
    page = ParsedPage((tmp_path / "b" / "report.html").read_text()).words
    assert "Detected: 3 events, in 2 of 3 recordings" in page
    page = ParsedPage((tmp_path / "a" / "report.html").read_text()).words
    assert "None is drawn: this page is made from predictions alone" in page


def test_tables_of_another_systems_detections_that_are_missing_are_told_on_the_page(
    tmp_path: Path,
) -> None:
    truth = alarms({"a": SIX, "b": SIX})
    files = detection_files(detections(truth), truth.about, "seizure")
    for k, (name, text) in enumerate(files.items()):
        for side in ("reference", "hypothesis")[: 2 - k]:
            path = tmp_path / name.replace("detections", side)
            path.parent.mkdir(parents=True)
            path.write_text(text)
    words = ("--rescore", tmp_path / "hypothesis", "--reference", tmp_path / "reference")
    done("evaluate", *words, "--missing", "count", "--out", tmp_path / "out")
    page = ParsedPage((tmp_path / "out" / "report.html").read_text()).words
    assert "1 table(s) of the hypothesis: missing, counted as no detections" in page
    assert "whether it saw these subjects" in page
    for of_windows in ("The threshold was fixed before", "Window scores", "AUROC"):
        assert of_windows not in page


@pytest.mark.parametrize("kind", ["sz_foc_ia", "eyem"])
def test_a_table_names_the_type_that_is_detected(kind: str) -> None:
    predictions = alarms({"a": SIX}, event_types=[kind])
    (text,) = detection_files(detections(predictions), predictions.about, "mine").values()
    types = {line.split("\t")[2] for line in text.splitlines()[1:]}
    assert types == {"sz" if kind.startswith("sz") else kind}


def test_a_new_recording_without_labels_goes_from_file_to_table(
    tiny: Pipeline, tmp_path: Path
) -> None:
    edf = write_corpus(tmp_path / "edf", range(20, 23))
    for path in [*edf.rglob("*_events.tsv")]:
        path.unlink()
    out = tmp_path / "recordings"
    done("preprocess", edf, "--out", out, "--set", 'events.sources=["tsv"]')
    ran = eegssl("evaluate", tiny.model, out, "--set", "split=all", "--out", tmp_path / "e")
    assert ran.code == 0, ran.err
    assert "no labels: nothing can be scored" in ran.err
    facts, metrics = manifest_of(tmp_path / "e")["facts"], metrics_of(tmp_path / "e")
    assert facts["events"] is None
    assert facts["detections"]["n_recordings_unlabelled"] == facts["detections"]["n_recordings"]
    assert metrics["windows"]["undefined"]["specificity"] == "no labels: nothing can be scored"
    tables = sorted((tmp_path / "e" / "detections").rglob("*_events.tsv"))
    assert len(tables) == facts["detections"]["n_recordings"]
    rows = [line for path in tables for line in path.read_text().splitlines()[1:]]
    assert sum("\tsz\t" in row for row in rows) == facts["detections"]["n"]
    page = ParsedPage((tmp_path / "e" / "report.html").read_text()).words
    assert NO_LABELS in page
    assert all(words[1:] in page for words in facts["warnings"])
    assert f"Detected: {facts['detections']['n']} event" in page or not facts["detections"]["n"]
    again = done("evaluate", "--rescore", tmp_path / "e", "--out", tmp_path / "again")
    assert again["facts"]["detections"] == facts["detections"]
    assert metrics_of(tmp_path / "again") == metrics


@pytest.mark.parametrize(
    ("row", "labelled"),
    [
        ({"label_source": "tsv"}, True),
        ({"label_source": ""}, False),
        ({"label_source": "hypnogram", "event": "sleep_n2"}, False),
        ({"label_source": "", "event": "sleep_n2"}, False),
        ({"label_source": "tsv", "event": "sleep_n2"}, True),
        ({"label_source": "", "event": "eyem"}, False),
        ({"label_source": "tsv", "event": "eyem", "source": "tsv"}, False),
        ({"label_source": "tsv", "event": "bckg", "source": "tsv"}, True),
        ({"label_source": "tsv", "event": "eyem", "source": "edf"}, True),
        ({"label_source": "tuh", "event": "spsw", "source": "tuh"}, True),
        ({"label_source": "tuh", "n_annotations_dropped": 3}, False),
    ],
)
def test_sleep_and_artifacts_alone_tell_nothing_of_seizures(
    row: dict[str, Any], labelled: bool
) -> None:
    event = {"recording": "r-1", "type": row.get("event"), "source": row.get("source", "hypnogram")}
    recording = {"recording": "r-1", "file": "f", "n_annotations_dropped": 0} | row
    tables = Tables(
        [recording | {"n_annotations_unresolved": 0}], [event] if "event" in row else [], [], {}, ""
    )
    assert tables.searched_files == ({"f"} if labelled else set())


def test_a_recording_with_an_event_of_the_task_is_labelled_for_it() -> None:
    asleep = (Event(0.0, 30.0, "sleep_n2"),)
    names = {"id": "r", "subject": "s", "file": "f", "split": "test", "channels": ("Cz",)}
    shape = {"n_samples": 100, "sfreq_hz": 100.0, "line_hz": None, "folder": Path()}
    one = Recording(**names, **shape, events=asleep, labelled=False)
    assert one.labelled_for(["sleep"])
    assert not one.labelled_for(["sz"])
    blinking = Recording(**names, **shape, events=(Event(0.0, 1.0, "eyem"),), labelled=False)
    assert blinking.labelled_for(["musc"])
    assert not blinking.labelled_for(["sz"])


def test_confidence_is_the_highest_smoothed_probability() -> None:
    predictions = alarms({"a": [(100.0, 112.0)]}, postprocess={"threshold": 0.5, "smooth": 3})
    (one,) = detections(predictions).recordings
    assert one.detections == ((100.0, 112.0),)
    assert one.confidence == (pytest.approx(HIGH),)
    lone = alarms({"a": [(100.0, 104.0)]}, postprocess={"threshold": 0.3, "smooth": 3})
    (one,) = detections(lone).recordings
    assert one.detections == ((100.0 - WINDOW_S, 104.0 + WINDOW_S),)
    assert one.confidence == (pytest.approx(np.mean([HIGH, 0.1, 0.1])),)
