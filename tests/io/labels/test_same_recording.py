"""A table that says that it is another recording's is refused, not read."""

import pytest
from edf_bytes import plain

from eegssl.errors import RecordingRefused
from eegssl.io.edf.header import read_header
from eegssl.io.labels.events import read_events

HEAD = "onset\tduration\teventType\tdateTime\trecordingDuration\n"


def read(tmp_path, start, length, date=b"01.01.2010.00.00"):
    """Read a file of 4 s that began on 1 January 2020 at ten, beside a table of one seizure."""
    path = tmp_path / "a.edf"
    path.write_bytes(plain(main={(168, 184): date}).bytes())
    path.with_suffix(".tsv").write_text(f"{HEAD}1\t2\tsz\t{start}\t{length}\n")
    return read_events(read_header(path))


@pytest.mark.parametrize(
    ("start", "length"),
    [
        ("2020-01-01 10:00:00", "4"),
        ("2020-01-01T10:00:00.5", "4.4"),
        ("2020-01-01 10:00:01", "n/a"),  # when the seizure began
        ("2020-01-01 09:00:00Z", "4"),
        ("2020-01-01T12:00:00+02:00", "4"),
        ("2000-01-01 00:00:00", "4"),  # stands for none, as SeizeIT2 has it
        ("n/a", "n/a"),
        ("ten o'clock", ""),
    ],
)
def test_the_recordings_own_table_is_read(tmp_path, start, length):
    assert [event.type for event in read(tmp_path, start, length).events] == ["sz"]


@pytest.mark.parametrize(
    ("start", "length", "column"),
    [
        ("2020-01-01 10:00:00", "3600", "recordingDuration"),
        ("n/a", "5.0", "recordingDuration"),
        ("2021-05-05 10:00:00", "4", "dateTime"),
        ("2020-01-01 09:00:00", "4", "dateTime"),
        ("2020-01-01 10:07:00Z", "4", "dateTime"),
    ],
)
def test_another_recordings_table_is_refused(tmp_path, start, length, column):
    with pytest.raises(RecordingRefused, match=column) as refusal:
        read(tmp_path, start, length)
    assert refusal.value.code == "events"
    assert "2021" not in refusal.value.reason


def test_a_file_without_a_date_contradicts_no_table(tmp_path):
    for date in (b"01.01.8500.00.00", b"01.01.8509.30.00", b"X"):
        assert read(tmp_path, "2021-05-05 10:00:00", "4", date).events


def test_a_cut_file_keeps_the_table_of_the_whole(tmp_path):
    path = tmp_path / "a.edf"
    path.write_bytes(plain(n_records=4).bytes()[:-150])
    path.with_suffix(".tsv").write_text(f"{HEAD}1\t1\tsz\tn/a\t4\n")
    assert read_events(read_header(path)).events
