"""The experts' votes of the Helsinki neonates, second by second."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import blank_edf, events_of, parsed_or_refused, spans
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.labels.helsinki import parse_column

SECONDS = {"A_fixed": "0011100", "B": "0111001", "C": "0010001"}
NAMES = {"A_fixed": "annotations_2017_A_fixed.csv", "B": "annotations_2017_B.csv"}
NAMES["C"] = "annotations_2017_C.csv"


def table(seconds, blank=""):
    rows = [f"0,{second}" for second in seconds]
    return "1,2\r\n" + "\r\n".join([*rows, f"1,{blank}", f"0,{blank}"]) + "\r\n"


@pytest.fixture
def folder(tmp_path):
    for expert, seconds in SECONDS.items():
        (tmp_path / NAMES[expert]).write_bytes(table(seconds).encode())
    return tmp_path


@pytest.mark.parametrize(
    ("experts", "expected"),
    [
        ("any", [(1, 5, "sz"), (6, 7, "sz")]),
        ("majority", [(2, 4, "sz"), (6, 7, "sz")]),
        ("all", [(2, 3, "sz")]),
    ],
)
def test_as_many_experts_as_wanted_make_a_seizure(folder, experts, expected):
    path = blank_edf(folder / "eeg2.edf", 7)
    found = events_of(path, experts=experts)
    assert (spans(found), found.source, found.n_unresolved) == (expected, "helsinki", 0)


def test_tables_are_found_above_the_recording_up_to_the_root_and_no_further(folder):
    path = blank_edf(folder / "edf" / "more" / "eeg2.edf", 7)
    assert events_of(path, root=folder).source == "helsinki"
    assert events_of(path, root=folder / "edf").source == ""
    assert events_of(path).source == ""


def test_a_recording_that_goes_on_after_its_labels_is_not_background_there(folder):
    assert events_of(blank_edf(folder / "eeg2.edf", 12)).n_unresolved == 0
    assert events_of(blank_edf(folder / "eeg2.edf", 13)).n_unresolved == 1


def test_the_corrected_table_stands_for_the_first_one(folder):
    (folder / "annotations_2017_A.csv").write_text("wrong")
    assert events_of(blank_edf(folder / "eeg2.edf", 7)).source == "helsinki"


def test_two_experts_of_three_are_refused(folder):
    (folder / NAMES["B"]).unlink()
    with pytest.raises(RecordingRefused, match="2 of 3 experts"):
        events_of(blank_edf(folder / "eeg2.edf", 7))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no column"),
        ("1,3\n0,0\n", "no column"),
        ("1,2\n0\n", "1 cells, expected 2"),
        ("1,2\n0,2\n", "neither 0, 1"),
        ("1,2\n0,Jane\n", "neither 0, 1"),
        ("1,2\n0,\n0,1\n", "neither 0, 1 nor blank up to the end"),
        (table("0011"), "different lengths"),
    ],
)
def test_a_malformed_table_is_refused(folder, text, words):
    (folder / NAMES["C"]).write_text(text)
    with pytest.raises(RecordingRefused, match=words) as refused:
        events_of(blank_edf(folder / "eeg2.edf", 7))
    assert refused.value.code == "events"
    assert "Jane" not in str(refused.value)


@given(st.text(max_size=100) | st.text("01,2\n", max_size=60).map("1,2\n".__add__))
def test_any_text_is_read_or_refused(text):
    found = parsed_or_refused(parse_column, text, 2)
    assert found == "events" or len(found) <= text.count("\n") + text.count("\r")


@pytest.mark.parametrize("blank", ["", "NaN", " nan "])
def test_cells_past_the_end_of_a_recording_are_blank(blank):
    assert parse_column(table("010", blank), 2) == [False, True, False]


@pytest.mark.real
@pytest.mark.parametrize(("expert", "place"), [("A_fixed", 0), ("B", 1), ("C", 2)])
def test_every_vote_of_the_published_tables_is_that_of_the_authors_own_file(expert, place):
    matlab = pytest.importorskip("scipy.io")
    path = real_data("helsinki", NAMES[expert])
    text = path.read_text()
    wanted = matlab.loadmat(real_data("helsinki", "annotations_2017.mat"))["annotat_new"][0]
    for number in (1, 2, 7, 13, 14, 15, 34, 36, 39, 67, 69, 79):
        seen = np.array(parse_column(text, number))
        assert np.array_equal(seen, wanted[number - 1][place] == 1)


@pytest.mark.real
def test_the_seizures_of_a_published_recording_by_a_direct_count(tmp_path):
    """Runs of seconds in which enough experts see a seizure, counted without our reader."""
    folder = real_data("helsinki")
    for name in NAMES.values():
        (tmp_path / name).symlink_to(folder / name)
    for number in (1, 5, 13):
        columns = []
        for name in NAMES.values():
            with open(folder / name, newline="") as file:
                rows = list(csv.reader(file))[1:]
            columns.append([int(row[number - 1]) for row in rows if row[number - 1] != ""])
        votes = np.sum(columns, axis=0)
        path = blank_edf(tmp_path / f"eeg{number}.edf", len(votes), rate=1)
        for experts, least in (("any", 1), ("majority", 2), ("all", 3)):
            found = events_of(path, experts=experts)
            runs = np.diff(np.concatenate([[0], (votes >= least).astype(int), [0]]))
            assert len(found.events) == (runs == 1).sum()
            assert sum(e.duration_s for e in found.events) == (votes >= least).sum()
