"""A night's sleep stages come from the hypnogram beside it, placed by both clocks."""

import pytest
from edf_bytes import plus, time_stamps
from labelfiles import blank_edf, events_of, spans
from realdata import real_data

from eegssl.errors import RecordingRefused

STAGES = (b"+0\x1530\x14Sleep stage W\x14\x00", b"+30\x1560\x14Sleep stage 2\x14\x00")


def hypnogram(path, clock="22.00.00", date="01.01.85", stages=STAGES):
    tals = time_stamps(["0", "1"])
    tals[0] += b"".join(stages)
    main = {(176, 184): clock.encode(), (168, 176): date.encode()}
    path.write_bytes(plus(["0", "1"], tals=tals, tal_bytes=200, main=main).bytes())


@pytest.fixture
def night(tmp_path):
    return blank_edf(tmp_path / "SC4001E0-PSG.edf", 100, clock="22.00.00")


def test_stages_keep_the_corpus_words(night):
    hypnogram(night.with_name("SC4001EC-Hypnogram.edf"))
    found = events_of(night)
    assert spans(found) == [(0, 30, "sleep_wake"), (30, 90, "sleep_2")]
    assert [event.original for event in found.events] == ["Sleep stage W", "Sleep stage 2"]
    assert (found.source, {event.source for event in found.events}) == ("hypnogram", {"hypnogram"})


@pytest.mark.parametrize(
    ("clock", "date", "moved_s"),
    [("22.00.30", "01.01.85", 30), ("21.59.30", "01.01.85", -30), ("00.00.00", "02.01.85", 7200)],
)
def test_a_hypnogram_that_begins_at_another_time_is_moved(night, clock, date, moved_s):
    hypnogram(night.with_name("SC4001EC-Hypnogram.edf"), clock, date)
    assert spans(events_of(night))[0][0] == moved_s


def test_stages_are_kept_beside_a_source_of_seizures(night):
    hypnogram(night.with_name("SC4001EC-Hypnogram.edf"))
    inside = time_stamps(["0", "1"])
    inside[0] += b"+1\x151\x14seizure\x14\x00"
    main = {(176, 184): b"22.00.00"}
    other = night.with_name("SC4001E1-PSG.edf")
    other.write_bytes(plus(["0", "1"], tals=inside, main=main).bytes())
    found = events_of(other)
    assert (found.source, len(found.events)) == ("edf", 3)
    night.with_name("SC4001E0-PSG.tsv").write_text("onset\tduration\teventType\n5\t3\tsz\n")
    found = events_of(night)
    assert (found.source, len(found.events)) == ("tsv", 3)


@pytest.mark.parametrize(
    "change", [{"date": "09.01.85"}, {"stages": (b"+0\x14lights off\x14\x00",)}, {"clock": "night"}]
)
def test_a_hypnogram_that_can_not_be_this_nights_is_refused(night, change):
    hypnogram(night.with_name("SC4001EC-Hypnogram.edf"), **change)
    with pytest.raises(RecordingRefused) as refused:
        events_of(night)
    assert refused.value.code == "events"


def test_junk_and_two_scorers_are_refused(night):
    night.with_name("SC4001EC-Hypnogram.edf").write_bytes(b"junk")
    with pytest.raises(RecordingRefused, match="hypnogram") as refused:
        events_of(night)
    assert refused.value.code == "events"
    hypnogram(night.with_name("SC4001EP-Hypnogram.edf"))
    with pytest.raises(RecordingRefused, match="two hypnograms"):
        events_of(night)


def test_another_nights_hypnogram_is_not_taken(night):
    hypnogram(night.with_name("SC4002EC-Hypnogram.edf"))
    assert events_of(night).events == ()


@pytest.mark.real
def test_every_stage_of_the_published_hypnograms_is_read(tmp_path):
    paths = sorted(real_data("sleep_edf", "hypnograms").glob("*.edf"))
    assert len(paths) == 10
    for path in paths:
        raw = path.read_bytes()
        start = raw[168:184].decode()
        night = blank_edf(tmp_path / f"{path.name[:7]}0-PSG.edf", 10, clock=start[8:])
        night.write_bytes(night.read_bytes().replace(b"01.01.85", start[:8].encode(), 1))
        (tmp_path / path.name).write_bytes(raw)
        found = events_of(night)
        written = raw.count(b"Sleep stage ") + raw.count(b"Movement time")
        assert (len(found.events), found.n_dropped) == (written, 0)
        assert found.events[0].onset_s == 0
