"""TUH's label files, new and old: seizures by term with type and channels, and other findings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import TYPES, blank_edf, events_of, parsed_or_refused, spans

from eegssl.errors import RecordingRefused
from eegssl.io.labels.event_types import EVENT_TYPES, EXTRA_TYPES, is_seizure
from eegssl.io.labels.tuh_labels import (
    LABELS,
    REC_CHANNELS,
    SEIZURES,
    Row,
    is_tuh,
    merge,
    parse_rows,
)

COMMENTS = """# version = csv_v1.0.0
# bname = aaaaaaac_s001_t000
# duration = 301.0000 secs
# montage_file = $NEDC_NFC/lib/nedc_eas_default_montage.txt
#
"""
COLUMNS = "channel,start_time,stop_time,label,confidence\n"
HEAD = COMMENTS + COLUMNS
BI = HEAD + "TERM,0.0000,36.8868,bckg,1.0000\nTERM,36.8868,183.3055,seiz,0.9\n"
BI += "TERM,183.3055,301.0000,bckg,1.0000\n"
CSV = (
    HEAD
    + """FP1-F7,0.0000,36.8868,bckg,1.0000
FP1-F7,36.8868,183.3055,cpsz,1.0000
FP1-F7,183.3055,301.0000,bckg,1.0000
F7-T3,0.0000,40.0000,bckg,1.0000
F7-T3,40.0000,183.3055,cpsz,1.0000
F8-T4,50.0000,60.0000,fnsz,1.0000
F8-T4,200.0000,201.0000,eyem,1.0000
T4-T6,200.5000,202.0000,eyem,0.5000
"""
)
TSE = "version = tse_v1.0.0\n\n0.0000 10.2775 bckg 1.0000\n10.2775 35.7775 gnsz 1.0000\n"


@pytest.fixture
def recording(tmp_path):
    return blank_edf(tmp_path / "aaaaaaac_s001_t000.edf", 301)


def beside(recording, **files):
    for suffix, text in files.items():
        recording.with_name(f"{recording.stem}.{suffix}").write_text(text)
    return recording


def test_a_seizure_by_term_has_the_type_and_channels_it_overlaps_most(recording):
    found = events_of(beside(recording, csv_bi=BI, csv=CSV))
    assert spans(found) == [
        (0, 36.8868, "bckg"), (36.8868, 183.3055, "sz_foc_ia"), (183.3055, 301, "bckg"),
        (200, 202, "eyem"),
    ]  # fmt: skip
    seizure, eyes = found.events[1], found.events[3]
    assert (seizure.original, seizure.channels) == ("cpsz", ("FP1-F7", "F7-T3"))
    assert seizure.confidence == 0.9
    assert (eyes.channels, eyes.confidence) == (("F8-T4", "T4-T6"), 0.5)
    assert (found.source, found.n_dropped, found.n_unresolved) == ("tuh", 0, 0)


def test_terms_alone_give_seizures_without_type_or_channels(recording):
    seizure = events_of(beside(recording, csv_bi=BI)).events[1]
    assert (seizure.type, seizure.original, seizure.channels) == ("sz", "seiz", ())


def test_channels_alone_are_joined_and_background_is_where_no_seizure_is(recording):
    found = events_of(beside(recording, csv=CSV))
    assert spans(found) == [
        (0, 36.8868, "bckg"), (36.8868, 183.3055, "sz_foc_ia"), (50, 60, "sz_foc"),
        (183.3055, 301, "bckg"), (200, 202, "eyem"),
    ]  # fmt: skip
    assert found.events[1].channels == ("FP1-F7", "F7-T3")


def test_a_seizure_on_channels_that_no_term_has_is_unresolved(recording):
    more = CSV + "O1-O2,220.0,230.0,fnsz,1.0\n"
    found = events_of(beside(recording, csv_bi=BI, csv=more))
    assert found.n_unresolved == 1
    assert sum(is_seizure(event.type) for event in found.events) == 1


def test_the_older_files_by_term_are_read(recording):
    bi = TSE.replace("gnsz", "seiz")
    found = events_of(beside(recording, tse=TSE, tse_bi=bi))
    assert spans(found) == [(0, 10.2775, "bckg"), (10.2775, 35.7775, "sz_gen")]
    assert found.events[1].original == "gnsz"
    assert spans(events_of(beside(recording, csv_bi=BI)))[1][1] == 183.3055  # newer ones win


def test_older_files_alone(recording):
    assert spans(events_of(beside(recording, tse=TSE)))[1] == (10.2775, 35.7775, "sz_gen")
    recording.with_suffix(".tse").unlink()
    found = events_of(beside(recording, tse_agg=TSE.replace("gnsz", "slow")))
    assert spans(found)[1] == (10.2775, 35.7775, "slow")


def test_artifacts_and_seizures_of_two_files_are_taken_together(recording):
    """TUAR keeps seizures in a file of their own."""
    artifacts = HEAD + "FP1-F7,1.0,2.0,eyem_musc,1.0\n"
    recording.with_name(f"{recording.stem}_seiz.csv").write_text(HEAD + "F7-T3,5.0,9.0,fnsz,1.0\n")
    found = events_of(beside(recording, csv=artifacts))
    assert spans(found) == [(1, 2, "eyem_musc"), (5, 9, "sz_foc")]


def test_events_of_tuev_are_read_by_the_numbers_of_their_montage(recording):
    rows = "13,90.4,91.4,6\n0,90.4,91.4,1\n1,91.4,92.4,1\n21,95,96,4\n"
    found = events_of(beside(recording, rec=rows))
    assert spans(found) == [(90.4, 91.4, "bckg"), (90.4, 92.4, "spsw"), (95, 96, "eyem")]
    assert [e.channels for e in found.events] == [("T4-A2",), ("FP1-F7", "F7-T3"), ("P4-O2",)]
    assert len(REC_CHANNELS) == len(set(REC_CHANNELS)) == 22


def test_every_label_ends_in_the_vocabulary():
    assert set(LABELS.values()) <= {*EVENT_TYPES, *EXTRA_TYPES}
    assert {label for label, kind in LABELS.items() if is_seizure(kind)} == set(SEIZURES)
    assert not is_seizure(LABELS["nesz"])


@pytest.mark.parametrize(("label", "counts"), [("newsz", (0, 1)), ("blob", (1, 0))])
def test_a_label_outside_the_vocabulary_is_counted(recording, label, counts):
    found = events_of(beside(recording, csv=CSV.replace("eyem", label, 1)))
    assert (found.n_dropped, found.n_unresolved) == counts
    assert label not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (COLUMNS, "", "expected the columns"),
        ("csv_v1.0.0", "csv_v2.0.0", "version"),
        ("301.0000 secs", "305.0000 secs", "duration is 305 s, the recording's 301 s"),
        ("36.8868,bckg", "x,bckg", "line 7: start and stop"),
        ("0.0000,36.8868", "37.0,36.8868", "line 7: start and stop"),
        ("bckg,1.0000", "bckg,sure", "line 7: the label or the confidence"),
        ("bckg,1.0000", "bckg", "line 7 has 4 fields"),
        ("bckg,1.0000", "Jane Doe,1.0000", "line 7: the label"),
        ("TERM,0.0", "Jane Doe,0.0", "line 7: the channel"),
    ],
)
def test_a_malformed_file_is_refused_with_its_place(recording, old, new, words):
    assert old in BI
    with pytest.raises(RecordingRefused, match=words) as refused:
        events_of(beside(recording, csv_bi=BI.replace(old, new, 1)))
    assert refused.value.code == "events"
    assert "Jane" not in str(refused.value)


@pytest.mark.parametrize(
    ("suffix", "text"),
    [("tse", "0 1 bckg 1\n"), ("tse", TSE + "1 2 bckg\n"), ("tse", "version = tse_v2\n"),
     ("rec", "13,90.4,91.4,6\n22,1,2,1\n"), ("rec", "13,90.4,91.4,6\n0,1,2,7\n"),
     ("rec", "13,90.4,91.4,6\n0,1,2\n"), ("rec", "13,91.4,90.4,6\n"), ("csv_bi", ""),
     ("csv", "# version = csv_v1.0.0\n")],
)  # fmt: skip
def test_malformed_files_of_the_other_kinds_are_refused(recording, suffix, text):
    with pytest.raises(RecordingRefused, match="TUH") as refused:
        events_of(beside(recording, **{suffix: text}))
    assert refused.value.code == "events"


def test_files_of_others_that_end_alike_are_no_labels(recording):
    others = {"csv": "time,Fp1\n0,1\n", "rec": "not a table"}
    found = events_of(beside(recording, **others))
    assert (found.source, found.events) == ("", ())


@pytest.mark.parametrize("dress", ["\ufeff{}", "{}\n\n"])
def test_marks_and_line_ends_of_other_systems_do_not_matter(recording, dress):
    plain = events_of(beside(recording, csv_bi=BI)).events
    text = dress.format(BI.replace("\n", "\r\n"))
    assert events_of(beside(recording, csv_bi=text)).events == plain


ROWS = st.lists(
    st.sampled_from([*BI.split("\n"), *CSV.split("\n"), *TSE.split("\n"), "0,1,2,3", "TERM,1,2"]),
    max_size=20,
).map("\n".join)
SUFFIXES = st.sampled_from([".csv", ".csv_bi", ".tse", ".tse_bi", ".rec"])


@given(st.text(max_size=200) | ROWS | ROWS.map(HEAD.__add__), SUFFIXES)
def test_any_text_is_read_or_refused(text, suffix):
    rows = parsed_or_refused(parse_rows, text, suffix, 301.0)
    if rows != "events":
        assert all(event.type in TYPES for event in merge([], rows).events)


SPANS = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda s: (s[0], s[0] + s[1]))
LABELLED = st.lists(st.tuples(st.sampled_from("AB"), SPANS, st.sampled_from(["fnsz", "bckg"])))


@given(LABELLED)
def test_no_second_is_both_seizure_and_background_and_none_is_lost(labelled):
    text = HEAD + "".join(f"{c},{a},{b},{label},1\n" for c, (a, b), label in labelled)
    found = merge([], parse_rows(text, ".csv"))
    named = {"sz_foc": set(), "bckg": set()}
    for event in found.events:
        named[event.type] |= set(range(int(event.onset_s), int(event.onset_s + event.duration_s)))
    written = {"fnsz": set(), "bckg": set()}
    for _, (a, b), label in labelled:
        written[label] |= set(range(a, b))
    assert named["sz_foc"] == written["fnsz"]
    assert named["bckg"] == written["bckg"] - written["fnsz"]


def test_a_seizure_that_no_term_has_is_unresolved_and_drops_nothing() -> None:
    channels = [Row("FP1-F7", 2.0, 5.0, "fnsz", 1.0)]
    found = merge([Row("TERM", 12.0, 15.0, "seiz", 1.0)], channels)
    assert [(e.onset_s, e.type) for e in found.events] == [(12.0, "sz")]
    assert (found.n_dropped, found.n_unresolved) == (0, 1)


@pytest.mark.parametrize("line", ["1,2.0,5.0,99", "1, 2.0, 5.0, 6", "12,2,5,1"])
def test_four_numbers_are_a_rec_file_whatever_the_label(line: str) -> None:
    assert is_tuh(line + "\n", ".rec")
