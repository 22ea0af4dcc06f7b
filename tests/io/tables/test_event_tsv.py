"""Tables of detections are those of SzCORE: its own libraries read every one of them."""

from datetime import datetime

from epilepsy2bids.annotations import Annotations
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from timescoring.annotations import Annotation as Mask
from timescoring.scoring import EventScoring

from eegssl.io.tables.event_trees import NO_DATE, format_events, read_tree

DURATION_S = 3600.256


def tsv(path, spans, confidence=None, duration_s=DURATION_S, **options):
    p = [0.5] * len(spans) if confidence is None else confidence
    path.write_text(format_events(spans, p, "sz", duration_s, **options), encoding="utf-8")
    return path


def test_the_standards_own_library_reads_times_type_and_date(tmp_path):
    spans = [(12.344999, 40.5), (3599.999, 3600.256)]
    path = tsv(tmp_path / "a.tsv", spans, [0.934, None])
    first, second = Annotations.loadTsv(str(path)).events
    assert (first["onset"], first["duration"]) == (12.34, 28.16)
    assert first["eventType"].value == "sz"
    assert first["confidence"] == 0.93
    assert (first["channels"], second["channels"]) == ("n/a", "n/a")
    assert first["dateTime"] == second["dateTime"] == datetime(1985, 1, 1)
    assert first["recordingDuration"] == 3600.26
    assert (second["onset"], second["duration"]) == (3600.0, 0.26)


def test_no_seizure_is_one_row_of_background_over_the_whole_recording(tmp_path):
    path = tsv(tmp_path / "a.tsv", [])
    _, row = path.read_text(encoding="utf-8").splitlines()
    assert row == f"0.00\t3600.26\tbckg\tn/a\tn/a\t{NO_DATE}\t3600.26"
    read = Annotations.loadTsv(str(path))
    assert read.events[0]["eventType"].value == "bckg"
    assert read.getEvents() == []
    assert read.getMask(10).sum() == 0


def test_a_start_and_channels_are_told_where_they_are_given(tmp_path):
    start = datetime(2011, 3, 2, 22, 15, 1, 250_000)
    for spans in ([(1.0, 2.0)], []):
        path = tsv(tmp_path / "a.tsv", spans, start=start, channels=("Fp1", "F7"))
        (one,) = Annotations.loadTsv(str(path)).events
        assert one["dateTime"] == start.replace(microsecond=0)
        assert one["channels"] == (["Fp1", "F7"] if spans else "n/a")


@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.floats(0, 1), max_size=12, unique=True).map(sorted),
    st.floats(0.01, 90_000),
)
def test_every_table_is_read_back_within_a_hundredth(tmp_path, shares, duration_s):
    edges = [share * duration_s for share in shares]
    spans = [(on, off) for on, off in zip(edges[::2], edges[1::2], strict=False) if on < off]
    name = "sub-01/ses-01/eeg/a_events.tsv"
    for side in ("reference", "hypothesis"):
        (tmp_path / side / name).parent.mkdir(parents=True, exist_ok=True)
        tsv(tmp_path / side / name, spans, duration_s=duration_s)
    read = Annotations.loadTsv(str(tmp_path / "hypothesis" / name))
    assert [e["eventType"].value for e in read.events] == (["sz"] * len(spans) or ["bckg"])
    assert len(read.getEvents()) == len(spans)
    whole_s = read.events[0]["recordingDuration"]
    for (on, off), (onset_s, offset_s) in zip(spans, read.getEvents(), strict=True):
        assert abs(on - onset_s) <= 0.0151
        assert abs(off - offset_s) <= 0.0201
        assert 0 <= onset_s < offset_s <= whole_s + 1e-9
    pairs, faults = read_tree(tmp_path / "reference", tmp_path / "hypothesis")
    assert not faults
    assert set(pairs[0].hypothesis) == set(read.getEvents())


def test_the_standards_scorer_finds_each_event_of_a_file_with_gaps(tmp_path):
    spans = [(100.0, 130.0), (2000.0, 2040.5)]
    read = Annotations.loadTsv(str(tsv(tmp_path / "a.tsv", spans)))
    n_samples = int(read.events[0]["recordingDuration"] * 10)
    masks = [Mask(events, 10, n_samples) for events in (spans, read.getEvents())]
    scores = EventScoring(*masks)
    assert (scores.tp, scores.fp, scores.refTrue) == (2, 0, 2)
