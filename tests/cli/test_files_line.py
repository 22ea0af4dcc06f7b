"""Work on files is told in hours of EEG, and the time left follows from them."""

from collections.abc import Iterator

from eegssl.cli.files_line import FilesLine


def clock(*times_s: float) -> Iterator[float]:
    return iter(times_s)


def test_the_time_left_follows_from_hours_and_not_from_files() -> None:
    """One long file of ten is nine tenths of the work."""
    ticks = clock(0, 0, 90, 99, 100)
    work = FilesLine("recordings", 10, 100.0, ticks.__next__)
    assert [work.line(*done) for done in ((0, 0, 0), (1, 90, 0), (9, 99.0, 1), (10, 100, 1))] == [
        "recordings: 0/10, 0 of 100 h of EEG",
        "recordings: 1/10, 90 of 100 h of EEG, 1 h/s, about 10 s left",
        "recordings: 9/10, 99 of 100 h of EEG, 1 h/s, 1 refused, about 1 s left",
        "recordings: 10/10, 100 of 100 h of EEG, 1 h/s, 1 refused",
    ]


def test_what_an_earlier_run_did_is_no_speed_of_this_one() -> None:
    ticks = clock(0, 0, 50)
    work = FilesLine("recordings", 10, 100.0, ticks.__next__)
    assert work.line(5, 50.0, 0) == "recordings: 5/10, 50 of 100 h of EEG"
    assert work.line(6, 75.0, 0) == "recordings: 6/10, 75 of 100 h of EEG, 0.5 h/s, about 50 s left"


def test_lines_come_at_tenths() -> None:
    ticks = clock(0, 0, 1, 2)
    work = FilesLine("recordings", 100, 10.0, ticks.__next__)
    assert work.line(0, 0.0, 0)
    assert work.line(1, 0.1, 0) is None
    assert work.line(10, 1.0, 0)
