"""Annotations come out with their times from the first sample, and junk never stops them."""

import pytest
from edf_bytes import plus, time_stamps
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.tal import first_onset, parse_tals

TEXT = st.text(st.characters(exclude_characters="\x00\x14\x15", codec="utf-8"), min_size=1)
SECONDS = st.integers(0, 10**9).map(lambda tick: f"{tick / 1000:.3f}")


@given(st.lists(st.tuples(SECONDS, SECONDS | st.none(), st.lists(TEXT, max_size=3)), max_size=5))
def test_what_was_written_is_read(entries):
    raw = b"".join(
        b"+" + onset.encode() + (b"\x15" + duration.encode() if duration else b"")
        + b"\x14" + b"".join(text.encode() + b"\x14" for text in texts) + b"\x00"
        for onset, duration, texts in entries
    )  # fmt: skip
    scan = parse_tals(raw + b"\x00\x00")
    assert scan.n_unreadable == 0
    got = [(tal.onset_s, tal.duration_s, list(tal.texts)) for tal in scan.tals]
    assert got == [(float(a), float(b) if b else None, texts) for a, b, texts in entries]


@given(st.binary(max_size=400) | st.text("+-.0123456789\x14\x15\x00", max_size=200).map(str.encode))
@examples(300)
def test_junk_is_counted_and_never_raises(raw):
    scan = parse_tals(raw)
    pieces = [piece for piece in raw.split(b"\x00") if piece]
    assert len(scan.tals) + scan.n_unreadable == len(pieces)
    first_onset(raw)


def test_long_junk_does_not_hang():
    assert parse_tals(b"+1" * 200_000 + b"\x14" * 200_000).n_unreadable == 1
    assert parse_tals(b"1" * 1_000_000).n_unreadable == 1


def test_times_count_from_the_first_sample(tmp_path):
    tals = time_stamps(["0.25", "1.25"])
    tals[1] += b"+1.75\x150.5\x14sz\x14\x00"
    path = tmp_path / "file.edf"
    path.write_bytes(plus(["0", "1"], tals=tals).bytes())
    (note,) = scan_annotations(read_header(path)).annotations
    assert (note.onset_s, note.duration_s, note.text) == (1.5, 0.5, "sz")
    assert "sz" not in repr(note)


def test_utf8_and_latin1_texts_are_both_read(tmp_path):
    tals = time_stamps(["0"])
    tals[0] += "+0\x14Anfälle\x14\x00".encode() + "+0.5\x14Anfälle\x14\x00".encode("latin-1")
    path = tmp_path / "file.edf"
    path.write_bytes(plus(["0"], tals=tals).bytes())
    assert [note.text for note in scan_annotations(read_header(path)).annotations] == [
        "Anfälle",
        "Anfälle",
    ]


def test_broken_pieces_are_counted_beside_good_ones(tmp_path):
    tals = time_stamps(["0"])
    tals[0] += b"half an annota\x00+0.5\x14sz\x14\x00"
    path = tmp_path / "file.edf"
    path.write_bytes(plus(["0"], tals=tals).bytes())
    scan = scan_annotations(read_header(path))
    assert [note.text for note in scan.annotations] == ["sz"]
    assert scan.n_unreadable == 1


@pytest.mark.parametrize("raw", [b"+1.5\x14\x14\x00", b"-1.5\x14\x14\x00x", b"1\x14\x14"])
def test_time_stamps_are_found_at_the_start_only(raw):
    assert first_onset(raw) is not None
    assert first_onset(b"\x00" + raw) is None
