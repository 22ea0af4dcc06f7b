"""Broken files are refused with a precise reason, or read with a note: nothing in between."""

import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise, plain, plus
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_signals


def refusal(path):
    with pytest.raises(RecordingRefused) as refused:
        read_header(path)
    return refused.value


@pytest.fixture
def write(tmp_path):
    def put(content):
        path = tmp_path / "file.edf"
        path.write_bytes(content if isinstance(content, bytes) else content.bytes())
        return path

    return put


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer file"),
        (b"/annex/objects/SHA256E-s1--0.edf\n", "pointer file"),
        (b"", "0 bytes"),
        (b"0       ", "8 bytes"),
        (b"GDF 2.20" + b" " * 600, "first 8 bytes"),
    ],
)
def test_what_is_no_recording_is_called_so(write, content, words):
    error = refusal(write(content))
    assert error.code == "not-edf"
    assert words in error.reason


@pytest.mark.parametrize(
    ("place", "raw", "words"),
    [
        ((252, 256), b"many", "number of signals"),
        ((252, 256), b"0", "number of signals: got 0"),
        ((252, 256), b"-1", "number of signals: got -1"),
        ((184, 192), b"511", "header length 511, expected 512"),
        ((236, 244), b"-2", "number of records: got -2"),
        ((236, 244), b"1_0", "number of records"),
        ((244, 252), b"0", "record duration 0"),
        ((244, 252), b"-1", "record duration"),
        ((244, 252), b"nan", "record duration"),
        ((244, 252), b"1e999", "record duration"),
        ((244, 252), b"1e9", "record duration"),
        ((244, 252), b"1e-99", "no such EEG"),
    ],
)
def test_a_damaged_header_names_its_field(write, place, raw, words):
    error = refusal(write(plain(main={place: raw})))
    assert error.code == "header"
    assert words in error.reason


def test_a_file_that_ends_inside_its_header_is_refused(write):
    assert "ends inside its header" in refusal(write(plain().bytes()[:400])).reason


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (("5", "5", "-1", "1"), "equal"),
        (("-5", "5", "1", "1"), "not below"),
        (("-5", "five", "-1", "1"), "not a number"),
        (("-9e307", "9e307", "-1", "1"), "too large"),
        (("-5", "5", "", "1"), "not a number"),
    ],
)
def test_limits_are_refused_on_the_signal_that_is_read_only(write, limits, words):
    signals = [Signal(noise(10), limits=limits), Signal(noise(10), "EEG C3")]
    header = read_header(write(EdfSpec(signals, 1)))
    assert len(read_signals(header, [1])) == 1
    with pytest.raises(RecordingRefused, match=words) as refused:
        read_signals(header, [0, 1])
    assert refused.value.code == "limits"


def test_record_count_minus_one_is_resolved_from_the_size(write):
    header = read_header(write(plain(4, declared="-1")))
    assert (header.n_records, header.notes) == (4, ("record-count-unknown",))


@pytest.mark.parametrize("cut", [1, 99, 100, 101, 250])
def test_a_truncated_file_gives_its_whole_records_and_says_so(write, cut):
    whole = plain(4)
    header = read_header(write(whole.bytes()[:-cut]))
    n_left = (400 - cut) // 100
    assert (header.n_records, header.declared_records, header.notes) == (n_left, 4, ("truncated",))
    (signal_uv,) = read_signals(header, [0])
    np.testing.assert_allclose(signal_uv, whole.signals[0].values[: 50 * n_left] / 10, atol=1e-9)


@pytest.mark.parametrize("extra", [1, 100, 1000])
def test_surplus_bytes_are_left_and_noted(write, extra):
    header = read_header(write(plain(4).bytes() + b"\x01" * extra))
    assert (header.n_records, header.notes) == (4, ("surplus",))


@pytest.mark.parametrize("content", [plain(4).header(), plain(4).bytes()[:550]])
def test_no_whole_record_is_refused(write, content):
    assert refusal(write(content)).code == "no-records"


def test_line_endings_changed_in_transfer_are_recognised(write):
    """Both kinds, with and without time stamps, and cut to the length that the header says."""
    for spec in (plain(40, 256), plus([str(k) for k in range(40)], 256)):
        whole = spec.bytes()
        mangled = whole.replace(b"\n", b"\r\n")
        assert len(mangled) > len(whole)
        for content in (mangled, mangled[: len(whole)]):
            error = refusal(write(content))
            assert error.code == "text-mode"
            assert "binary mode" in error.reason


def test_saving_as_utf8_text_is_recognised(write):
    whole = plain(40, 256)
    content = whole.header() + whole.data().decode("utf-8", errors="replace").encode()
    assert refusal(write(content)).code == "text-mode"


@pytest.mark.parametrize("stuck", [0x0A0D, 0x0D0A, 0x0A0A])
def test_a_stuck_channel_is_not_taken_for_damage(write, stuck):
    assert read_header(write(EdfSpec([Signal(np.full(4000, stuck))], 4))).n_records == 4


@pytest.mark.parametrize("stuck", [0xBDBFEF - (1 << 24), 0x0A0D, 0x010A0D])
def test_a_stuck_bdf_channel_is_not_taken_for_text(write, stuck):
    values = np.full(4000, stuck)
    assert read_header(write(EdfSpec([Signal(values)], 4, bdf=True))).n_records == 4


def test_lost_bytes_are_seen_by_the_time_stamps(write):
    whole = plus([str(k) for k in range(9)])
    data = whole.data()
    error = refusal(write(whole.header() + data[:333] + data[335:]))
    assert error.code == "damaged"


def test_a_file_that_is_gone_or_changes_is_refused(write, tmp_path):
    assert refusal(tmp_path / "absent.edf").code == "unreadable"
    link = tmp_path / "link.edf"
    link.symlink_to(tmp_path / "gone")
    assert "link" in refusal(link).reason
    assert refusal(tmp_path).code == "unreadable"
    path = write(plain(4))
    header = read_header(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(RecordingRefused, match="changed"):
        read_signals(header, [0])


@pytest.mark.parametrize("in_place", [True, False])
def test_a_file_that_is_replaced_by_another_of_its_size_is_read_anew(tmp_path, in_place):
    """Whatever is kept of the last file that was read."""
    path, other = tmp_path / "file.edf", tmp_path / "other.edf"
    for seed in range(3):
        spec = EdfSpec([Signal(noise(200, seed))], 4)
        if in_place:
            path.write_bytes(spec.bytes())
        else:
            other.write_bytes(spec.bytes())
            other.replace(path)
        (signal_uv,) = read_signals(read_header(path), [0])
        np.testing.assert_allclose(signal_uv, spec.signals[0].values / 10, atol=1e-9)


def test_reasons_repeat_nothing_out_of_the_file(write):
    secret = b"Jane_Doe"
    for place in ((236, 244), (244, 252), (184, 192)):
        assert "Jane" not in str(refusal(write(plain(main={place: secret}))))
    header = read_header(write(EdfSpec([Signal(noise(9), "Jane Doe", "Jane")], 1)))
    with pytest.raises(RecordingRefused) as refused:
        read_signals(header, [0])
    assert "Jane" not in str(refused.value)


@given(
    edits=st.lists(st.tuples(st.integers(0, 1500), st.binary(max_size=9)), max_size=6),
    cut=st.integers(0, 900),
)
@examples(300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mutated_files_are_read_or_refused(write, edits, cut):
    content = bytearray(plus(["0", "1", "2"]).bytes())
    for start, raw in edits:
        content[start : start + len(raw)] = raw
    path = write(bytes(content[: len(content) - cut]))
    reason = "read"
    try:
        header = read_header(path)
        scan_annotations(header)
        for index in header.ordinary_signals:
            (signal_uv,) = read_signals(header, [index])
            assert len(signal_uv) == header.n_records * header.samples_per_record[index]
            assert np.all(np.isfinite(signal_uv))
    except RecordingRefused as refused:
        reason = refused.reason
    assert reason
