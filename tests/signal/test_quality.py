"""Flat, saturated, broken, humming and popping windows are reported; large EEG is not."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from realdata import real_data

from eegssl.signal.config import QualityConfig
from eegssl.signal.quality import FLAGS, channel_summary, examine

CONFIG = QualityConfig()
GAIN_UV = 0.2
LIMITS = (-32768, 32767)


def background_uv(seconds, sfreq_hz=256.0, seed=0, rms_uv=30.0):
    """Noise of the power law of EEG, under an anti-alias filter as amplifiers have it."""
    rng = np.random.default_rng(seed)
    noise = scipy.signal.lfilter([1], [1, -0.97], rng.standard_normal(round(seconds * sfreq_hz)))
    return rms_uv * noise / noise.std()


def flags_of(signal_uv, sfreq_hz=256.0, line_hz=60.0, gain_uv=GAIN_UV, config=CONFIG):
    digital = np.round(signal_uv / gain_uv).clip(*LIMITS).astype(np.int16)
    report = examine(digital, sfreq_hz, line_hz, config=config, gain_uv=gain_uv, limits=LIMITS)
    return report.windows


def named(flags):
    return {n: np.flatnonzero(flags & b).tolist() for n, b in FLAGS.items() if (flags & b).any()}


def examine_uv(signal_uv):
    return examine(signal_uv, 256.0, None, config=CONFIG, gain_uv=1.0)


def test_whole_channels_are_told_apart():
    rng = np.random.default_rng(0)
    eeg_uv = 50 * rng.standard_normal((6, 5000))
    eeg_uv[1] = 187_000.0
    eeg_uv[2] = np.clip(eeg_uv[2], -60, 60)
    eeg_uv[2, 1000:1500] = 60
    eeg_uv[3, 7] = np.nan
    eeg_uv[4] *= 1000
    eeg_uv[5] = np.round(eeg_uv[5] / 5) * 5
    reports = [examine_uv(row) for row in eeg_uv]
    assert [r.flat for r in reports] == [False, True, False, False, False, False]
    assert [r.non_finite for r in reports] == [False, False, False, True, False, False]
    assert 0.1 < reports[2].saturated_share < 0.2
    assert [r.saturated_share for r in reports if r is not reports[2]] == [0.0] * 5


def test_single_samples_at_the_extreme_are_not_saturation():
    assert examine_uv(np.tile([0.0, 1.0, 0.0, -1.0], 500)).saturated_share == 0


def test_a_fault_is_flagged_in_its_own_window_and_nowhere_else():
    eeg_uv = background_uv(30)
    seconds = [slice(256 * k, 256 * (k + 1)) for k in range(30)]
    time_s = np.arange(256) / 256
    eeg_uv[seconds[3]] = eeg_uv[256 * 3 - 1]
    eeg_uv[256 * 8 + 50 : 256 * 8 + 60] = 1e6
    eeg_uv[seconds[14]] += 100 * np.sin(2 * np.pi * 60 * time_s)
    eeg_uv[256 * 20 + 100 :] += 300 * np.exp(-np.arange(256 * 10 - 100) / 128)
    assert named(flags_of(eeg_uv)) == {
        "flat": [3],
        "saturated": [8],
        "line_noise": [14],
        "pop": [20],
    }


def test_what_is_not_finite_is_flagged_and_makes_no_steps():
    broken = background_uv(30) + 1000
    broken[256 * 11 : 256 * 12] = np.nan
    broken[256 * 17 + 5] = np.inf
    report = examine_uv(broken)
    assert report.non_finite
    assert not report.flat
    assert named(report.windows) == {"non_finite": [11, 17]}


def test_small_steps_of_a_quiet_channel_are_no_pops():
    quiet_uv = background_uv(30, rms_uv=0.5)
    quiet_uv[256 * 12 + 100 :] += 20
    assert named(flags_of(quiet_uv, gain_uv=0.01)) == {}


def test_the_last_partial_window_counts_as_one():
    flags = flags_of(np.concatenate([background_uv(3), np.zeros(100)]))
    assert named(flags) == {"flat": [3]}


@given(
    arrays.arrays(
        st.sampled_from([np.int16, np.int32, np.float32, np.float64]),
        st.integers(0, 700),
        elements=st.integers(-32768, 32767),
    ),
    st.sampled_from([0.5, 3.0, 64.0, 256.0, 199.7]),
    st.sampled_from([None, 50.0, 60.0]),
)
def test_any_signal_is_examined_in_all_its_windows(signal, sfreq_hz, line_hz):
    report = examine(signal, sfreq_hz, line_hz, config=CONFIG, gain_uv=-0.1, limits=LIMITS)
    assert len(report.windows) == -(-len(signal) // max(1, round(sfreq_hz)))
    assert 0 <= report.saturated_share <= 1
    assert not report.non_finite
    flat = len(signal) < 2 or np.mean(signal[1:] == signal[:-1]) >= 0.99
    assert report.flat == flat


@pytest.mark.parametrize("gain_uv", [GAIN_UV, -0.05])
def test_integers_and_microvolts_are_judged_alike(gain_uv):
    eeg_uv = background_uv(60, seed=1)
    eeg_uv[256 * 20 :] += 200 * (-1) ** np.arange(40).repeat(256)
    digital = np.round(eeg_uv / gain_uv).astype(np.int16)
    of_integers = examine(digital, 256.0, 50.0, config=CONFIG, gain_uv=gain_uv)
    wide = examine(digital.astype(np.int32), 256.0, 50.0, config=CONFIG, gain_uv=gain_uv)
    of_floats = examine(digital * gain_uv, 256.0, 50.0, config=CONFIG, gain_uv=1.0)
    assert named(of_integers.windows)["pop"] == list(range(20, 60))
    assert np.array_equal(of_integers.windows, of_floats.windows)
    assert np.array_equal(of_integers.windows, wide.windows)


def test_jumps_over_the_whole_range_of_16_bits_do_not_wrap():
    rails = np.tile(np.int16([-32768, 32767]), 512)
    report = examine(rails, 256.0, None, config=CONFIG, gain_uv=1.0, limits=LIMITS)
    assert not report.flat
    assert not report.windows.any()


@pytest.mark.parametrize("share", [0.05, 0.15, 0.35, 0.9])
@pytest.mark.parametrize("sfreq_hz", [200.0, 256.0, 500.0])
@pytest.mark.parametrize("line_hz", [50.0, 60.0])
def test_line_noise_is_flagged_by_its_share_of_power(share, sfreq_hz, line_hz):
    time_s = np.arange(round(60 * sfreq_hz)) / sfreq_hz
    noise_uv = 20 * np.random.default_rng(3).standard_normal(time_s.size)
    peak_uv = 20 * np.sqrt(2 * share / (1 - share))
    drift_uv = 300 * time_s
    hum_uv = peak_uv * np.sin(2 * np.pi * (line_hz + 0.1) * time_s + 1)
    flagged = flags_of(noise_uv + hum_uv + drift_uv, sfreq_hz, line_hz, 2.0) & 8 > 0
    assert flagged.mean() == pytest.approx(float(share > CONFIG.line_share), abs=0.1)
    elsewhere = flags_of(noise_uv + hum_uv + drift_uv, sfreq_hz, 110.0 - line_hz, 2.0)
    assert not (elsewhere & 8).any()


def test_a_short_rest_is_not_judged_by_its_hum():
    for rest in range(1, 128, 3):
        found = flags_of(np.random.default_rng(7).standard_normal(512 + rest) * 20)
        assert named(found) == {}


def test_clipping_is_saturation_and_a_smooth_peak_is_not():
    time_s = np.arange(20 * 256) / 256
    slow_uv = 100 * np.sin(2 * np.pi * 0.25 * time_s)
    assert not named(flags_of(slow_uv, gain_uv=0.05)).get("saturated")
    once_uv = background_uv(20)
    once_uv[1000:1005] = once_uv.max() + 5
    assert named(flags_of(once_uv)) == {}
    once_uv[1000:1040] = once_uv.max()
    assert named(flags_of(once_uv))["saturated"] == [3, 4]
    clipped = np.clip(slow_uv + background_uv(20), -100, 80)
    found = named(flags_of(clipped))["saturated"]
    assert len(found) >= 4
    limited = (clipped > 79.9) | (clipped < -99.9)
    assert set(found) <= set((np.flatnonzero(limited) // 256).tolist())


SPIKE_MS = [20, 35, 70, 200]


@pytest.mark.parametrize("sfreq_hz", [200.0, 256.0, 512.0, 1000.0])
@pytest.mark.parametrize("spike_ms", SPIKE_MS)
@pytest.mark.parametrize("peak_uv", [200.0, 1000.0])
def test_spikes_have_no_flag(sfreq_hz, spike_ms, peak_uv):
    eeg_uv = background_uv(60, sfreq_hz, seed=4)
    half_s = spike_ms / 2e3
    at_s = np.arange(eeg_uv.size) / sfreq_hz
    for onset_s in np.arange(1.03, 59, 1.37):
        rise = 1 - np.abs(at_s - onset_s) / half_s
        after = np.clip(1 - np.abs(at_s - onset_s - 0.15) / 0.15, 0, None)
        eeg_uv += peak_uv * (np.clip(rise, 0, None) - 0.3 * after)
    assert named(flags_of(eeg_uv, sfreq_hz)) == {}


@pytest.mark.parametrize("frequency_hz", [1.0, 3.0, 12.0, 25.0])
@pytest.mark.parametrize("shape", ["sine", "sawtooth", "spike and wave"])
def test_rhythmic_seizures_of_a_millivolt_have_no_flag(frequency_hz, shape):
    phase = 2 * np.pi * frequency_hz * np.arange(60 * 256) / 256
    waves = {
        "sine": np.sin(phase),
        "sawtooth": scipy.signal.sawtooth(phase, 0.3),
        "spike and wave": np.sin(phase) ** 15 + 0.5 * np.cos(phase),
    }
    seizure_uv = 1000 * waves[shape] + background_uv(60, seed=5)
    assert named(flags_of(seizure_uv)) == {}


def test_muscle_over_a_seizure_has_no_flag():
    muscle = scipy.signal.sosfilt(
        scipy.signal.butter(4, [30, 100], "bandpass", fs=256, output="sos"),
        np.random.default_rng(6).standard_normal(60 * 256),
    )
    bursts = np.clip(np.sin(2 * np.pi * 2 * np.arange(60 * 256) / 256), 0, None)
    eeg_uv = background_uv(60) + 400 * bursts * muscle / muscle.std()
    assert named(flags_of(eeg_uv)) == {}


@pytest.mark.parametrize("sfreq_hz", [200.0, 256.0, 512.0, 1000.0])
@pytest.mark.parametrize("step_uv", [-400.0, 250.0])
def test_a_pop_is_found_wherever_it_lies(sfreq_hz, step_uv):
    for offset_s in np.arange(0.02, 1, 0.07):
        raw_uv = background_uv(30, sfreq_hz, rms_uv=15.0)
        at = round((12 + offset_s) * sfreq_hz)
        decay = np.exp(-np.arange(raw_uv.size - at) / (0.4 * sfreq_hz))
        pop_uv = np.concatenate([np.zeros(at), step_uv * decay])
        smooth = scipy.signal.butter(2, 0.35 * sfreq_hz, fs=sfreq_hz, output="sos")
        found = named(flags_of(raw_uv + scipy.signal.sosfilt(smooth, pop_uv), sfreq_hz))
        assert found == {"pop": [12]}


def test_the_summary_gives_the_share_of_windows_by_flag():
    flags = np.array([[0, 1, 1 | 16, 0], [8, 8, 8, 8]], dtype=np.uint8)
    assert channel_summary(flags) == {
        "flat": [0.5, 0.0],
        "saturated": [0.0, 0.0],
        "non_finite": [0.0, 0.0],
        "line_noise": [0.0, 1.0],
        "pop": [0.25, 0.0],
    }


@pytest.mark.real
def test_real_seizures_have_no_flag_but_for_one_real_pop():
    from eegssl.io.edf.header import read_header
    from eegssl.io.edf.samples import microvolt_scale, read_digital

    clips = sorted(real_data("chbmit_clips", "derived_edf").glob("*.edf"))
    assert len(clips) == 16
    found, n_windows = {}, 0
    for clip in clips:
        header = read_header(clip)
        for index in header.ordinary_signals:
            flags = examine(
                read_digital(header, index),
                header.sfreq_hz(index),
                60.0,
                config=CONFIG,
                gain_uv=microvolt_scale(header, index)[0],
                limits=(header.digital_min[index], header.digital_max[index]),
            ).windows
            n_windows += len(flags)
            if flags.any():
                found[clip.stem, header.labels[index]] = named(flags)
    assert n_windows > 7000
    # 19 s in, a vertical rise to 500 µV that decays over 0.3 s, on Cz-Pz alone
    assert found == {("chb01_16_m10_to_end", "CZ-PZ"): {"pop": [19]}}
