"""Thousands of broken files: each is refused, or read as an independent plain decoder reads it.

The equality goes both ways: what eegssl reads, the plain decoder decodes alike; and what the plain
decoder can decode, eegssl reads, or refuses as damaged for a reason that the decoder confirms.
Nothing hangs, and nothing else is raised. The seeds are fixed.
"""

import random
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import plain_decoder
import pytest
from edf_bytes import EdfSpec, Signal, plain, plus
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mutations import BASES, MUTATIONS, layout, mutate, put
from plain_decoder import PlainFile, PlainSignal, UndecodableError
from slowparams import marked

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.layout import EdfHeader
from eegssl.io.edf.samples import read_digital, read_signals

CONTENT = {name: spec.bytes() for name, spec in BASES.items()}
QUICK = [("edf+d", 60), ("bdf", 60)]
ALL = [(base, 150) for base in BASES]
"""Files to break, and how often in each way."""
HARMFUL = {"change_field", "swap_fields", "flip_bits", "truncate", "insert", "remove"}


def refusal_or(read):
    """What ``read`` gives, or the refusal."""
    try:
        return read()
    except RecordingRefused as refused:
        return refused


def outcome(path, content):
    """``read`` or the code of the refusal, after the comparison with the plain decoder."""
    path.write_bytes(content)
    try:
        truth = plain_decoder.decode(content)
    except UndecodableError:
        truth = None
    header = refusal_or(lambda: read_header(path))
    if isinstance(header, RecordingRefused):
        # What has a meaning is refused only where bytes were lost or added: stamps have moved.
        assert truth is None or (header.code == "damaged" and not truth.all_stamped)
        return header.code
    assert truth is not None, "read, and the plain decoder finds no meaning in it"
    compare_header(header, truth)
    for index, signal in enumerate(truth.signals):
        if not signal.is_annotation and signal.per_record:
            compare_signal(header, index, signal)
    return "read"


def compare_header(header: EdfHeader, truth: PlainFile) -> None:
    assert header.n_records == truth.n_records
    assert header.record_duration_s == pytest.approx(float(truth.record_s), rel=1e-12)
    assert header.labels == tuple(signal.label for signal in truth.signals)
    assert header.samples_per_record == tuple(signal.per_record for signal in truth.signals)
    pieces = [(s.first_record, s.n_records) for s in header.segments]
    assert pieces == [(first, count) for first, count, _ in truth.segments]
    onsets = [float(onset) for _, _, onset in truth.segments]
    assert [s.onset_s for s in header.segments] == pytest.approx(onsets, rel=1e-9, abs=1e-6)
    ours = sorted((a.onset_s, a.text, a.duration_s) for a in scan_annotations(header).annotations)
    theirs = sorted((float(t), text, duration) for t, duration, text in truth.annotations)
    assert [a[1] for a in ours] == [a[1] for a in theirs]
    assert [a[0] for a in ours] == pytest.approx([a[0] for a in theirs], rel=1e-9, abs=1e-6)
    for (_, _, mine), (_, _, true) in zip(ours, theirs, strict=True):
        assert mine == (None if true is None else pytest.approx(float(true), rel=1e-9))


def compare_signal(header: EdfHeader, index: int, signal: PlainSignal) -> None:
    np.testing.assert_array_equal(read_digital(header, index), signal.digital)
    pieces = [read_digital(header, index, segment) for segment in header.segments]
    np.testing.assert_array_equal(np.concatenate(pieces), signal.digital)
    scale = signal.scale()
    read = refusal_or(lambda: read_signals(header, [index]))
    if isinstance(read, RecordingRefused):
        unusable = scale is None or abs(scale[0]) > 1e250
        assert read.code == ("unit" if signal.to_microvolts is None else "limits")
        assert signal.to_microvolts is None or unusable
        return
    assert scale is not None
    assert signal.to_microvolts is not None
    gain, offset = scale
    true_uv = [float((value * gain + offset) * signal.to_microvolts) for value in signal.digital]
    # Half a step would be enough; what doubles can't hold comes on top.
    largest = float(max(map(abs, signal.limits[:2])) * signal.to_microvolts)
    half_uv = float(abs(gain) * signal.to_microvolts) / 2
    np.testing.assert_allclose(read[0], true_uv, rtol=1e-9, atol=1e-3 * half_uv + 1e-12 * largest)


@pytest.mark.parametrize("name", BASES)
def test_the_bases_themselves_are_read(tmp_path, name):
    assert outcome(tmp_path / "file.edf", CONTENT[name]) == "read"


@pytest.mark.parametrize(("base", "rounds"), [*QUICK, *map(marked, ALL)])
def test_mutants_are_refused_or_read_as_the_plain_decoder_reads_them(tmp_path, base, rounds):
    """Both outcomes are frequent, of every base and of the mutations that can have both."""
    total: Counter[str] = Counter()
    for name in MUTATIONS:
        rng = random.Random(f"{base} {name}")
        seen = Counter(
            outcome(tmp_path / "file.edf", mutate(CONTENT[base], name, rng)) for _ in range(rounds)
        )
        assert seen["read"] >= rounds // 40, (name, seen)
        if name in HARMFUL:
            assert seen["read"] <= rounds * 0.95, (name, seen)
        total += seen
    assert sum(total.values()) == rounds * len(MUTATIONS)
    assert {"header", "not-edf", "no-records"} <= set(total)
    if "+" in base:
        assert min(total["damaged"], total["discontinuous"]) > rounds / 4


FIELDS = st.sampled_from(sorted(layout(CONTENT["edf+d"]).fields))
RAW = (
    st.integers(-(10**7), 10**8).map(lambda value: str(value).encode())
    | st.floats(allow_nan=True, allow_infinity=True).map(lambda value: repr(value).encode())
    | st.text("0123456789+-. eE", max_size=8).map(str.encode)
    | st.binary(max_size=8)
)


EDITS = st.lists(st.tuples(FIELDS, RAW), min_size=1, max_size=3)
TALS = st.binary(max_size=60) | st.text("+-.0123456789\x14\x15\x00x", max_size=60).map(str.encode)


def examples(number: int) -> settings:
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def check_edits(tmp_path: Path, edits: list[tuple[tuple[int, int], bytes]]) -> None:
    content = bytearray(CONTENT["edf+d"])
    for place, raw in edits:
        put(content, place, raw)
    assert outcome(tmp_path / "file.edf", bytes(content))


@given(edits=EDITS)
@examples(200)
def test_any_text_in_any_field_is_refused_or_read_as_the_plain_decoder_reads_it(tmp_path, edits):
    check_edits(tmp_path, edits)


@pytest.mark.slow
@given(edits=EDITS)
@examples(1500)
def test_so_are_many_more_texts_in_fields(tmp_path, edits):
    check_edits(tmp_path, edits)


def check_annotations(tmp_path: Path, raw: bytes) -> None:
    """In place of the last record's time stamp, and after it."""
    for tal in (raw, b"+2\x14\x14\x00" + raw):
        spec = plus(["0"] * 3, 4, tals=[b"+0\x14\x14", b"+1\x14\x14", tal], tal_bytes=70)
        assert outcome(tmp_path / "file.edf", spec.bytes())


@given(raw=TALS)
@examples(100)
def test_any_bytes_among_the_annotations_are_refused_or_read_alike(tmp_path, raw):
    check_annotations(tmp_path, raw)


@pytest.mark.slow
@given(raw=TALS)
@examples(800)
def test_so_are_many_more_bytes_among_annotations(tmp_path, raw):
    check_annotations(tmp_path, raw)


@pytest.mark.parametrize(
    ("place", "raw", "code"),
    [
        ((236, 244), b"99999999", "read"),
        ((252, 256), b"9999", "header"),
        ((184, 192), b"99999999", "header"),
        ((244, 252), b"1e-99", "header"),
        ((244, 252), b"1e99", "header"),
        ((256 + 216, 256 + 224), b"99999999", "header"),
        ((256 + 216, 256 + 224), b"9999999", "no-records"),
    ],
)
def test_huge_numbers_reserve_no_memory(tmp_path, place, raw, code):
    content = bytearray(plain(4).bytes())
    put(content, place, raw)
    tracemalloc.start()
    try:
        assert outcome(tmp_path / "file.edf", bytes(content)) == code
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("label", ["EEG C3", "EDF Annotations"])
def test_as_many_signals_as_a_header_can_hold_are_read(tmp_path, label):
    signals = [Signal(np.arange(1), label)] * 9999
    path = tmp_path / "file.edf"
    path.write_bytes(EdfSpec(signals, 1).bytes())
    header = read_header(path)
    assert len(header.ordinary_signals) + len(header.annotation_signals) == 9999
    assert scan_annotations(header).annotations == ()


@pytest.mark.parametrize("place", [0, 10, 60])
def test_one_byte_lost_in_the_first_record_is_seen_by_the_signs_of_all_stamps(
    tmp_path: Path, place: int
) -> None:
    """All later stamps then lie one byte early and seem to lack their sign."""
    spec = plus([str(second) for second in range(24)])
    raw, start = spec.bytes(), len(spec.header())
    path = tmp_path / "short.edf"
    path.write_bytes(raw[: start + place] + raw[start + place + 1 :])
    with pytest.raises(RecordingRefused, match="damaged"):
        read_header(path)
