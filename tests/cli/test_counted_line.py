"""Progress without a bar: lines at tenths, with the time left once it can be guessed."""

from collections.abc import Iterator

from eegssl.cli.counted_line import CountedLine


def clock(*times_s: float) -> Iterator[float]:
    return iter(times_s)


def test_tenths_are_told_with_the_time_left() -> None:
    ticks = clock(0, 0, 30, 40, 120, 270, 300)
    work = CountedLine("files", 20, ticks.__next__)
    assert [work.line(done) for done in (0, 2, 3, 8, 18, 20)] == [
        "files: 0/20",
        "files: 2/20, about 4 min left",
        None,
        "files: 8/20, about 3 min left",
        "files: 18/20, about 30 s left",
        "files: 20/20",
    ]


def test_a_guess_needs_some_seconds_and_counts_from_what_was_done_before() -> None:
    ticks = clock(0, 1, 5, 61)
    work = CountedLine("files", 100, ticks.__next__)
    assert work.line(40) == "files: 40/100"
    assert work.line(50) == "files: 50/100"
    assert work.line(70) == "files: 70/100, about 1 min left"


def test_slow_work_is_heard_of_between_tenths() -> None:
    ticks = clock(0, 0, 599, 601)
    work = CountedLine("files", 1000, ticks.__next__)
    assert [work.line(done) for done in (0, 1, 2)] == [
        "files: 0/1000",
        None,
        "files: 2/1000, about 83 h left",
    ]
