"""EDF+ files of ours hold what was given, follow the specification, and are the same each time."""

import mne
import numpy as np
import pyedflib
import pytest
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from eegssl.io.edf.edf_writer import EdfSignal, EdfWriter, write_edf

LABELS = ["Fp1", "EEG T3-REF", "FP1-F7"]


def noise(seconds=7, sfreq_hz=250, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.standard_normal((len(LABELS), seconds * sfreq_hz)) * 80).astype(np.float32)


def field(data, start, width):
    return data[start : start + width].decode("ascii").strip()


def test_pyedflib_reads_back_within_half_a_step(tmp_path):
    signal_uv = noise()
    path = write_edf(tmp_path / "a.edf", signal_uv, LABELS, 250, physical_max_uv=500.0)
    with pyedflib.EdfReader(str(path)) as reader:
        assert reader.getSignalLabels() == LABELS
        assert list(reader.getSampleFrequencies()) == [250.0] * 3
        assert {reader.getPhysicalDimension(i) for i in range(3)} == {"uV"}
        read = np.array([reader.readSignal(i) for i in range(3)])
        digital = np.array([reader.readSignal(i, digital=True) for i in range(3)])
    step = 500.0 / 32767
    assert np.abs(read - signal_uv).max() <= step / 2 * 1.001
    np.testing.assert_array_equal(digital, np.rint(signal_uv * np.float32(1 / step)))


def test_mne_reads_back_in_volts_and_sees_the_annotations(tmp_path):
    signal_uv = noise()
    marks = [(0.0, 0.0, "start"), (2.5, 1.25, "seizure: Anfall"), (6.999, 0.0, "end")]
    path = write_edf(tmp_path / "a.edf", signal_uv, LABELS, 250, annotations=marks)
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    step = np.abs(signal_uv).max() / 32767
    assert np.abs(raw.get_data() * 1e6 - signal_uv).max() <= step * 0.6
    found = [(a["onset"], a["duration"], a["description"]) for a in raw.annotations]
    assert [t for _, _, t in found] == [t for _, _, t in marks]
    np.testing.assert_allclose([f[:2] for f in found], [m[:2] for m in marks], atol=1e-6)


def test_zero_is_stored_as_zero_and_what_is_too_large_is_clipped(tmp_path):
    signal_uv = np.zeros((1, 250))
    signal_uv[0, 10:12] = 1e6, -1e6
    path = write_edf(tmp_path / "a.edf", signal_uv, ["Cz"], 250, physical_max_uv=100.0)
    with pyedflib.EdfReader(str(path)) as reader:
        read = reader.readSignal(0)
    assert (read[10], read[11]) == pytest.approx((100.0, -100.0))
    assert not np.delete(read, [10, 11]).any()


def test_the_header_follows_the_clauses_of_edf_plus(tmp_path):
    signal_uv = noise(seconds=5)
    path = write_edf(tmp_path / "a.edf", signal_uv, LABELS, 250, annotations=[(1.0, 2.0, "x")])
    data = path.read_bytes()
    count = len(LABELS) + 1
    assert data[:8] == b"0       "
    assert field(data, 8, 80) == "X X X X"
    assert field(data, 88, 80) == "Startdate 01-JAN-1985 X X X"
    assert (field(data, 168, 8), field(data, 176, 8)) == ("01.01.85", "00.00.00")
    assert int(field(data, 184, 8)) == 256 * (count + 1)
    assert field(data, 192, 44) == "EDF+C"
    assert (int(field(data, 236, 8)), field(data, 244, 8)) == (5, "1")
    assert int(field(data, 252, 4)) == count
    assert field(data, 256 + 16 * (count - 1), 16) == "EDF Annotations"
    samples = [int(field(data, 256 + 216 * count + 8 * i, 8)) for i in range(count)]
    assert samples[:-1] == [250] * 3
    assert len(data) == 256 * (count + 1) + 5 * 2 * sum(samples)


@examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 1750), max_size=12))
def test_the_bytes_do_not_depend_on_how_the_signal_is_cut(tmp_path, cuts):
    signal_uv, marks = noise(), [(3.0, 1.0, "mark")]
    whole = write_edf(
        tmp_path / "whole.edf", signal_uv, LABELS, 250, physical_max_uv=400, annotations=marks
    )
    signals = [EdfSignal(label, physical_max=400) for label in LABELS]
    with EdfWriter(tmp_path / "cut.edf", signals, 250, annotations=marks) as writer:
        for piece in np.split(signal_uv, sorted(cuts), axis=1):
            writer.append(piece)
    assert (tmp_path / "cut.edf").read_bytes() == whole.read_bytes()


def test_records_of_another_length_carry_fractional_rates(tmp_path):
    signal_uv = noise(seconds=2, sfreq_hz=125)
    path = write_edf(tmp_path / "a.edf", signal_uv, LABELS, 62.5, record_s=2)
    raw = mne.io.read_raw_edf(path, preload=True, verbose="ERROR")
    assert (raw.info["sfreq"], raw.n_times) == (62.5, 250)


def test_records_with_onsets_of_their_own_make_a_discontinuous_file(tmp_path):
    path = write_edf(
        tmp_path / "a.edf", noise(seconds=3), LABELS, 250, record_onsets_s=[0.0, 1.0, 60.5]
    )
    data = path.read_bytes()
    assert field(data, 192, 44) == "EDF+D"
    assert b"+60.5\x14\x14\0" in data


@pytest.mark.parametrize(
    ("labels", "options", "says"),
    [
        (["a label that is too long"], {}, "label"),
        (["Fp1\u00b5"], {}, "printable ASCII"),
        (["Cz"], {"physical_max_uv": 1234567.891}, "round it"),
        (["Cz"], {"record_s": 0.999}, "whole number"),
        (["Cz"], {"annotations": [(1.0, 0.0, "a\x14b")]}, "can't be stored"),
        (["Cz"], {"annotations": [(99.0, 0.0, "late")]}, "after the end"),
        (["Cz"], {"record_s": 4}, "left over"),
        (["Cz"], {"patient": "x" * 81}, "patient"),
        (["Cz", "Pz"], {}, "shape"),
    ],
)
def test_what_edf_can_not_say_is_refused(tmp_path, labels, options, says):
    with pytest.raises(ValueError, match=says):
        write_edf(tmp_path / "a.edf", np.ones((1, 500)), labels, 250, **options)


def test_values_that_are_not_finite_are_refused(tmp_path):
    with pytest.raises(ValueError, match="finite"):
        write_edf(tmp_path / "a.edf", np.full((1, 250), np.nan), ["Cz"], 250, physical_max_uv=9.0)
