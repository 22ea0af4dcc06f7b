"""A copy with annotations holds the same samples, and nothing that names somebody."""

import tracemalloc
from dataclasses import replace
from datetime import datetime

import mne
import numpy as np
import pyedflib
import pytest
from edf_bytes import EdfSpec, Signal, noise, time_stamps
from realdata import real_data

from eegssl.errors import RecordingRefused
from eegssl.io.edf.annotated.annotated_copy import copy_ending, write_annotated_copy
from eegssl.io.edf.annotations import scan_annotations
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import read_digital
from eegssl.io.recording_header import Annotation

MARKS = [Annotation(0.5, 1.25, "sz p=0.93 Fp1,F7"), Annotation(3.0, 1.0, "sz p=0.51")]
NAMES = (b"Meier", b"MEIER", b"12345678", b"Ward", b"secret", b"02.03.11", b"2011")


def spec(*, bdf=False, tals=(), kind="", **changes):
    """Two EEG signals of different rates and one of another kind, with names everywhere."""
    top = 8388607 if bdf else 32767
    limits = ("-3276.8", "3276.7", str(-top - 1), str(top))
    signals = [
        Signal(noise(4 * 50, 1), "EEG Fp1-Ref", b"\xb5V", limits),
        Signal(noise(4 * 100, 2), "EEG F7-Ref", "uV", limits),
        Signal(np.full(4 * 10, top), "Meier", "", limits),
    ]
    main = {(88, 168): b"Ward 7 Dr Meier", (168, 176): b"02.03.11", (176, 184): b"22.15.01"}
    options = {"patient": "Meier Hans 12345678", "main": main, "kind": kind, "tals": tals}
    return EdfSpec(signals, 4, bdf=bdf, **options | changes)


def with_fields(raw, n_signals):
    """The bytes with texts in the columns of electrodes and filters."""
    raw = bytearray(raw)
    electrodes, filters = 256 + 16 * n_signals, 256 + 136 * n_signals
    raw[electrodes : electrodes + 160] = b"AgAgCl electrode".ljust(80) + b"cup of Meier".ljust(80)
    raw[filters : filters + 80] = b"HP:0.1Hz LP:75Hz N:50Hz".ljust(80)
    return bytes(raw)


@pytest.fixture
def source(tmp_path):
    def put(content, name="source.edf"):
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.bytes())
        return path

    return put


def copied(path, out, **options):
    return write_annotated_copy(out, read_header(path), MARKS, **options)


def digital(header):
    return [read_digital(header, i) for i in header.ordinary_signals]


@pytest.mark.parametrize("bdf", [False, True])
@pytest.mark.parametrize("plus", [False, True])
def test_every_sample_is_copied_and_every_annotation_read(source, tmp_path, bdf, plus):
    tals = [t + b"+1\x141 secret of Meier\x14\0" for t in time_stamps("0123")] if plus else ()
    path = source(spec(bdf=bdf, tals=tals, kind=("BDF+C" if bdf else "EDF+C") if plus else ""))
    out = tmp_path / "out" / f"copy{copy_ending(read_header(path))}"
    assert copied(path, out) == "copy"
    old, new = read_header(path), read_header(out)
    for one, other in zip(digital(old), digital(new), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (new.n_records, new.span_s, new.notes) == (4, old.span_s, ())
    assert scan_annotations(new).annotations == tuple(MARKS)
    with pyedflib.EdfReader(str(out)) as reader:
        assert reader.getSignalLabels() == ["EEG Fp1-Ref", "EEG F7-Ref", "signal 3"]
        assert [reader.getPhysicalDimension(k) for k in range(2)] == ["uV", "uV"]
        for k, one in enumerate(digital(old)):
            np.testing.assert_array_equal(reader.readSignal(k, digital=True), one)
        onsets, lengths, texts = reader.readAnnotations()
        assert (onsets.tolist(), lengths.tolist()) == ([0.5, 3.0], [1.25, 1.0])
        assert texts.tolist() == [mark.text for mark in MARKS]
        assert reader.getStartdatetime() == datetime(1985, 1, 1)
    read_raw = mne.io.read_raw_bdf if bdf else mne.io.read_raw_edf
    raw = read_raw(out, verbose="ERROR")
    assert raw.annotations.description.tolist() == [mark.text for mark in MARKS]
    assert not any(name in out.read_bytes() for name in NAMES)


def test_electrodes_and_filters_stay_unless_they_name_somebody(source, tmp_path):
    path = source(with_fields(spec().bytes(), 3))
    copied(path, tmp_path / "copy.edf")
    copied(path, tmp_path / "kept.edf", keep_identity=True)
    with pyedflib.EdfReader(str(tmp_path / "copy.edf")) as reader:
        assert [reader.getTransducer(k) for k in range(2)] == ["AgAgCl electrode", ""]
        assert reader.getPrefilter(0) == "HP:0.1Hz LP:75Hz N:50Hz"
    with pyedflib.EdfReader(str(tmp_path / "kept.edf")) as reader:
        assert reader.getTransducer(1) == "cup of Meier"
        assert reader.getSignalLabels()[2] == "Meier"


def test_an_identity_is_kept_on_request_in_the_words_of_edf_plus(source, tmp_path):
    tals = [
        t + b"+1\x141 secret of Meier\x14\0" for t in time_stamps(["0.25", "1.25", "2.25", "3.25"])
    ]
    path = source(spec(tals=tals, kind="EDF+C"))
    copied(path, tmp_path / "kept.edf", keep_identity=True)
    with pyedflib.EdfReader(str(tmp_path / "kept.edf")) as reader:
        assert reader.getPatientName() == "Meier Hans 12345678"
        assert reader.getStartdatetime().replace(microsecond=0) == datetime(2011, 3, 2, 22, 15, 1)
        onsets, _, texts = reader.readAnnotations()
    read = sorted(zip(onsets.tolist(), texts.tolist(), strict=True))
    assert read == [(0.5, MARKS[0].text), *[(0.75, "1 secret of Meier")] * 4, (3.0, MARKS[1].text)]


def test_a_patient_of_edf_plus_stays_as_it_is(source, tmp_path):
    patient = "MCH-0234567 F 02-MAY-1951 Haagse_Harry"
    main = {(88, 168): b"Startdate 02-MAR-2011 EMG561 BK/JOP Sony. MNC R Median Nerve."}
    main |= {(168, 176): b"02.03.11", (176, 184): b"22.15.01"}
    path = source(spec(kind="EDF+C", tals=time_stamps("0123"), patient=patient, main=main))
    copied(path, tmp_path / "kept.edf", keep_identity=True)
    assert (tmp_path / "kept.edf").read_bytes()[8:88] == path.read_bytes()[8:88]
    assert (tmp_path / "kept.edf").read_bytes()[88:168] == path.read_bytes()[88:168]


def test_a_file_with_gaps_gets_its_annotations_alone_at_true_times(source, tmp_path):
    tals = time_stamps(["0", "1", "100", "101"])
    path = source(spec(kind="EDF+D", tals=tals))
    assert copy_ending(read_header(path)) == ".edf"
    assert copy_ending(read_header(source(spec(kind="BDF+D", tals=tals, bdf=True), "b"))) == ".edf"
    marks = [Annotation(100.5, 1.0, "sz p=0.90")]
    out = tmp_path / "copy.edf"
    assert write_annotated_copy(out, read_header(path), marks) == "annotations"
    with pyedflib.EdfReader(str(out)) as reader:
        assert (reader.signals_in_file, reader.getFileDuration()) == (0, 102)
        assert reader.readAnnotations()[0].tolist() == [100.5]


@pytest.mark.parametrize(
    "limits",
    [
        ("100", "100", "-32768", "32767"),
        ("x", "100", "-32768", "32767"),
        ("-100", "100", "5", "5"),
        ("-100", "100", "-40000", "40000"),
    ],
)
def test_a_signal_that_other_software_refuses_is_not_copied(source, tmp_path, limits):
    signals = [Signal(noise(200), "EEG Cz"), Signal(noise(200), "EEG Pz", "uV", limits)]
    path = source(EdfSpec(signals, 4))
    assert copied(path, tmp_path / "copy.edf") == "annotations"
    with pyedflib.EdfReader(str(tmp_path / "copy.edf")) as reader:
        assert reader.readAnnotations()[0].tolist() == [0.5, 3.0]


@pytest.mark.parametrize("record_s", ["0.0390625", "0.3333333", "7", "1.5"])
def test_records_of_any_duration_are_stamped_without_drift(source, tmp_path, record_s):
    signals = [Signal(noise(3000 * 10, 3), "EEG Cz")]
    path = source(EdfSpec(signals, 3000, record_s))
    out = tmp_path / "copy.edf"
    copied(path, out)
    with pyedflib.EdfReader(str(out)) as reader:
        np.testing.assert_array_equal(reader.readSignal(0, digital=True), signals[0].values)
        assert reader.readAnnotations()[0].tolist() == [0.5, 3.0]
    assert read_header(out).notes == ()


def test_decimal_commas_become_points(source, tmp_path):
    signals = [Signal(noise(200), "EEG Cz", "uV", ("-3276,8", "3276,7", "-32768", "32767"))]
    path = source(EdfSpec(signals, 4))
    copied(path, tmp_path / "copy.edf")
    with pyedflib.EdfReader(str(tmp_path / "copy.edf")) as reader:
        assert (reader.getPhysicalMinimum(0), reader.getPhysicalMaximum(0)) == (-3276.8, 3276.7)


def test_a_source_that_changes_or_ends_leaves_no_file(source, tmp_path):
    path = source(spec())
    header = read_header(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RecordingRefused, match="unreadable"):
        write_annotated_copy(tmp_path / "a.edf", header, MARKS)
    assert not list(tmp_path.glob("a.edf*"))
    path.write_bytes(spec().bytes())
    with pytest.raises(RecordingRefused, match="changed while"):
        write_annotated_copy(tmp_path / "a.edf", replace(header, modified_ns=1), MARKS)
    assert not list(tmp_path.glob("a.edf*"))


def test_equal_inputs_give_equal_bytes(source, tmp_path):
    path = source(spec())
    copied(path, tmp_path / "a.edf")
    copied(path, tmp_path / "b.edf")
    assert (tmp_path / "a.edf").read_bytes() == (tmp_path / "b.edf").read_bytes()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_recording(source, tmp_path):
    path = source(EdfSpec([Signal(noise(512 * 40_000), "EEG Cz")], 40_000))
    header = read_header(path)
    tracemalloc.start()
    write_annotated_copy(tmp_path / "copy.edf", header, MARKS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 40e6
    assert peak < 20e6


@pytest.mark.real
def test_real_clips_are_copied_sample_by_sample(tmp_path):
    for path in sorted(real_data("chbmit_clips").rglob("*.edf"))[:3]:
        copied(path, tmp_path / "copy.edf")
        with (
            pyedflib.EdfReader(str(path)) as one,
            pyedflib.EdfReader(str(tmp_path / "copy.edf")) as other,
        ):
            assert one.getSignalLabels() == other.getSignalLabels()
            for k in range(one.signals_in_file):
                np.testing.assert_array_equal(
                    one.readSignal(k, digital=True), other.readSignal(k, digital=True)
                )
            assert other.readAnnotations()[2].tolist() == [mark.text for mark in MARKS]
