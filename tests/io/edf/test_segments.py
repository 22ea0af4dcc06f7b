"""Files with gaps are split into segments with true times; stamps without one meaning are refused.

The hand-made files say what is true; mne is the reference where it is right: it joins the pieces
(so its samples are ours, one after the other) and keeps annotations at their true times.
"""

import mne
import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise, plain, plus, time_stamps
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import microvolt_scale, read_digital
from eegssl.io.edf.samples import read_signals as read
from eegssl.io.recording_header import Segment


@pytest.fixture
def write(tmp_path):
    def put(spec, name="file.edf"):
        path = tmp_path / name
        path.write_bytes(spec if isinstance(spec, bytes) else spec.bytes())
        return path

    return put


def stamped(onsets, **changes):
    return plus([str(onset) for onset in onsets], **changes)


@pytest.mark.parametrize("kind", ["EDF+D", "EDF+C"])
def test_a_file_is_split_at_its_gaps_whatever_it_claims(write, kind):
    spec = stamped([7.5, 8.5, 20.25, 21.25, 3600], kind=kind)
    header = read_header(write(spec))
    assert header.segments == (Segment(0, 2, 0.0), Segment(2, 2, 12.75), Segment(4, 1, 3592.5))
    assert header.notes == ("gaps",)
    assert (header.duration_s, header.span_s) == (5.0, 3593.5)
    pieces = [read_digital(header, 0, segment) for segment in header.segments]
    values = spec.signals[0].values
    for piece, part in zip(pieces, (slice(0, 100), slice(100, 200), slice(200, 250)), strict=True):
        np.testing.assert_array_equal(piece, values[part])


@pytest.mark.parametrize("kind", ["EDF+D", "EDF+C", ""])
def test_a_file_without_gaps_is_one_segment(write, kind):
    header = read_header(write(stamped([0, 1, 2], kind=kind)))
    assert header.segments == (Segment(0, 3, 0.0),)
    assert header.notes == ()
    assert header.span_s == header.duration_s == 3.0


@pytest.mark.parametrize("bdf", [False, True])
def test_stamps_count_where_the_type_field_is_blank(write, bdf):
    tals = time_stamps(["0.5", "1.5", "300.5", "301.5"])
    tals[1] += b"+2\x150.25\x14sz\x14\x00"
    header = read_header(write(plus(["0"] * 4, tals=tals, kind="", bdf=bdf)))
    assert header.segments == (Segment(0, 2, 0.0), Segment(2, 2, 300.0))
    assert (header.start_offset_s, header.notes, header.patient_code) == (0.5, ("gaps",), "")
    assert [note.onset_s for note in scan_annotations(header).annotations] == [1.5]


def test_a_blank_type_field_without_stamps_is_plain_edf(write):
    header = read_header(write(plus(["0"] * 3, tals=[b""] * 3, kind="")))
    assert (header.segments, header.notes) == ((Segment(0, 3, 0.0),), ())


@pytest.mark.parametrize(
    "label", ["EDF Annotation1", "EDF annotations", "edf-annotations", "Notes"]
)
def test_annotations_are_known_by_what_a_signal_holds(write, label):
    tals = [raw + b"+1\x152\x14sz\x14\x00" for raw in time_stamps(["0", "1", "2"])]
    content = plus(["0"] * 3, tals=tals).bytes()
    path = write(content.replace(b"EDF Annotations ", label.encode().ljust(16)))
    header = read_header(path)
    assert (header.annotation_signals, header.ordinary_signals) == ((1,), (0,))
    assert len(scan_annotations(header).annotations) == 3
    assert header.notes == ()


def test_an_empty_signal_of_such_a_name_holds_annotations_and_one_of_samples_does_not(write):
    content = plus(["0"] * 3, tals=[b""] * 3).bytes()
    renamed = content.replace(b"EDF Annotations ", b"EDF Annotation4 ")
    assert read_header(write(renamed)).annotation_signals == (1,)
    samples = EdfSpec([Signal(noise(90), "EDF Annotation4"), Signal(noise(90) * 0, "Cz")], 3)
    assert read_header(write(samples)).annotation_signals == ()


def test_stamps_with_a_decimal_comma_are_told_and_read_by_the_setting(write):
    tals = [f"+{k},5\x14\x14\x00+{k},75\x151,5\x14sz\x14\x00".encode() for k in range(3)]
    path = write(plus(["0"] * 3, tals=tals))
    with pytest.raises(RecordingRefused, match=r"decimal comma.*read\.decimal_comma=true"):
        read_header(path)
    header = read_header(path, decimal_comma=True)
    assert (header.start_offset_s, len(header.segments)) == (0.5, 1)
    notes = scan_annotations(header).annotations
    assert [(n.onset_s, n.duration_s) for n in notes] == [(0.25, 1.5), (1.25, 1.5), (2.25, 1.5)]


@given(
    lengths=st.lists(st.integers(1, 4), min_size=1, max_size=6),
    gaps_ms=st.lists(st.integers(50, 10**7), min_size=6, max_size=6),
    start_ms=st.integers(0, 999),
    bdf=st.booleans(),
)
@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_segment_has_its_samples_and_its_true_time(write, lengths, gaps_ms, start_ms, bdf):
    onsets_ms, segments, now_ms, first = [], [], start_ms, 0
    for length, gap_ms in zip(lengths, gaps_ms, strict=False):
        segments.append(Segment(first, length, (now_ms - start_ms) / 1000))
        onsets_ms += [now_ms + 1000 * k for k in range(length)]
        now_ms, first = now_ms + 1000 * length + gap_ms, first + length
    signals = [Signal(noise(50 * first, 1)), Signal(noise(3 * first, 2), "Fp2", "mV")]
    spec = EdfSpec(signals, first, kind="BDF+D" if bdf else "EDF+D", bdf=bdf)
    spec.tals = time_stamps([f"{ms / 1000:.3f}" for ms in onsets_ms])
    header = read_header(write(spec))
    assert header.segments == tuple(segments)
    for index, signal in enumerate(signals):
        joined = [read_digital(header, index, segment) for segment in header.segments]
        np.testing.assert_array_equal(np.concatenate(joined), signal.values)
        np.testing.assert_array_equal(read_digital(header, index), signal.values)
        gain, offset = microvolt_scale(header, index)
        for segment, digital in zip(header.segments, joined, strict=True):
            (signal_uv,) = read(header, [index], None, segment)
            np.testing.assert_array_equal(signal_uv, digital * gain + offset)


def test_joined_segments_are_what_mne_takes_for_one_recording(write):
    path = write(stamped([0, 1, 5, 6, 30], kind="EDF+D"))
    header = read_header(path)
    theirs = mne.io.read_raw_edf(path, preload=True, verbose="error").get_data()[0] * 1e6
    ours = [read(header, [0], segment=segment)[0] for segment in header.segments]
    np.testing.assert_allclose(np.concatenate(ours), theirs, rtol=0, atol=0.05)


def test_annotations_keep_true_times_across_gaps(write):
    tals = time_stamps(["2.5", "3.5", "60", "61"])
    tals[1] += b"+3.75\x140.5\x14sz\x14\x00".replace(b"\x140.5", b"\x150.5")
    tals[2] += b"+60.25\x14late\x14\x00+30\x14in the gap\x14\x00"
    path = write(plus(["0"] * 4, tals=tals, kind="EDF+D"))
    header = read_header(path)
    found = [
        (note.onset_s, note.duration_s, note.text) for note in scan_annotations(header).annotations
    ]
    assert found == [(1.25, 0.5, "sz"), (27.5, None, "in the gap"), (57.75, None, "late")]
    # The last one lies 0.25 s into the second segment.
    assert found[2][0] - header.segments[1].onset_s == 0.25


def test_our_writer_and_reader_agree_on_gaps(tmp_path):
    path = tmp_path / "a.edf"
    onsets_s = [0.0, 1.0, 60.5, 61.5, 100.0]
    with EdfWriter(path, [EdfSignal("Cz")], 100, record_onsets_s=onsets_s) as writer:
        writer.append(np.arange(500.0)[None])
    header = read_header(path)
    assert [segment.onset_s for segment in header.segments] == [0.0, 60.5, 100.0]
    (middle_uv,) = read(header, [0], segment=header.segments[1])
    np.testing.assert_allclose(middle_uv, np.arange(200, 400), atol=0.05)


def test_thousands_of_segments_of_one_record(write):
    n = 5000
    spec = plus([f"{k * 1.5:g}" for k in range(n)], rate=4, kind="EDF+D")
    header = read_header(write(spec))
    assert header.segments == tuple(Segment(k, 1, k * 1.5) for k in range(n))
    values = spec.signals[0].values
    for k in range(0, n, 97):
        np.testing.assert_array_equal(
            read_digital(header, 0, header.segments[k]), values[4 * k : 4 * k + 4]
        )
    pieces = [read(header, [0], segment=s)[0] for s in header.segments]
    np.testing.assert_allclose(np.concatenate(pieces), values / 10, atol=1e-9)


def test_a_segment_is_read_without_the_rest_of_the_file(write):
    """A piece outside of the file is an error of the caller and never a map beyond its end."""
    header = read_header(write(stamped([0, 1, 5])))
    for piece in (Segment(2, 2, 0.0), Segment(-1, 1, 0.0), Segment(0, 0, 0.0), Segment(3, 1, 0.0)):
        with pytest.raises(ValueError, match="of 3"):
            read_digital(header, 0, piece)
    assert len(read_digital(header, 0, Segment(1, 1, 0.0))) == 50


@pytest.mark.parametrize("kind", ["EDF+D", "EDF+C"])
@pytest.mark.parametrize(
    ("onsets", "words"),
    [
        ([0, 1, 1.5], "1 records begin before the one before has ended, by up to 0.500 s"),
        ([0, 0.5, 1, 1.5], "3 records begin before"),
        ([0, 0, 0], "2 records begin before"),
        ([3, 2, 1], "2 records run backwards"),
        ([0, 5, 1], "1 records run backwards"),
        ([0, 1, 9, 9.5], "1 records begin before"),
        ([0, 1, 10**9], "a gap of 999999998 s, expected at most 100000000"),
    ],
)
def test_overlaps_steps_back_and_gaps_of_years_are_refused(write, kind, onsets, words):
    with pytest.raises(RecordingRefused, match=words) as refused:
        read_header(write(stamped(onsets, kind=kind)))
    assert refused.value.code == "discontinuous"


@pytest.mark.parametrize("before", [[], [0, 1, 2]])
def test_slow_drift_of_the_time_stamps_is_refused_within_any_segment(write, before):
    onsets = [1000 + k * 1.019 for k in range(40)]
    with pytest.raises(RecordingRefused, match=r"drift by 0\.7") as refused:
        read_header(write(plus([f"{onset:.3f}" for onset in before + onsets])))
    assert refused.value.code == "discontinuous"


def test_a_drift_that_comes_back_is_refused_too(write):
    forth = [k * 1.019 for k in range(40)]
    back = [forth[-1] + k * 0.981 for k in range(1, 41)]
    with pytest.raises(RecordingRefused, match="drift"):
        read_header(write(plus([f"{onset:.3f}" for onset in forth + back])))


def test_gaps_do_not_add_up_to_a_drift(write):
    header = read_header(write(stamped([k * 1.25 for k in range(40)])))
    assert len(header.segments) == 40


@pytest.mark.parametrize(("late_ms", "n_segments"), [(0, 1), (1, 1), (19, 1), (21, 2), (900, 2)])
def test_less_than_a_sample_is_no_gap(write, late_ms, n_segments):
    """At 50 Hz a sample takes 20 ms."""
    header = read_header(write(plus(["0", "1", f"{2 + late_ms / 1000:.3f}"])))
    assert len(header.segments) == n_segments


def test_stamps_rounded_to_milliseconds_are_no_gaps(write):
    onsets = [f"{k / 3:.3f}" for k in range(30)]
    header = read_header(write(plus(onsets, record_s="0.333333", rate=700)))
    assert header.segments == (Segment(0, 30, 0.0),)


def test_without_stamps_continuity_is_believed_only_of_continuous_files(write):
    blank = [b"\x00"] * 3
    header = read_header(write(plus(["0"] * 3, tals=blank)))
    assert (header.notes, header.segments) == (("no-timekeeping",), (Segment(0, 3, 0.0),))
    with pytest.raises(RecordingRefused, match="3 records carry no time stamp"):
        read_header(write(plus(["0"] * 3, tals=blank, kind="EDF+D")))
    with pytest.raises(RecordingRefused, match="4 records carry no time stamp"):
        read_header(write(plain(kind="EDF+D")))
    later = [*time_stamps(["0.5"]), b"\x00", *time_stamps(["2.5"])]
    assert read_header(write(plus(["0"] * 3, tals=later))).start_offset_s == 0.5


def test_a_gap_among_records_without_stamps_has_no_place(write):
    tals = [*time_stamps(["0"]), b"\x00", *time_stamps(["9", "10", "20"])]
    with pytest.raises(RecordingRefused, match="no place") as refused:
        read_header(write(plus(["0"] * 5, tals=tals)))
    assert refused.value.code == "discontinuous"
    tals[2:] = [*time_stamps(["2", "10"]), b"\x00"]
    header = read_header(write(plus(["0"] * 5, tals=tals)))
    assert header.segments == (Segment(0, 3, 0.0), Segment(3, 2, 10.0))
    assert header.notes == ("no-timekeeping", "gaps")


def test_annotation_files_without_samples_have_no_gaps(write):
    tals = [b"+0\x14\x14\x00+5\x14one\x14\x00", b"+300\x14\x14\x00+301\x14two\x14\x00"]
    path = write(EdfSpec([], 2, record_s="0", kind="EDF+C", tals=tals))
    header = read_header(path)
    assert header.segments == (Segment(0, 2, 0.0),)
    assert [note.onset_s for note in scan_annotations(header).annotations] == [5.0, 301.0]


def test_only_a_stamp_is_taken_for_a_stamp(write):
    """An annotation at the start of a record, closed by an empty text, is no time-keeping."""
    tals = [*time_stamps(["0", "1"]), b"+77\x14spike\x14\x14\x00"]
    header = read_header(write(plus(["0"] * 3, tals=tals)))
    assert (header.segments, header.notes) == ((Segment(0, 3, 0.0),), ("no-timekeeping",))


@pytest.mark.parametrize("shifted", [b"2\x14\x14\x00", b"\x00+2\x14\x14\x00", b"\x14\x14\x00"])
def test_stamps_that_have_moved_are_damage(write, shifted):
    with pytest.raises(RecordingRefused) as refused:
        read_header(write(plus(["0"] * 4, tals=[*time_stamps(["0", "1"]), shifted, b"+3\x14\x14"])))
    assert refused.value.code == "damaged"


def test_stamps_all_without_a_sign_are_read(write):
    tals = [f"{k}\x14\x14\x00".encode() for k in (0, 1, 9)]
    assert len(read_header(write(plus(["0"] * 3, tals=tals))).segments) == 2
