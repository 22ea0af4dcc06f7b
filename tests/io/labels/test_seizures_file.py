"""CHB-MIT's binary seizure files give the times of the published summaries, or are refused."""

import re
import struct

import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.labels.seizures_file import SEIZURE_END, SEIZURE_START, parse_seizures, read_seizures

NOTE = b"## time resolution: 256"


def word(code, interval=0):
    return struct.pack("<H", code << 10 | interval)


def skip(ticks):
    lower, upper = struct.unpack("<HH", struct.pack("<i", ticks))
    return word(59) + struct.pack("<HH", upper, lower)


def seizures_bytes(spans, note=NOTE):
    """The file as PhysioNet writes it, spans in ticks."""
    raw = word(22) + word(63, len(note)) + note + b"\x00" * (len(note) % 2)
    raw += skip(-1) + word(0, 1)
    now = 0
    for start, end in spans:
        raw += skip(start - now) + word(SEIZURE_START) + skip(end - start) + word(SEIZURE_END)
        now = end
    return raw + word(0)


@st.composite
def spans(draw):
    edges = sorted(draw(st.sets(st.integers(0, 1 << 30), max_size=8)))
    return list(zip(edges[::2], edges[1::2], strict=False))


@given(spans())
def test_what_was_written_is_read(pairs):
    events = parse_seizures(seizures_bytes(pairs))
    assert [(e.onset_s * 256, (e.onset_s + e.duration_s) * 256) for e in events] == pairs
    assert {event.type for event in events} <= {"sz"}


@given(st.binary(max_size=200), st.integers(0, 60))
@examples(300)
def test_junk_is_refused_or_read(raw, keep):
    code = "events"
    try:
        parse_seizures(seizures_bytes([(256, 512)])[:keep] + raw)
    except RecordingRefused as refused:
        code = refused.code
    assert code == "events"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "end mark"),
        (seizures_bytes([(1, 2)])[:-2], "end mark"),
        (seizures_bytes([(1, 2)]) + b"\x01\x02", "after the end mark"),
        (seizures_bytes([(1, 2)], b"nothing said"), "time resolution"),
        (seizures_bytes([(1, 2)], b"## time resolution: 0"), "time resolution"),
        (seizures_bytes([])[:-2] + word(SEIZURE_START, 5) + word(0), "no end"),
        (seizures_bytes([])[:-2] + word(SEIZURE_END, 5) + word(0), "did not start"),
        (seizures_bytes([])[:-2] + word(SEIZURE_START, 5) * 2 + word(0), "before the last"),
        (word(63, 999), "inside a note"),
    ],
)
def test_malformed_files_are_refused(raw, words):
    with pytest.raises(RecordingRefused, match=words):
        parse_seizures(raw)


def summary_times(subject):
    """Record -> [(start, end)] in seconds from a corpus summary."""
    times = {}
    text = real_data("chbmit_summaries", f"{subject}-summary.txt").read_text()
    for block in text.split("File Name: ")[1:]:
        numbers = re.findall(r"Seizure(?: \d+)? (?:Start|End) Time: *(\d+)", block)
        edges = [float(number) for number in numbers]
        times[block.split()[0]] = list(zip(edges[::2], edges[1::2], strict=True))
    return times


@pytest.mark.real
@pytest.mark.parametrize(
    ("file", "record"),
    [(f"chb01/chb01_{n}", f"chb01_{n}") for n in ("03", "04", "15", "16", "18", "21", "26")]
    # These two carry the times that the summary gives for the records named after them here.
    + [("chb02/chb02_17", "chb02_16+"), ("chb02/chb02_18", "chb02_19")],
)
def test_times_are_those_of_the_summary(file, record):
    events = read_seizures(real_data("chbmit_clips", "data", f"{file}.edf.seizures"))
    times = [(event.onset_s, event.onset_s + event.duration_s) for event in events]
    assert times == summary_times(record[:5])[f"{record}.edf"]


@pytest.mark.real
def test_a_file_with_two_seizures_gives_both():
    path = real_data("formats", "mne-testing-data", "wfdb", "chb06_04.edf.seizures")
    times = [(event.onset_s, event.onset_s + event.duration_s) for event in read_seizures(path)]
    assert times == summary_times("chb06")["chb06_04.edf"]
