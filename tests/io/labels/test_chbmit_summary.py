"""Every seizure of CHB-MIT's summaries is read, and nothing that a summary does not say."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import blank_edf, events_of, parsed_or_refused, spans
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.labels.chbmit_summary import parse_summary

SUMMARY = """Data Sampling Rate: 256 Hz
*************************
Channels in EDF Files:
Channel 1: FP1-F7

File Name: chb01_01.edf
File Start Time: 11:42:54
File End Time: 12:42:54
Number of Seizures in File: 0

File Name: chb01_02+.edf
Number of Seizures in File: 2
Seizure 1 Start Time:  10 seconds
Seizure 1 End Time:   20 seconds
Seizure 2 Start Time: 40 seconds
Seizure 2 End Time: 55 seconds
Channels changed:
Channel 1: FP1-CS2

File Name: chb01_03.edf
File Start Time: 13:43:04
Number of Seizures in File: 1
Seizure Start Time: 2996 seconds
Seizure End Time: 3036 seconds
"""


def seizures(text, name):
    return spans(parse_summary(text, name))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_both_spellings_of_a_seizure_are_read(ending):
    text = "\ufeff" + SUMMARY.replace("\n", ending)
    assert seizures(text, "chb01_02+.edf") == [(10, 20, "sz"), (40, 55, "sz")]
    assert seizures(text, "chb01_03.edf") == [(2996, 3036, "sz")]


def test_a_file_listed_without_seizures_is_free_of_them_and_one_not_listed_is_unlabelled():
    free = parse_summary(SUMMARY, "chb01_01.edf")
    assert (free.events, free.n_unresolved, free.source) == ((), 0, "summary")
    absent = parse_summary(SUMMARY, "chb01_04.edf")
    assert (absent.events, absent.n_unresolved, absent.source) == ((), 1, "summary")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("File: 1", "File: 2"),
        ("File: 1", "File: one"),
        ("Number of Seizures in File: 1\n", ""),
        ("Seizure End Time: 3036 seconds\n", ""),
        ("3036", "2000"),
        ("3036", "some"),
        ("2996", "-5"),
        ("Seizure End Time: 3036", "Seizure Stop: 3036"),
        ("File Name: chb01_02+.edf", "File Name: chb01_03.edf"),
    ],
)
def test_a_block_that_does_not_add_up_refuses_its_file_alone(old, new):
    text = SUMMARY[::-1].replace(old[::-1], new[::-1], 1)[::-1]
    assert text != SUMMARY
    with pytest.raises(RecordingRefused, match="summary") as refused:
        parse_summary(text, "chb01_03.edf")
    assert refused.value.code == "events"
    assert parse_summary(text, "chb01_01.edf").events == ()


def test_a_text_that_lists_nothing_is_refused():
    with pytest.raises(RecordingRefused, match="no line names a file"):
        parse_summary("404: not found", "chb01_03.edf")


LINES = st.sampled_from([*SUMMARY.split("\n"), "Seizure Start Time: x", "Seizure", "File Name:"])


@given(st.text(max_size=200) | st.lists(LINES, max_size=25).map("\n".join))
def test_any_text_is_read_or_refused(text):
    found = parsed_or_refused(parse_summary, text, "chb01_03.edf")
    if found != "events":
        assert all(event.duration_s > 0 and event.type == "sz" for event in found.events)


def test_the_summary_of_the_folder_is_found_and_must_agree_with_the_seizures_file(tmp_path):
    path = blank_edf(tmp_path / "chb01_03.edf")
    (tmp_path / "chb01-summary.txt").write_text(SUMMARY)
    found = events_of(path)
    assert (found.source, spans(found)) == ("summary", [(2996, 3036, "sz")])
    (tmp_path / "chb01_03.edf.seizures").write_bytes(bytes.fromhex(SEIZURES))
    assert events_of(path).source == "seizures"
    (tmp_path / "chb01-summary.txt").write_text(SUMMARY.replace("2996", "2896"))
    with pytest.raises(RecordingRefused, match="seizures and summary"):
        events_of(path)


@pytest.mark.real
@pytest.mark.parametrize("number", range(1, 17))
def test_all_seizures_of_the_published_summaries_are_read(number):
    text = real_data("chbmit_summaries", f"chb{number:02d}-summary.txt").read_text()
    names = re.findall(r"File Name: (\S+)", text)
    found = {name: parse_summary(text, name) for name in names}
    starts = [float(t) for t in re.findall(r"Seizure.*Start Time: *(\d+)", text)]
    ends = [float(t) for t in re.findall(r"Seizure.*End Time: *(\d+)", text)]
    read = [span for name in names for span in spans(found[name])]
    assert read == [(a, b, "sz") for a, b in zip(starts, ends, strict=True)]
    assert not any(f.n_unresolved for f in found.values())


@pytest.mark.real
def test_summaries_agree_with_the_seizures_files_or_the_recording_is_refused(tmp_path):
    """Two of the nine binary files at hand bear another recording's name, by the summary."""
    contradicted = []
    for path in sorted(real_data("chbmit_clips", "data").rglob("*.seizures")):
        name = path.name.removesuffix(".seizures")
        summary = real_data("chbmit_summaries", f"{name[:5]}-summary.txt")
        (tmp_path / summary.name).write_bytes(summary.read_bytes())
        (tmp_path / path.name).write_bytes(path.read_bytes())
        found = parsed_or_refused(events_of, blank_edf(tmp_path / name))
        if found == "events":
            contradicted.append(name)
        else:
            assert found.source == "seizures"
            assert spans(found) == spans(parse_summary(summary.read_text(), name))
    assert contradicted == ["chb02_17.edf", "chb02_18.edf"]


@pytest.mark.real
@pytest.mark.parametrize("subject", ["chb05", "chb08"])
def test_recordings_of_a_published_folder_get_their_seizures(subject):
    folder = real_data("formats", "epilepsy2bids", "tests", "data", "chbmit", subject)
    text = (folder / f"{subject}-summary.txt").read_text()
    paths = sorted(folder.glob("*.edf"))
    found = [events_of(path) for path in paths]
    assert {f.source for f in found} == {"summary"}
    assert sum(len(f.events) for f in found) == len(re.findall("Seizure.*Start", text)) == 5


SEIZURES = (
    "005817fc23232074696d65207265736f6c7574696f6e3a203235360000ecffffffff0100"
    "00ec0b0000b4008000ec0000002800840000"
)
