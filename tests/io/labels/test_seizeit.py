"""SeizeIT's two forms: comments and rows (1), and BIDS tables of thousands of real rows (2)."""

import tarfile
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from labelfiles import TYPES, blank_edf, events_of, parsed_or_refused, spans
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.labels.events_tsv import parse_events_tsv
from eegssl.io.labels.seizeit import parse_seizeit

HEAD = "# Source: SeizeIt1\n# Subject: P_ID64\n \n\n"


def test_each_type_is_mapped_and_kept():
    rows = "10\t20\tFIA\tHem:L\n30\t40\tFA\tHem:R\n50\t60\tF-BTC\tbhe: 0\n70\t80.5\tNC\t\n"
    found = parse_seizeit(HEAD + rows)
    assert spans(found) == [
        (10, 20, "sz_foc_ia"), (30, 40, "sz_foc_a"), (50, 60, "sz_foc_f2b"), (70, 80.5, "sz"),
    ]  # fmt: skip
    assert [event.original for event in found.events] == ["FIA", "FA", "F-BTC", "NC"]


def test_a_file_of_comments_alone_says_that_there_is_no_seizure():
    found = parse_seizeit(HEAD)
    assert (found.events, found.source, found.n_unresolved) == ((), "seizeit1", 0)


def test_a_seizure_without_an_end_or_of_another_type_is_unresolved():
    found = parse_seizeit(HEAD + "10\tNone\tFIA\t-\n20\t30\tDr. Doe thinks so\t-\n")
    assert (found.events, found.n_unresolved) == ((), 2)
    assert "Doe" not in repr(found)


@pytest.mark.parametrize(
    "text",
    ["", "10\t20\tFIA\tx\n", HEAD + "10\t20\n", HEAD + "a\t20\tFIA\n", HEAD + "10\tb\tFIA\n",
     HEAD + "-1\t20\tFIA\n", HEAD + "20\t10\tFIA\n"],
)  # fmt: skip
def test_a_malformed_file_is_refused(text):
    with pytest.raises(RecordingRefused, match="SeizeIT1") as refused:
        parse_seizeit(text)
    assert refused.value.code == "events"


@given(st.text(max_size=100) | st.text("01\t\nNoneFIA#", max_size=60).map(HEAD.__add__))
def test_any_text_is_read_or_refused(text):
    found = parsed_or_refused(parse_seizeit, text)
    assert found == "events" or all(event.type in TYPES for event in found.events)


def test_the_file_beside_a_recording_is_found(tmp_path):
    path = blank_edf(tmp_path / "P_ID64" / "P_ID64_r2.edf")
    (tmp_path / "P_ID64" / "P_ID64_r2_a1.tsv").write_text(HEAD + "1\t3\tFIA\t-\n")
    found = events_of(path)
    assert (found.source, spans(found)) == ("seizeit1", [(1, 3, "sz_foc_ia")])


@pytest.mark.real
def test_all_published_rows_of_the_first_corpus_are_read():
    folder = real_data("formats", "epilepsy2bids", "tests", "data", "seizeit")
    found = [events_of(path) for path in sorted(folder.rglob("*.edf"))]
    assert {one.source for one in found} == {"seizeit1"}
    assert sum(len(one.events) for one in found) == 9
    assert sum(one.n_unresolved for one in found) == 3
    assert {event.type for one in found for event in one.events} == {"sz_foc_ia"}


@pytest.mark.real
def test_all_published_rows_of_the_second_corpus_are_read():
    """Counted by their third column, without our reader."""
    path = real_data("seizeit2_annotations", "events_dev_sub001-090.tar.gz")
    written: Counter[str] = Counter()
    read: Counter[str] = Counter()
    dropped = 0
    with tarfile.open(path) as archive:
        for member in archive:
            file = archive.extractfile(member)
            if file is None or not member.name.endswith("_events.tsv"):
                continue
            text = file.read().decode()
            written.update(line.split("\t")[2] for line in text.splitlines()[1:])
            found = parse_events_tsv(text, EventSettings())
            read.update(event.type for event in found.events)
            dropped += found.n_dropped
    # Five impedance checks end before they start, by up to 11 hours.
    assert dropped == 5
    assert written - read == Counter({"impd": 5})
    assert not read - written
    assert sum(count for kind, count in read.items() if is_seizure(kind)) == 685
    assert (read["bckg"], read["impd"]) == (1201, 382)
