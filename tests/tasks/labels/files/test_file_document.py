"""All files written of one prediction say the same events at the same times."""

import json
from datetime import datetime

import pyedflib
from epilepsy2bids.annotations import Annotations
from filepredictions import file_prediction

from eegssl.io.edf.annotated.annotation_file import write_annotation_file
from eegssl.tasks.labels.files.file_document import (
    LONGEST_TEXT,
    file_annotations,
    file_document,
    file_table,
)

START = datetime(2011, 3, 2, 22, 15, 1)


def test_the_document_is_plain_json_with_times_of_the_file():
    document = file_document(file_prediction())
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert document["events"] == [
        {"onset_s": 600.0, "duration_s": 40.0, "type": "sz", "confidence": 0.9},
        {"onset_s": 4000.0, "duration_s": 30.0, "type": "sz", "confidence": 0.9},
    ]
    assert (document["duration_s"], document["recorded_s"]) == (7205.0, 6605.0)
    assert (document["start"], document["missing"]) == (None, ["O1", "O2"])
    assert document["windows"] == {"n": 660, "window_s": 10.0, "n_above_threshold": 7}
    assert document["threshold"] == document["rule"]["threshold"] == 0.5
    assert (document["model"], document["warnings"]) == ("m-3f2a9c01", ["the mains are 60 Hz"])
    assert file_document(file_prediction(start=START))["start"] == "2011-03-02 22:15:01"


def test_table_document_and_annotations_name_the_same_events(tmp_path):
    one = file_prediction(start=START)
    (tmp_path / "a.tsv").write_text(file_table(one), encoding="utf-8")
    write_annotation_file(tmp_path / "a.edf", file_annotations(one), one.duration_s)
    events = file_document(one)["events"]
    read = Annotations.loadTsv(str(tmp_path / "a.tsv"))
    assert read.getEvents() == [(e["onset_s"], e["onset_s"] + e["duration_s"]) for e in events]
    assert {e["dateTime"] for e in read.events} == {START}
    assert {e["recordingDuration"] for e in read.events} == {7205.0}
    with pyedflib.EdfReader(str(tmp_path / "a.edf")) as reader:
        onsets, lengths, texts = reader.readAnnotations()
        assert reader.getFileDuration() == 7205
    assert onsets.tolist() == [e["onset_s"] for e in events]
    assert lengths.tolist() == [e["duration_s"] for e in events]
    assert texts.tolist() == ["sz p=0.90 Fp1,F7,Cz"] * 2


def test_channels_stand_in_a_text_only_where_they_fit():
    many = file_prediction(channels=tuple(f"C{k}" for k in range(30)))
    assert [a.text for a in file_annotations(many)] == ["sz p=0.90"] * 2
    long = file_prediction(kind="a_type_with_a_name_that_never_ends_at_all")
    assert all(len(a.text) <= LONGEST_TEXT for a in file_annotations(long))


def test_nothing_detected_is_a_table_of_background():
    table = file_table(file_prediction(events=()))
    assert [line.split("\t")[2] for line in table.splitlines()[1:]] == ["bckg"]
