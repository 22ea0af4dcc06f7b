"""Samples and headers of EDF and BDF come out exactly as they were put in."""

import mne
import numpy as np
import pytest
from edf_bytes import EdfSpec, Signal, noise, plain, plus
from fewerexamples import examples
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from eegssl.errors import RecordingRefused
from eegssl.io.edf.header import read_header
from eegssl.io.edf.samples import microvolt_scale, read_digital, read_signals
from eegssl.io.physical_units import microvolts_per_unit


@pytest.fixture
def write(tmp_path):
    def put(content, name="file.edf"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.bytes())
        return path

    return put


@given(
    n_records=st.integers(1, 5),
    per_record=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    bdf=st.booleans(),
    seed=st.integers(0, 99),
)
@examples(60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_digital_value_of_every_signal_survives(write, n_records, per_record, bdf, seed):
    spread = 1 << (23 if bdf else 15)
    signals = [
        Signal(noise(n_records * per, seed + i, spread), label=f"S{i}")
        for i, per in enumerate(per_record)
    ]
    for signal in signals:
        signal.values[0], signal.values[-1] = -spread, spread - 1
    header = read_header(write(EdfSpec(signals, n_records, bdf=bdf)))
    assert header.labels == tuple(signal.label for signal in signals)
    assert header.n_records == n_records
    for index, signal in enumerate(signals):
        np.testing.assert_array_equal(read_digital(header, index), signal.values)
        assert header.sfreq_hz(index) == per_record[index]


def test_bdf_agrees_with_mne(write):
    limits = ("-262144", "262143", "-8388608", "8388607")
    spec = EdfSpec([Signal(noise(400, 3, 1 << 22), "Fp1", "uV", limits)], 4, bdf=True)
    path = write(spec, "file.bdf")
    raw = mne.io.read_raw_bdf(path, preload=True, verbose="error")
    (ours_uv,) = read_signals(read_header(path), [0])
    np.testing.assert_allclose(ours_uv, raw.get_data()[0] * 1e6, rtol=0, atol=0.5 / 32)


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("uV", 1), (b"\xb5V", 1), ("µV".encode(), 1), ("μV".encode(), 1), (b"\xe6V", 1), ("UV", 1),
     ("mV", 1e3), ("V", 1e6), ("nV", 1e-3), ("Volts", 1e6), ("uVolt", 1),
     (b"\x83\xcaV", 1), ("μV".encode("gbk"), 1), ("μV".encode("euc-kr"), 1),
     ("μV".encode("big5"), 1), ("μV".encode("iso8859-7"), 1), ("Âµ".encode() + b"V", 1),
     ("㎶".encode(), 1), ("㎷".encode(), 1e3), ("мкВ".encode("cp1251"), 1), ("мкВ".encode(), 1),
     ("мВ".encode(), 1e3), ("?V", 1), ("\ufffdV".encode(), 1), ("MicroVolt", 1)],
)  # fmt: skip
def test_voltages_come_out_in_microvolts(write, unit, factor):
    spec = EdfSpec([Signal(np.array([-32768, 0, 32767]), unit=unit)], 1)
    (signal_uv,) = read_signals(read_header(write(spec)), [0])
    np.testing.assert_allclose(
        signal_uv, np.array([-3276.8, 0, 3276.7]) * factor, atol=1e-9 * factor
    )


@pytest.mark.parametrize("unit", ["", "%", "MV", "degC", "xV", "uA", b"uV\xa0", b"uV\n"])
def test_what_is_no_voltage_is_refused_as_eeg(write, unit):
    header = read_header(write(EdfSpec([Signal(noise(10), unit=unit)], 1)))
    with pytest.raises(RecordingRefused) as refused:
        read_signals(header, [0])
    assert refused.value.code == "unit"
    assert "%" not in refused.value.reason


def test_an_assumed_unit_stands_in_only_where_there_is_none(write):
    signals = [Signal(np.array([1, 2]), unit=""), Signal(np.array([1, 2]), unit="uV")]
    header = read_header(write(EdfSpec(signals, 1)))
    without, with_unit = read_signals(header, [0, 1], assumed_unit="mV")
    assert header.notes == ()
    np.testing.assert_allclose(without, with_unit * 1000)
    assert microvolts_per_unit("MV") is None


@pytest.mark.parametrize("unit", [".V", "MV", "xV", b"\x81V", "Jane"])
def test_an_assumed_unit_stands_in_for_one_that_nobody_knows(write, unit):
    header = read_header(write(EdfSpec([Signal(np.array([1, 2]), unit=unit)], 1)))
    (signal_uv,) = read_signals(header, [0], assumed_unit="mV")
    np.testing.assert_allclose(signal_uv, [100, 200], atol=1e-9)


def test_another_quantity_is_no_unknown_unit(write):
    header = read_header(write(EdfSpec([Signal(np.array([1, 2]), unit="mmHg")], 1)))
    with pytest.raises(RecordingRefused, match=r"6D 6D 48 67.*read\.units"):
        read_signals(header, [0], assumed_unit="uV")
    np.testing.assert_allclose(microvolt_scale(header, 0, unit="uV")[0], 0.1)


def test_a_refused_unit_is_shown_in_bytes_with_the_settings(write):
    header = read_header(write(EdfSpec([Signal(np.array([1, 2]), unit=".V")], 1)))
    with pytest.raises(RecordingRefused, match=r"bytes 2E 56.*read.assumed_unit, or read.units"):
        read_signals(header, [0])


def test_a_lost_micro_sign_is_noted(write):
    assert read_header(write(EdfSpec([Signal(noise(4), unit="?V")], 1))).notes == (
        "unit-sign-lost",
    )


def limits(*texts):
    return EdfSpec([Signal(np.array([-32768, 0, 32767]), limits=(*texts, "-32768", "32767"))], 1)


def test_limits_with_a_decimal_comma_are_read_where_they_can_be_nothing_else(write):
    header = read_header(write(limits("-3276,8", "3276,7")))
    assert header.notes == ("decimal-comma",)
    np.testing.assert_allclose(read_signals(header, [0])[0], [-3276.8, 0, 3276.7], atol=1e-9)
    assert read_header(write(limits("-0,500", "0,500"))).physical_max == (0.5,)


def test_a_comma_that_may_part_thousands_needs_the_setting(write):
    path = write(limits("-3,276", "3,276"))
    header = read_header(path)
    with pytest.raises(RecordingRefused, match=r"read\.decimal_comma=true"):
        read_signals(header, [0])
    assert read_header(path, decimal_comma=True).physical_max == (3.276,)


def test_a_comma_beside_a_point_is_damage(write):
    header = read_header(write(limits("-3276,8", "3276.7")))
    with pytest.raises(RecordingRefused, match="a limit is not a number"):
        read_signals(header, [0])


def test_an_inverted_amplifier_is_inverted(write):
    values = noise(10)
    spec = EdfSpec([Signal(values, limits=("3276.8", "-3276.7", "-32768", "32767"))], 1)
    (signal_uv,) = read_signals(read_header(write(spec)), [0])
    np.testing.assert_allclose(signal_uv, -values / 10, atol=1e-9)


def test_every_signal_keeps_its_own_rate(write):
    signals = [Signal(noise(20)), Signal(noise(200), "EEG C3"), Signal(noise(2), "SpO2", "%")]
    header = read_header(write(EdfSpec(signals, 2, record_s="0.5")))
    assert [header.sfreq_hz(i) for i in range(3)] == [20, 200, 2]
    assert header.duration_s == 1.0
    assert [len(signal) for signal in read_signals(header, [1, 0])] == [200, 20]


def test_the_first_time_stamp_says_when_samples_begin(write):
    header = read_header(write(plus(["0.250", "1.250", "2.250"])))
    assert header.start_offset_s == 0.25
    assert header.is_plus
    assert header.continuous


def test_identifiers_stay_out_of_the_repr(write):
    header = read_header(write(plus(["0"], patient="MRN123 F 01-JAN-1980 Jane_Doe"), "Jane.edf"))
    assert header.patient_code == "MRN123"
    assert "MRN123" not in repr(header)
    assert "Jane" not in repr(header)
    assert read_header(write(plain(patient="Jane Doe"))).patient_code == ""
