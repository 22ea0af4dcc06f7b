"""Events come from the most trusted source once, and a malformed source is never guessed at."""

import json
import re
import tomllib

import pytest
from edf_bytes import plain, plus, time_stamps
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import format_events_tsv
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.edf.header import read_header
from eegssl.io.labels.event_types import (
    EVENT_TYPES,
    EXTRA_TYPES,
    SEIZURE_TYPES,
    Event,
    event_type,
    is_seizure,
    mentions_seizure,
)
from eegssl.io.labels.events import events_from_annotations, read_events
from eegssl.io.labels.events_tsv import parse_events_tsv
from eegssl.io.labels.sidecars import find_sidecars
from eegssl.io.recording_header import Annotation

HEAD = "onset\tduration\teventType\tconfidence\tchannels\n"
CENTISECONDS = st.integers(0, 10**8).map(lambda tick: tick / 100)
EVENT = st.builds(
    Event,
    onset_s=CENTISECONDS,
    duration_s=CENTISECONDS,
    type=st.sampled_from(EVENT_TYPES),
    channels=st.lists(st.sampled_from(["Fp1", "F7-T7", "Cz"]), max_size=3).map(tuple),
    confidence=st.none() | st.integers(0, 100).map(lambda share: share / 100),
    source=st.just("tsv"),
)


def parsed(text):
    return parse_events_tsv(text, EventSettings())


@given(st.lists(EVENT, min_size=1, max_size=6))
def test_a_table_written_is_the_table_read(events):
    found = parsed(format_events_tsv(events, 100.0))
    assert sorted(found.events, key=repr) == sorted(set(events), key=repr)


def test_a_recording_without_events_holds_one_background_row():
    text = format_events_tsv([], 61.5)
    assert text.splitlines()[1].split("\t")[:3] == ["0.00", "61.50", "bckg"]
    assert parsed(text).events == (Event(0.0, 61.5, "bckg", source="tsv"),)


@given(st.text(max_size=200) | st.text("01\t\n.n/asz-\r", max_size=60).map(HEAD.__add__))
@examples(300)
def test_junk_in_a_table_is_refused_or_read(text):
    code = "events"
    try:
        for event in parsed(text).events:
            assert event.type in (*EVENT_TYPES, *EXTRA_TYPES, "T0", "T1", "T2")
    except RecordingRefused as refused:
        code = refused.code
    assert code == "events"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("onset\tduration\n1\t2\n", "lack"),
        ("onset duration eventType\n", "lack .*events.columns="),
        ("onset\tend\teventType\n1\t2\tsz\n", "lack duration.*events.columns="),
        (HEAD + "1\t2\tsz\n", "row 2: 3 fields, expected 5"),
        (HEAD + "one\t2\tsz\tn/a\tn/a\n", "row 2: onset is no number"),
        (HEAD + "1\tn/a\tsz\tn/a\tn/a\n", "sz without a duration; .*end = .*events.sources"),
        (HEAD + "n/a\t1\tbckg\tn/a\tn/a\n", "bckg without an onset; write it .*events.sources"),
        (HEAD + "1\t-2\tsz\tn/a\tn/a\n", "-2"),
        (HEAD + "1\tinf\tsz\tn/a\tn/a\n", "no number"),
        (HEAD + "1\t2\tsz_Jane\tn/a\tn/a\n", "outside the SzCORE vocabulary"),
        (HEAD + "1\t2\tsz\tsure\tn/a\n", "confidence is no number"),
        (HEAD.replace("channels", "onset") + "1\t2\tsz\tn/a\t3\n", "two columns"),
    ],
)
def test_a_malformed_table_is_refused_with_its_place(text, words):
    with pytest.raises(RecordingRefused, match=words) as refused:
        parsed(text)
    assert refused.value.code == "events"
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("23:00:10\t20\tsz", "onset"),
        ("0:01:00\t20\tsz", "onset"),
        ("2020-01-01 23:00:10\t20\tsz", "onset"),
        ("60,5\t20\tsz", "onset"),
        ("60\t0:00:20\tsz", "duration"),
    ],
)
@pytest.mark.parametrize("name", ["a.tsv", "a_events.tsv"])
@pytest.mark.parametrize("types", ["eventType", "trial_type"])
def test_other_times_of_a_table_are_refused_with_an_option_that_reads_it(
    tmp_path, row, column, name, types
):
    (tmp_path / name).write_text(f"onset\tduration\t{types}\n{row}\n")
    began = {(168, 184): b"01.01.2022.59.10"}
    (tmp_path / "a.edf").write_bytes(plain(600, 2, main=began).bytes())
    header = read_header(tmp_path / "a.edf")
    with pytest.raises(RecordingRefused, match=f"row 2: {column} is a time of day") as refused:
        read_events(header)
    option = re.search(r"--set 'events\.(columns=.*)'", refused.value.reason)[1]
    columns = tomllib.loads(option)["columns"]
    own = EventSettings(columns=columns, time_unit="elapsed" if row[0] == "0" else "auto")
    (event,) = read_events(header, own).events
    assert event.type == "sz"
    assert (event.onset_s, event.duration_s) == (60.5 if "," in row else 60.0, 20.0)


@pytest.mark.parametrize("text", ["Anfälle", "Anfa\u0308lle", "Anfaelle", "Krämpfe", "Crisis"])
def test_seizures_are_heard_of_in_every_spelling(text):
    assert mentions_seizure(text)


def test_other_events_of_a_bids_table_are_counted():
    text = "onset\tduration\ttrial_type\n0\tn/a\tstimulus\n1.5\tn/a\tT1\n2\t3\tsz-foc-ia\n"
    found = parsed(text)
    assert found.events == (
        Event(1.5, 0.0, "T1", source="tsv"),
        Event(2.0, 3.0, "sz_foc_ia", source="tsv", original="sz-foc-ia"),
    )
    assert found.n_dropped == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [("sz", "sz"), ("Seizure", "sz"), ("SZ-FOC-IA", "sz_foc_ia"), (" sz_foc_ia ", "sz_foc_ia"),
     ("sz-gen-m-tonicclonic", "sz_gen_m_tonicClonic"), ("bckg", "bckg"), ("T0", "T0"),
     ("t0", None), ("eyes closed", None), ("seizures?", None), ("", None)],
)  # fmt: skip
def test_spellings_of_types(text, kind):
    assert event_type(text, ("T0",)) == kind


def test_annotations_become_events_or_are_counted():
    notes = [
        Annotation(1, 5, "seizure"),
        Annotation(10, None, "Seizure onset"),
        Annotation(12, None, "eyes open"),
        Annotation(40, None, "seizure end"),
        Annotation(50, None, "T1"),
        Annotation(60, None, "sz"),
        Annotation(70, None, "possible seizure, told Dr. Doe"),
        Annotation(80, None, "sz start"),
    ]
    found = events_from_annotations(notes, ("T1",), n_unreadable=2)
    assert [(e.onset_s, e.duration_s, e.type) for e in found.events] == [
        (1, 5, "sz"), (10, 30, "sz"), (50, 0, "T1")
    ]  # fmt: skip
    assert (found.n_dropped, found.n_unresolved, found.n_unreadable) == (1, 3, 2)
    assert "Doe" not in repr(found)


def recording(folder, name="sub-01_task-x_eeg.edf"):
    """Ten seconds with a seizure of 2 s at 3 s and a marker at 1 s among its annotations."""
    tals = time_stamps([str(k) for k in range(10)])
    tals[1] += b"+1\x14T1\x14\x00"
    tals[3] += b"+3\x152\x14seizure\x14\x00"
    path = folder / name
    path.write_bytes(plus([str(k) for k in range(10)], tals=tals).bytes())
    return path


def kinds(path, **changes):
    found = read_events(read_header(path), EventSettings(**changes))
    return found.source, [(event.onset_s, event.type) for event in found.events]


def test_no_seizure_is_counted_twice(tmp_path):
    path = recording(tmp_path)
    assert kinds(path) == ("edf", [(1, "T1"), (3, "sz")])
    seizures = tmp_path / "sub-01_task-x_eeg.edf.seizures"
    seizures.write_bytes(bytes.fromhex(ONE_SEIZURE))
    assert kinds(path) == ("seizures", [(1, "T1"), (2996, "sz")])
    (tmp_path / "sub-01_task-x_events.tsv").write_text(HEAD + "2997\t38\tsz_foc\tn/a\tn/a\n")
    assert kinds(path) == ("tsv", [(1, "T1"), (2997, "sz_foc")])
    assert kinds(path, sources=("edf", "tsv")) == ("edf", [(1, "T1"), (3, "sz")])
    assert kinds(path, sources=("tsv",)) == ("tsv", [(2997, "sz_foc")])


def test_a_malformed_sidecar_does_not_fall_back(tmp_path):
    path = recording(tmp_path)
    (tmp_path / "sub-01_task-x_events.tsv").write_text("nothing useful")
    (tmp_path / "sub-01_task-x_eeg.edf.seizures").write_bytes(bytes.fromhex(ONE_SEIZURE))
    with pytest.raises(RecordingRefused, match="events"):
        read_events(read_header(path))


def test_a_good_sidecar_stands_over_a_malformed_one_of_less_trust(tmp_path):
    path = recording(tmp_path)
    (tmp_path / "sub-01_task-x_events.tsv").write_text(HEAD + "4\t1\tsz\tn/a\tn/a\n")
    (tmp_path / "sub-01_task-x_eeg.edf.seizures").write_bytes(b"junk")
    assert kinds(path) == ("tsv", [(1, "T1"), (4, "sz")])


@pytest.mark.parametrize(
    ("rows", "agrees"),
    [
        ("2996\t40\tsz", True),
        ("2994.5\t43\tsz", True),
        ("2996\t20\tsz\n3017\t19\tsz", True),
        ("2990\t46\tsz", False),
        ("2996\t40\tsz\n9000\t5\tsz", False),
        ("0\t9999\tbckg", False),
        ("5\t9\timpd\n2996\t40\tsz", True),
        ("5\t0\tT1", True),
    ],
)
def test_two_lists_that_contradict_each_other_refuse_the_recording(tmp_path, rows, agrees):
    path = recording(tmp_path, "rec.edf")
    (tmp_path / "rec.edf.seizures").write_bytes(bytes.fromhex(ONE_SEIZURE))
    (tmp_path / "rec.tsv").write_text("onset\tduration\teventType\n" + rows + "\n")
    if agrees:
        assert kinds(path)[0] == "tsv"
        return
    with pytest.raises(RecordingRefused, match=r"tsv and seizures .* events\.sources") as refused:
        kinds(path)
    assert refused.value.code == "events"
    assert kinds(path, sources=("tsv", "edf"))[0] == "tsv"


def test_remarks_inside_a_recording_contradict_nothing(tmp_path):
    path = recording(tmp_path)
    (tmp_path / "sub-01_task-x_events.tsv").write_text(HEAD + "0\t10\tbckg\tn/a\tn/a\n")
    assert kinds(path) == ("tsv", [(0, "bckg"), (1, "T1")])
    assert kinds(path, sources=("edf", "tsv"))[0] == "edf"


def test_the_texts_of_annotations_are_kept_in_memory_and_out_of_sight(tmp_path):
    path = recording(tmp_path)
    found = read_events(read_header(path), EventSettings(sources=("tsv",)))
    assert [(note.onset_s, note.text) for note in found.annotations] == [(1, "T1"), (3, "seizure")]
    assert "annotations" not in repr(found)


def test_the_original_label_is_kept_where_it_is_another_word(tmp_path):
    found = read_events(read_header(recording(tmp_path)))
    assert [(event.type, event.original) for event in found.events] == [
        ("T1", ""),
        ("sz", "seizure"),
    ]


def test_no_word_means_two_types_and_no_extra_type_is_a_seizure():
    assert not {*EVENT_TYPES} & {*EXTRA_TYPES}
    assert not any(is_seizure(kind) for kind in EXTRA_TYPES)
    for kind in (*EVENT_TYPES, *EXTRA_TYPES):
        assert event_type(kind) == kind
    assert event_type("Sleep stage W") == "sleep_wake"
    assert event_type("nesz") == "nesz"


def test_sidecars_are_found_by_their_names(tmp_path):
    path = recording(tmp_path, "chb01_03.edf")
    assert "tsv" not in find_sidecars(path)
    (tmp_path / "chb01_03.tsv").write_text(HEAD)
    assert find_sidecars(path)["tsv"] == [tmp_path / "chb01_03.tsv"]
    (tmp_path / "chb01_03_events.tsv").write_text(HEAD)
    with pytest.raises(RecordingRefused, match="two TSV"):
        find_sidecars(path)


@pytest.mark.real
def test_the_vocabulary_holds_every_type_of_a_published_corpus():
    levels = json.loads(real_data("seizeit2_annotations", "events.json").read_text())
    names = set(levels["eventType"]["Levels"])
    assert names <= set(EVENT_TYPES)
    assert {name for name in names if name.startswith("sz")} <= set(SEIZURE_TYPES)


ONE_SEIZURE = (
    "005817fc" "23232074696d65207265736f6c7574696f6e3a2032353600" "00ecffffffff0100"
    "00ec0b0000b40080" "00ec000000280084" "0000"
)  # fmt: skip


def test_an_annotation_may_name_its_channel():
    notes = [
        Annotation(10.0, 5.0, "sz@@EEG Fp1-REF"),
        Annotation(20.0, None, "seizure start@@T3"),
        Annotation(22.0, None, "seizure start@@O1"),
        Annotation(24.0, None, "seizure end@@O1"),
        Annotation(26.0, None, "seizure end@@T3"),
        Annotation(30.0, 2.0, "sz@@"),
        Annotation(40.0, 2.0, "@@Fp1"),
    ]
    events = events_from_annotations(notes)
    rows = [(e.onset_s, e.duration_s, e.type, e.channels) for e in events.events]
    assert rows == [
        (10.0, 5.0, "sz", ("EEG Fp1-REF",)),
        (20.0, 6.0, "sz", ("T3",)),
        (22.0, 2.0, "sz", ("O1",)),
        (30.0, 2.0, "sz", ()),
    ]
    assert (events.n_dropped, events.n_unresolved) == (1, 0)


def test_a_bids_table_without_types_is_counted_and_what_is_inside_counts(tmp_path):
    path = tmp_path / "sub-1_eeg.edf"
    tals = [raw + b"+1\x152\x14sz\x14\x00" for raw in time_stamps(["0", "1", "2"])]
    path.write_bytes(plus(["0"] * 3, tals=tals[:1] + time_stamps(["1", "2"])).bytes())
    table = tmp_path / "sub-1_events.tsv"
    table.write_text("onset\tduration\tsample\tvalue\n0\t1\t0\tsz\n1\t1\t50\t7\n")
    events = read_events(read_header(path))
    assert (events.n_untyped, events.source, len(events.events)) == (2, "edf", 1)
    named = read_events(read_header(path), EventSettings(type_columns=("value",)))
    assert (named.n_untyped, named.source, len(named.events)) == (0, "tsv", 1)
    table.write_text("onset\tduration\tkind\n0\t1\tsz\n")
    with pytest.raises(RecordingRefused, match=r"events\.type_columns"):
        read_events(read_header(path))
