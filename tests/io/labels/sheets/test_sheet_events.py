"""Label sheets as people have them are read rightly, or refused by row with the setting."""

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from edf_bytes import plain
from labelfiles import spans

from eegssl.errors import RecordingRefused
from eegssl.io.config import EventSettings
from eegssl.io.edf.header import read_header
from eegssl.io.labels.event_types import EventsFound
from eegssl.io.labels.events import read_events
from eegssl.io.labels.sheets.sheet_files import shared_sheet
from eegssl.io.labels.sheets.sheet_spans import Lasting, place_rows
from eegssl.io.labels.sheets.sheet_table import parse_sheet, sheet_text

TEN = b"24.03.2010.00.00"
COLUMNS = {"onset": "Beginn", "end": "Ende", "label": "Typ"}
IN_MINUTES = {"onset": "Start (min)", "duration": "Dauer (s)", "label": "Typ"}
IN_MS = {"onset": "t_ms", "duration": "Dauer_min", "label": "Typ"}
LASTS = {"onset": "Beginn", "duration": "Dauer", "label": "Typ"}


def read(
    folder: Path,
    text: str | bytes,
    *,
    clock: bytes = TEN,
    seconds: int = 120,
    name: str = "a.csv",
    columns: dict[str, str] = COLUMNS,
    **settings: Any,
) -> EventsFound:
    """Read a file of two minutes that began on 24 March 2020 at ten, beside a sheet."""
    path = folder / "a.edf"
    path.write_bytes(plain(seconds, 2, main={(168, 184): clock}).bytes())
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_events(read_header(path), EventSettings(columns=columns, **settings))


def refusal(folder: Path, text: str, **more: Any) -> str:
    with pytest.raises(RecordingRefused) as refused:
        read(folder, text, **more)
    assert refused.value.code == "events"
    return refused.value.reason


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ("Beginn;Ende;Typ\n50,5;80;sz\n", {}),
        ("Beginn;Ende;Typ\n50.5;80;sz\n", {}),
        ("Beginn,Ende,Typ\n50.50000000000000000,80,sz\n", {}),
        ("Beginn;Ende;Typ;recordingDuration;dateTime\n50,5;80;sz;120,0;\n", {}),
        ("Beginn\tEnde\tTyp\n50,5\t80,0\tsz\n", {}),
        ('Beginn,Ende,Typ\n"50.5","80",sz\n', {}),
        ("Beginn;Ende;Typ\n50500;80000;sz\n", {"time_unit": "ms"}),
        ("Anfallsliste der Klinik\n\nNr;Beginn;Ende;Typ;\n1;50,5;80;SZ;;\n;;;\n", {}),
        ("sep=;\nbeginn ;ENDE;typ\n50,5;80;Seizure\n", {}),
        ("Beginn;Ende;Typ\n10:00:50,5;10:01:20;sz\n", {}),
        ("Beginn;Ende;Typ\n10:00:50.500;10:01:20;sz\n", {}),
        ("Beginn;Ende;Typ\n2020-03-24 10:00:50.5;2020-03-24 10:01:20;sz\n", {}),
        ("Beginn;Ende;Typ\n24.03.2020 10:00:50,5;24.03.2020 10:01:20;sz\n", {}),
        ("Beginn;Ende;Typ\n24.3.20 10:00:50,5;10:01:20;sz\n", {"time_unit": "clock"}),
        ("Beginn;Ende;Typ\n3/24/2020 10:00:50.5 AM;3/24/2020 10:01:20 AM;sz\n", {}),
        ("Beginn;Ende;Typ\n0:00:50.5;0:01:20;sz\n", {}),
        ("Beginn;Ende;Typ\n0:50;1:20;sz\n", {"time_unit": "m:s", "expected_s": 50.0}),
    ],
)
def test_one_seizure_however_it_is_written(
    tmp_path: Path, text: str, settings: dict[str, Any]
) -> None:
    onset_s = settings.pop("expected_s", 50.5)
    assert spans(read(tmp_path, text, **settings)) == [(onset_s, 80, "sz")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "latin-1"])
def test_sheets_in_the_encodings_that_spreadsheets_write(tmp_path: Path, encoding: str) -> None:
    columns = {"onset": "Anfällsbeginn", "duration": "Länge", "label": "Typ"}
    text = "Anfällsbeginn\tLänge\tTyp\r\n50\t30\tsz\r\n".encode(encoding)
    assert spans(read(tmp_path, text, columns=columns)) == [(50, 80, "sz")]


@pytest.mark.parametrize(
    ("text", "columns", "settings"),
    [
        ("Beginn;Dauer;Typ\n50;30;sz\n", LASTS, {}),
        ("Beginn;Dauer;Typ\n10:00:50;0:00:30;sz\n", LASTS, {}),
        ("Start (min);Dauer (s);Typ\n0,8333333;30;sz\n", IN_MINUTES, {}),
        ("t_ms;Dauer_min;Typ\n50000;0,5;sz\n", IN_MS, {}),
        ("Tag;Beginn;Ende;Typ\n24.03.2020;10:00:50;10:01:20;sz\n", COLUMNS | {"date": "Tag"}, {}),
        ("Beginn;Ende\n50;80\n", {"onset": "Beginn", "end": "Ende"}, {"every_row": "sz"}),
        ("Beginn;Ende;Typ\n50;80;Großer Anfall\n", COLUMNS, {"words": {"großer anfall": "sz"}}),
    ],
)
def test_columns_units_and_words_of_the_user(
    tmp_path: Path, text: str, columns: dict[str, str], settings: dict[str, Any]
) -> None:
    found = read(tmp_path, text, columns=columns, **settings)
    assert spans(found) == [(pytest.approx(50, abs=1e-4), pytest.approx(80, abs=1e-4), "sz")]
    assert found.events[0].original in ("", "seizure")
    assert found.source == "sheet"


def test_durations_of_two_parts(tmp_path: Path) -> None:
    text = "Beginn;Dauer;Typ\n10:00:50;0:30;sz\n"
    assert spans(read(tmp_path, text, columns=LASTS)) == [(50, 80, "sz")]
    more: dict[str, Any] = {"columns": LASTS, "seconds": 6000}
    assert "durations may be h:mm or m:ss" in refusal(tmp_path, text, **more)
    assert spans(read(tmp_path, text, **more, time_unit="m:s")) == [(50, 80, "sz")]


def test_times_since_the_start_where_the_clock_is_taken_out(tmp_path: Path) -> None:
    text = "Beginn;Ende;Typ\n00:00:50;00:01:20;sz\n"
    for more in (NO_CLOCK, DAYS):
        found = read(tmp_path, text, **more, time_unit="elapsed")
        assert spans(found) == [(50, 80, "sz")]


def test_a_night_is_read_over_midnight_and_by_date(tmp_path: Path) -> None:
    night: dict[str, Any] = {"clock": b"24.03.2023.59.00", "seconds": 180}
    text = "Beginn;Ende;Typ\n23:59:30;00:00:20;sz\n00:01:00;00:01:10;sz\n"
    read_as_clock = read(tmp_path, text, **night, time_unit="clock")
    assert spans(read_as_clock) == [(30, 80, "sz"), (120, 130, "sz")]
    dated = "Beginn;Ende;Typ\n24/03/2020 23:59:30;25/03/2020 00:00:20;sz\n"
    assert spans(read(tmp_path, dated, **night)) == [(30, 80, "sz")]


NIGHT: dict[str, Any] = {"clock": b"24.03.2001.00.00", "seconds": 12000}
NO_CLOCK: dict[str, Any] = {"clock": b"01.01.8500.00.00"}
DAYS: dict[str, Any] = {"seconds": 100_000}
NO_DATE: dict[str, Any] = {"clock": b"01.01.8510.00.00"}


@pytest.mark.parametrize(
    ("rows", "words", "more"),
    [
        ("50;80;sz\n500;510;sz", ("row 3", "after the recording ends", "time_unit"), {}),
        ("80;50;sz", ("row 2", "ends before it begins"), {}),
        ("50;500;sz", ("row 2", "after the recording does"), {}),
        ("-50;500;sz", ("row 2", "before the recording starts"), {}),
        ("11:00:50;11:01:20;sz", ("row 2", "after the recording"), {}),
        ("25.03.2020 10:00:50;25.03.2020 10:01:20;sz", ("row 2", "another recording"), {}),
        ("bald;80;sz", ("row 2", "onset is no time", "hh:mm:ss"), {}),
        ("0,5;80.5;sz", ("row 2", "comma", "events.decimal"), {}),
        ("0:50;1:20;sz", ("times may be", "events.time_unit"), {"seconds": 6000}),
        ("02:30:00;02:30:10;sz", ("times of day", "hours since", "events.time_unit"), NIGHT),
        ("25:00:00;25:00:10;sz", ("row 2",), {}),
        ("00:00:50;00:01:20;sz", ("row 2", "when it began", "elapsed"), NO_CLOCK),
        ("10:00:50;10:01:20;sz", ("row 2", "more than a day", "date", "elapsed"), DAYS),
        ("50;;sz", ("row 2", "without an end"), {}),
        ("50;80;Anfall", ("row 2", "events.words"), {}),
        ("50;80", ("row 2", "2 fields, expected 3"), {}),
        ('50;80;"sz', ("row 2", "quotation mark"), {}),
        ("24.03.2020 10:00:50;24.03.2020 10:01:20;sz", ("row 2", "on which day"), NO_DATE),
    ],
)
def test_what_may_be_two_things_or_nothing_is_refused(
    tmp_path: Path, rows: str, words: tuple[str, ...], more: dict[str, Any]
) -> None:
    reason = refusal(tmp_path, f"Beginn;Ende;Typ\n{rows}\n", **more)
    for word in words:
        assert word in reason
    for cell in ("2020", "10:00", "02:30", "Anfall", "bald"):
        assert cell not in reason


def test_thousands_or_decimals_and_doubled_columns_are_refused(tmp_path: Path) -> None:
    text = "Beginn\tEnde\tTyp\n1,234\t1,250\tsz\n"
    assert "events.decimal" in refusal(tmp_path, text, seconds=2000)
    assert spans(read(tmp_path, text, seconds=2000, decimal=".")) == [(1234, 1250, "sz")]
    assert spans(read(tmp_path, text, decimal=",")) == [(1.234, 1.25, "sz")]
    assert "two of its columns" in refusal(tmp_path, "Beginn;Beginn;Ende;Typ\n1;2;3;sz\n")


@pytest.mark.slow
def test_dates_that_may_be_two_are_refused_where_both_fit(tmp_path: Path) -> None:
    days = 86400 * 40
    text = "Beginn;Ende;Typ\n02/03/2020 10:00:50;02/03/2020 10:01:20;sz\n"
    more: dict[str, Any] = {"clock": b"01.02.2010.00.00", "seconds": days}
    assert "events.date_order" in refusal(tmp_path, text, **more)
    assert spans(read(tmp_path, text, **more, date_order="mdy"))[0][0] == 2 * 86400 + 50
    assert spans(read(tmp_path, text, **more, date_order="dmy"))[0][0] == 30 * 86400 + 50


def test_a_time_of_day_counts_where_only_the_date_is_taken_out(tmp_path: Path) -> None:
    text = "Beginn;Ende;Typ\n10:00:50;10:01:20;sz\n"
    assert spans(read(tmp_path, text, clock=b"01.01.8510.00.00")) == [(50, 80, "sz")]


def test_a_row_without_times_says_that_there_is_nothing(tmp_path: Path) -> None:
    none = read(tmp_path, "Beginn;Ende;Typ\n;;bckg\n")
    assert (none.events, none.n_dropped, none.source) == ((), 0, "sheet")
    other = read(tmp_path, "Beginn;Ende;Typ\n1;2;Kaffee\n3;4;spsw\n")
    assert spans(other) == [(3, 4, "spsw")]
    assert other.n_dropped == 1


def test_channels_of_a_row(tmp_path: Path) -> None:
    text = "Beginn;Ende;Typ;Kanal\n1;2;spsw;Fp1, F7\n3;4;spsw;alle\n"
    found = read(tmp_path, text, columns=COLUMNS | {"channels": "Kanal"})
    assert [event.channels for event in found.events] == [("Fp1", "F7"), ()]


def test_a_table_with_other_columns_goes_to_its_own_reader(tmp_path: Path) -> None:
    text = "onset\tduration\teventType\n5\t6\tsz\n"
    assert read(tmp_path, text, name="a.tsv").source == "tsv"
    two = "Beginn;Ende;Typ\n50;80;sz\n"
    (tmp_path / "a_labels.txt").write_text(two)
    assert "contradict" in refusal(tmp_path, text, name="a.tsv")
    (tmp_path / "a.tsv").unlink()
    assert spans(read(tmp_path, two, name="a_labels.txt")) == [(50, 80, "sz")]
    assert "2 label sheets" in refusal(tmp_path, two, name="a.txt")


@pytest.mark.parametrize(
    "row", ["10:00:50\t10:01:20\tsz\t3600\t", "50\t80\tsz\t\t2021-05-05 10:00:00"]
)
def test_another_recordings_sheet_is_refused(tmp_path: Path, row: str) -> None:
    text = f"Beginn\tEnde\tTyp\trecordingDuration\tdateTime\n{row}\n"
    assert "bring this recording's table" in refusal(tmp_path, text, name="a.tsv")
    other = text.replace("\t", ";")
    assert "bring this recording's table" in refusal(tmp_path, f"Klinik\n{other}", name="a.tsv")
    (tmp_path / "a.tsv").unlink()
    columns = COLUMNS | {"file": "Datei"}
    with_file = other.replace("Beginn;", "Datei;Beginn;").replace(row[:2], f"a.edf;{row[:2]}", 1)
    settings = EventSettings(columns=columns, sheet=str(tmp_path / "list.csv"))
    (tmp_path / "list.csv").write_text(with_file)
    rows = shared_sheet(settings, [tmp_path], ["a.edf"]).of_file["a.edf"]
    with pytest.raises(RecordingRefused, match="bring this recording's table"):
        read_events(read_header(tmp_path / "a.edf"), settings, own_rows=rows)


def test_a_table_that_is_no_such_names_the_setting(tmp_path: Path) -> None:
    for text in ("onset\tduration\teventType\n10:00:50\t30\tsz\n", "start\tstop\n1\t2\n"):
        reason = refusal(tmp_path, text, name="a.tsv", columns={})
        assert "--set 'events.columns={ onset = " in reason
    columns = {"onset": "onset", "duration": "duration", "label": "eventType"}
    text = "onset\tduration\teventType\n10:00:50\t30\tsz\n"
    assert spans(read(tmp_path, text, name="a.tsv", columns=columns)) == [(50, 80, "sz")]


@pytest.mark.parametrize(
    ("row", "lacks"), [("50;;sz", "an end or a duration"), (";80;sz", "an onset")]
)
def test_a_seizure_without_a_time_is_refused_with_what_to_do(
    tmp_path: Path, row: str, lacks: str
) -> None:
    reason = refusal(tmp_path, f"Beginn;Ende;Typ\n{row}\n")
    assert f"row 2: sz without {lacks}: write it, or leave the row out" in reason


def test_words_of_the_user_hold_for_annotations_and_tables_too(tmp_path: Path) -> None:
    text = "onset\tduration\teventType\n5\t6\t发作\n"
    found = read(tmp_path, text, name="a.tsv", columns={}, words={"发作": "sz"})
    assert [(e.type, e.original) for e in found.events] == [("sz", "")]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"time_unit": "min"}, "name its columns too"),
        ({"columns": {"onset": "a", "label": "b"}}, "end or duration"),
        ({"columns": {"onset": "a", "end": "b"}}, "every_row"),
        ({"columns": {"onset": "a", "end": "a", "label": "c"}}, "two meanings"),
        ({"columns": {"onset": "a", "ende": "b", "label": "c"}}, "no ende: expected onset"),
        ({"columns": COLUMNS, "sources": ["tsv"]}, "sources leaves"),
    ],
)
def test_settings_that_say_too_little_are_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        EventSettings(**settings)


def test_sheets_broken_at_random_are_read_or_refused() -> None:
    columns = COLUMNS | {"date": "Tag"}
    settings = EventSettings(columns=columns)
    whole = b"Tag;Beginn;Ende;Typ\n24.03.2020;10:00:50,5;10:01:20;sz\n;1,5;80;bckg\n"
    rng = np.random.default_rng(16)
    signs = np.frombuffer(b'0123456789:;.,-/"\n\t ABab\x00\xff\xfe', np.uint8)
    outcomes = set()
    for _ in range(1500):
        broken = bytearray(whole)
        for place in rng.integers(20, len(whole), rng.integers(0, 6)):
            broken[place] = rng.choice(signs)
        lasting = Lasting(datetime(2020, 3, 24, 10), 120.0)
        try:
            rows = place_rows(parse_sheet(sheet_text(bytes(broken)), settings), lasting, settings)
        except RecordingRefused as refused:
            outcomes.add(refused.code)
        else:
            outcomes.add("read")
            assert all(0 <= row.onset_s < 120 for row in rows if row.onset_s is not None)
            assert all(row.duration_s >= 0 for row in rows if row.duration_s is not None)
    assert outcomes == {"events", "read"}


def test_a_date_beside_is_that_of_the_onset_where_the_event_ends_past_midnight(
    tmp_path: Path,
) -> None:
    columns = COLUMNS | {"date": "Tag"}
    late = b"24.03.2023.59.40"
    text = "Tag;Beginn;Ende;Typ\n24.03.2020;23:59:50;00:00:10;sz\n"
    (event,) = read(tmp_path, text, columns=columns, clock=late).events
    assert (event.onset_s, event.duration_s) == (10.0, 20.0)
    swapped = "Tag;Beginn;Ende;Typ\n24.03.2020;10:01:20;10:00:50;sz\n"
    assert "row 2 ends before it begins" in refusal(tmp_path, swapped, columns=columns)
    dated = "Tag;Beginn;Ende;Typ\n24.03.2020;23:59:50;24.03.2020 00:00:10;sz\n"
    assert "row 2 ends before it begins" in refusal(tmp_path, dated, columns=columns, clock=late)
