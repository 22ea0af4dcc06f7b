"""Annotations alone make an EDF+ file as long as the recording, read the same by every reader."""

from datetime import datetime
from decimal import Decimal

import mne
import numpy as np
import pyedflib
import pytest
from fewerexamples import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotated import annotation_file
from eegssl.io.edf.annotated.annotation_file import (
    record_layout,
    require_readable,
    write_annotation_file,
)
from eegssl.io.edf.annotated.header_identity import Identity
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.recording_header import Annotation

MARKS = [
    Annotation(0.0, 30.5, "sz p=0.93 Fp1,F7"),
    Annotation(3599.25, 0.75, "sz p=0.51"),
    Annotation(12.345678, None, "a text of more than forty letters, and an umlaut: Anfälle"),
]


def by_pyedflib(path):
    """Duration in seconds, start and (onset, duration, text) of each annotation."""
    with pyedflib.EdfReader(str(path)) as reader:
        onsets, lengths, texts = reader.readAnnotations()
        whole = reader.getFileDuration(), reader.getStartdatetime()
    return (*whole, list(zip(onsets.tolist(), lengths.tolist(), texts.tolist(), strict=True)))


def test_pyedflib_and_mne_read_every_annotation_and_the_length(tmp_path):
    path = tmp_path / "a.edf"
    write_annotation_file(path, MARKS, 3600.0)
    duration_s, start, read = by_pyedflib(path)
    assert (duration_s, start) == (3600, datetime(1985, 1, 1))
    expected = sorted((a.onset_s, a.duration_s or 0, a.text) for a in MARKS)
    assert [t for _, _, t in sorted(read)] == [t for _, _, t in expected]
    times = [(on, max(0.0, length)) for on, length, _ in sorted(read)]
    np.testing.assert_allclose(times, [e[:2] for e in expected], atol=1e-4)
    of_mne = mne.read_annotations(path)
    np.testing.assert_allclose(of_mne.onset, [e[0] for e in expected], atol=1e-6)
    assert of_mne.description.tolist() == [t for _, _, t in expected]
    assert path.read_bytes()[8:168].split() == b"X X X X Startdate X X X X".split()


def test_a_thousand_annotations_of_one_second_are_all_there(tmp_path):
    marks = [Annotation(5.0 + k * 1e-4, 1.0, f"sz p=0.{k:03d}") for k in range(1000)]
    write_annotation_file(tmp_path / "a.edf", marks, 60.0)
    assert len(by_pyedflib(tmp_path / "a.edf")[2]) == 1000
    assert (tmp_path / "a.edf").stat().st_size < 200_000


def test_an_identity_is_kept_with_its_fraction_of_a_second(tmp_path):
    start = datetime(2011, 3, 4, 22, 15, 1, 250_000)
    identity = Identity("MCH-1 F 02-MAY-1951 Haagse_Harry", "X Tech Equip", start, dated=True)
    write_annotation_file(tmp_path / "a.edf", MARKS, 3600.0, identity)
    with pyedflib.EdfReader(str(tmp_path / "a.edf")) as reader:
        assert reader.getPatientName() == "Haagse Harry"
        assert reader.getPatientCode() == "MCH-1"
        assert reader.getStartdatetime().replace(microsecond=0) == start.replace(microsecond=0)
        assert sorted(reader.readAnnotations()[0]) == pytest.approx(
            [0.0, 12.345678, 3599.25], abs=1e-4
        )
    assert b"Startdate 04-MAR-2011 X Tech Equip" in (tmp_path / "a.edf").read_bytes()


@settings(deadline=None)
@given(st.one_of(st.integers(1, 10**6), st.integers(1, 10**8).map(lambda ms: ms / 1000)))
def test_records_add_up_to_the_recording(duration_s):
    n_records, record_s = record_layout(float(duration_s))
    assert len(record_s) <= 8
    assert n_records <= max(1, round(duration_s))
    assert abs(float(n_records * Decimal(record_s)) - duration_s) < 2e-3


@examples(50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(
            Annotation,
            st.floats(0, 700, allow_nan=False).map(lambda s: round(s, 6)),
            st.one_of(st.none(), st.floats(1e-5, 1e4).map(lambda s: round(s, 6))),
            st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60),
        ),
        max_size=30,
    ),
    st.floats(0.5, 700),
)
def test_whatever_is_written_is_read_back(tmp_path, marks, duration_s):
    path = tmp_path / "any.edf"
    write_annotation_file(path, marks, duration_s)
    scan = scan_annotations(read_header(path))
    assert scan.n_unreadable == 0
    assert len(scan.annotations) == len(marks)


@pytest.mark.parametrize(
    "mark",
    [
        Annotation(1.0, 1.0, "a\x14b"),
        Annotation(float("nan"), 1.0, "x"),
        Annotation(1.0, -1.0, "x"),
    ],
)
def test_what_edf_can_not_say_is_refused_and_leaves_nothing(tmp_path, mark):
    with pytest.raises(ValueError, match="can't be stored"):
        write_annotation_file(tmp_path / "a.edf", [mark], 10.0)
    assert list(tmp_path.iterdir()) == []


def test_a_duration_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no place in EDF"):
        write_annotation_file(tmp_path / "a.edf", [], 0.0)


def test_an_annotation_that_is_not_read_back_is_an_error_and_no_file(tmp_path, monkeypatch):
    path = tmp_path / "a.edf"
    write_annotation_file(path, MARKS[:2], 3600.0)
    with pytest.raises(RecordingRefused, match="1 of 3 annotations can't be read back"):
        require_readable(path, MARKS)
    path.unlink()
    monkeypatch.setattr(annotation_file.TalRecords, "_record", lambda self, index: b"+0\x14\x14\0")
    with pytest.raises(RecordingRefused):
        write_annotation_file(path, MARKS, 3600.0)
    assert list(tmp_path.iterdir()) == []
