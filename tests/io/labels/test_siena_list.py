"""Siena's lists are read with the slips they were published with; what is unsure is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import blank_edf, events_of, parsed_or_refused, spans
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.labels.siena_list import parse_siena

LIST = """PN16
Data Sampling Rate: 512 Hz
Channel 1: Fp1      \r
Seizure n 1 (in sleep):
File name: PN16-1.edf
Registration start time: 20.45.21
Registration end time: 23.03.11
Seizure start time: 22.45.05
Seizure end time:22.47.08
"""
CLOCK = 20 * 3600 + 45 * 60 + 21.0
SPAN = 8270.0


def seizures(text, stem="PN16-1", clock_s=CLOCK, span_s=SPAN):
    return spans(parse_siena(text, stem, clock_s, span_s))


def test_clock_times_become_seconds_from_the_first_sample():
    assert seizures(LIST) == [(7184, 7307, "sz")]
    assert seizures(LIST, clock_s=CLOCK + 0.5) == [(7183.5, 7306.5, "sz")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("22.45.05", "22:45.05"),
        ("22.45.05", "22 . 45 . 05  "),
        ("Registration start time: 20.45.21", "Registration start time:2 0.45.21"),
        ("PN16-1.edf", "PN16-1.edf  "),
        ("PN16-1.edf", "PN16-1"),
        ("PN16-1.edf", "PN16-.edf"),
        ("PN16-1.edf", "PN16.edf"),
        ("Seizure start time", "Start time"),
        ("22.47.08", "22.47.08 opure 22.46.40"),
        ("22.45.05", "22.45.05 (CLINICAL ONSET); 22.45.11 (ELECTRIC ONSET)"),
        ("Registration start time: 20.45.21", "Registration start time: 17.45.21"),
        ("Registration end time: 23.03.11", "Registration end time: 23.02.51"),
        ("Registration end time: 23.03.11\n", ""),
        ("Seizure n 1", "A remark of somebody\nSeizure n 1"),
    ],
)
def test_the_slips_of_the_published_lists_are_read(old, new):
    assert LIST.replace(old, new) != LIST
    assert seizures(LIST.replace(old, new)) == [(7184, 7307, "sz")]


def test_a_letter_for_a_digit_names_the_same_file():
    text = LIST.replace("PN16-1.edf", "PNO6-1.edf")
    assert seizures(text, "PN06-1") == [(7184, 7307, "sz")]


def test_a_registration_named_once_holds_for_all_its_seizures():
    """As PN01's, which names file and registration before the first seizure, and PN12's."""
    head = (
        "File name: PN01.edf\nRegistration start time: 19.00.44\nRegistration end time: 08.25.51\n"
    )
    times = "Seizure n {}\nStart time: {}\nEnd time: {}\n"
    first, second = ("21:51:02", "21:51:56"), ("07:53:17", "07:54:31")
    clock, span = 19 * 3600 + 44.0, 48307.0
    expected = [(10218, 10272, "sz"), (46353, 46427, "sz")]
    text = head + times.format(1, *first) + times.format(2, *second)
    assert seizures(text, "PN01-1", clock, span) == expected
    again = head + times.format(1, *first) + "File name: PN01.edf\n" + times.format(2, *second)
    assert seizures(again, "PN01-1", clock, span) == expected
    other = head + times.format(1, *first) + "File name: PN01-2.edf\n" + times.format(2, *second)
    assert seizures(other, "PN01-1", clock, span) == expected[:1]


def test_a_recording_past_midnight_and_a_seizure_across_it():
    text = LIST.replace("23.03.11", "00.45.21").replace("22.45.05", "23.59.30")
    text = text.replace("22.47.08", "00.01.00")
    assert seizures(text, span_s=14400.0) == [(11649, 11739, "sz")]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("20.45.21", "19.45.21", None),
        ("22.45.05", "22.60.05", "none"),
        ("22.45.05", "", "without a time"),
        ("22.45.05", "25.45.05", "none"),
        ("22.47.08", "23.47.08", "ends after the registration"),
        ("22.47.08", "22.44.08", "before it starts"),
        ("22.45.05", "20.45.05", "before it starts"),
        ("Registration start time: 20.45.21\n", "", "no registration"),
        ("Seizure end time:22.47.08\n", "", "no end"),
        ("Seizure start time: 22.45.05\n", "", "has no start"),
        ("Seizure start time", "Seizures tart time", "no known form"),
        ("File name", "File nane", "no known form"),
        ("Seizure end", "Seizure start", "two starts"),
    ],
)
def test_what_is_not_certain_is_refused(old, new, words):
    text = LIST.replace(old, new, 1)
    if words is None:  # start an hour off: the end must confirm the header, and does not
        text, words = text.replace("23.03.11", "22.50.11"), "by the clock of the header"
    with pytest.raises(RecordingRefused, match=words) as refused:
        seizures(text)
    assert refused.value.code == "events"


def test_a_recording_that_is_not_listed_is_unlabelled():
    found = parse_siena(LIST, "PN16-2", CLOCK, SPAN)
    assert (found.events, found.n_unresolved, found.source) == ((), 1, "siena")


LINES = st.sampled_from([*LIST.split("\n"), "File name:", "End time: 1.2.3", "Seizure n 2"])


@given(st.text(max_size=200) | st.lists(LINES, max_size=15).map("\n".join))
def test_any_text_is_read_or_refused(text):
    found = parsed_or_refused(parse_siena, text, "PN16-1", CLOCK, SPAN)
    if found != "events":
        assert all(0 < event.duration_s <= SPAN + 60 for event in found.events)


def test_a_recording_without_a_clock_is_refused(tmp_path):
    path = blank_edf(tmp_path / "PN16-1.edf", clock="Jane Doe")
    (tmp_path / "Seizures-list-PN16.txt").write_text(LIST)
    with pytest.raises(RecordingRefused, match="by the clock") as refused:
        events_of(path)
    assert "Jane" not in str(refused.value)
    assert spans(events_of(blank_edf(path, clock="20.45.21"))) == [(7184, 7307, "sz")]


@pytest.mark.real
def test_the_published_lists_give_the_seizures_counted_by_hand():
    """Onset and length of each by subtraction of the list's own clock times."""
    folder = real_data("formats", "epilepsy2bids", "tests", "data", "siena")
    expected = {
        "PN00-1": (1143, 1213),
        "PN00-2": (1220, 1274),
        "PN00-4": (1006, 1080),
        "PN00-5": (904, 971),
        "PN16-1": (7184, 7307),
        "PN16-2": (8574, 8681),
    }
    for path in sorted(folder.rglob("*.edf")):
        if path.stem == "PN00-3":  # its seizure ends after its registration does
            with pytest.raises(RecordingRefused, match="ends after the registration"):
                events_of(path)
        else:
            assert spans(events_of(path)) == [(*expected[path.stem], "sz")]
            assert events_of(path).source == "siena"
