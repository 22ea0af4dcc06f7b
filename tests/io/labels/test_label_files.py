"""Whatever bytes a label file holds, its recording gets events or a reason without those bytes."""

import re

import pytest
from fewerexamples import examples
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st
from labelfiles import TYPES, blank_edf, events_of, parsed_or_refused

from eegssl.errors import RecordingRefused
from eegssl.io.labels.label_text import MAX_BYTES, as_lines, number, read_label_text

TUH = "# version = csv_v1.0.0\nchannel,start_time,stop_time,label,confidence\nTERM,1,3,seiz,1\n"
# recording, label file, a good one
FILES = {
    "tsv": ("x.edf", "x.tsv", "onset\tduration\teventType\n1\t2\tsz\n"),
    "csv_bi": ("x.edf", "x.csv_bi", TUH),
    "csv": ("x.edf", "x.csv", TUH.replace("TERM", "FP1-F7")),
    "tse": ("x.edf", "x.tse", "version = tse_v1.0.0\n\n1.0 3.0 seiz 1.0\n"),
    "rec": ("x.edf", "x.rec", "0,1,3,1\n"),
    "summary": ("chb01_03.edf", "chb01-summary.txt", "File Name: chb01_03.edf\n"
                "Number of Seizures in File: 1\nSeizure Start Time: 1 seconds\n"
                "Seizure End Time: 3 seconds\n"),
    "siena": ("PN00-1.edf", "Seizures-list-PN00.txt", "File name: PN00-1.edf\n"
              "Registration start time: 00.00.00\nSeizure start time: 00.00.01\n"
              "Seizure end time: 00.00.03\n"),
    "seizeit1": ("P_ID1_r1.edf", "P_ID1_r1_a1.tsv", "# Source: SeizeIt1\n1\t3\tFIA\t-\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FILES)
@given(junk=st.binary(max_size=60), place=st.integers(0, 200), gone=st.integers(0, 8))
@example(junk=b"", place=0, gone=0)
@example(junk=b"\xef\xbb\xbf", place=0, gone=0)
@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path, kind, junk, place, gone):
    recording, name, text = FILES[kind]
    good = text.encode()
    place = min(place, len(good))
    (tmp_path / name).write_bytes(good[:place] + junk + good[place + gone :])
    found = parsed_or_refused(events_of, blank_edf(tmp_path / recording))
    if found != "events":
        assert all(event.type in {*TYPES, "T0", "T1", "T2"} for event in found.events)
    if not gone and junk in (b"", b"\xef\xbb\xbf") and place == 0:
        assert [(e.onset_s, e.duration_s) for e in found.events] == [(1, 2)]


@pytest.mark.parametrize("kind", FILES)
def test_a_refusal_repeats_no_word_of_the_file_and_not_its_name(tmp_path, kind):
    """A name in place of each word of a good file, one at a time."""
    recording, name, text = FILES[kind]
    path = blank_edf(tmp_path / "Doe" / recording)
    for found in re.finditer(r"[\w.]+", text):
        beside = path.with_name(name)
        beside.write_text(text[: found.start()] + "Zebedee Doe" + text[found.end() :])
        try:
            shown = repr(events_of(path))
        except RecordingRefused as refusal:
            shown = str(refusal)
        assert "Zebedee" not in shown
        assert "Doe" not in shown


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("text", ["\ufeff{}", "{}\n\n"])
def test_how_a_system_ends_lines_does_not_matter(tmp_path, kind, text):
    recording, name, good = FILES[kind]
    path = blank_edf(tmp_path / recording)
    (tmp_path / name).write_bytes(text.format(good).replace("\n", "\r\n").encode())
    assert [(e.onset_s, e.duration_s) for e in events_of(path).events] == [(1, 2)]


def test_text_is_read_as_utf8_or_latin1(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffé\r\nß".encode())
    assert read_label_text(path, "list") == "é\nß"
    path.write_bytes("é\rß".encode("latin-1"))
    assert read_label_text(path, "list") == "é\nß"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_text_in_utf16_is_told_as_such(tmp_path, encoding):
    path = tmp_path / "x.txt"
    path.write_bytes("onset\tduration\n1.5\t2\n".encode(encoding))
    with pytest.raises(RecordingRefused, match="it is text in UTF-16, expected UTF-8: save it"):
        read_label_text(path, "list")


def test_a_file_too_large_or_gone_is_refused(tmp_path):
    path = tmp_path / "x.txt"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(RecordingRefused, match="larger than 16 MB"):
        read_label_text(path, "list")
    with pytest.raises(RecordingRefused, match="can't be read") as refused:
        read_label_text(tmp_path / "Jane.txt", "list")
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize(("text", "value"), [(" 1.5 ", 1.5), ("-.5", -0.5), ("1e3", 1000.0)])
def test_a_number_is_read(text, value):
    assert number(text) == value


@pytest.mark.parametrize("text", ["", "nan", "inf", "1e999", "1,5", "0x1", "1_0", "٣", "1 2"])
def test_what_is_no_finite_number_is_none(text):
    assert number(text) is None


@given(st.text())
def test_lines_end_in_one_way(text):
    assert "\r" not in as_lines(text)
