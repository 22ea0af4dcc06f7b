"""The synthetic background has the spectrum, the topography and the reactivity of an EEG."""

import numpy as np
import pytest
from scipy.signal import sosfilt, welch

from eegssl.synth.anatomy import SCALP, build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import BLOCK_S, Renderer
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects
from eegssl.synth.waves.background import pink_filter


@pytest.fixture(scope="module")
def head():
    return build_head()


def calm(head, index=0, **options):
    """A subject without seizures and artifacts: plan and signal against the average."""
    settings = {"duration_s": 600, "control_fraction": 1.0, "artifact_load": 0.0} | options
    config = SynthConfig(**settings, sfreqs_hz=(256,), seed=5)
    plan = plan_recording(config, draw_subjects(config)[index], 0)
    montage = build_montage("average", "plain")
    signal_uv = np.concatenate(list(Renderer(plan, head, montage).blocks()), axis=1)
    return plan, signal_uv[: len(SCALP)]


@pytest.mark.parametrize("slope", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("sfreq_hz", [250, 512])
def test_power_falls_with_the_stated_slope(slope, sfreq_hz):
    white = np.random.default_rng(0).standard_normal(600 * sfreq_hz)
    pink = sosfilt(pink_filter(slope, sfreq_hz), white)
    hz, power = welch(pink, sfreq_hz, nperseg=4 * sfreq_hz)
    used = (hz >= 1) & (hz <= 40)
    fit = np.polyfit(np.log(hz[used]), np.log(power[used]), 1)
    assert -fit[0] == pytest.approx(slope, abs=0.12)
    assert pink.std() == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("index", [0, 3])
def test_alpha_is_posterior_has_the_subjects_peak_and_goes_when_the_eyes_open(head, index):
    plan, signal_uv = calm(head, index)
    hz, power = [], {}
    time_s = np.arange(0, 600, 2.0)
    states = plan.states
    closed = np.interp(time_s + 1, states.time_s, states.closed)
    awake = np.interp(time_s + 1, states.time_s, states.drowsy) < 0.1
    windows = signal_uv.reshape(len(SCALP), -1, 512)
    for name, used in (("closed", (closed > 0.99) & awake), ("open", closed < 0.01)):
        hz, spectra = welch(windows[:, used], 256, nperseg=512)
        power[name] = spectra.mean(axis=1)
    band = (hz >= 7.5) & (hz <= 12.5)
    flank = (hz >= 15) & (hz <= 25)
    contrast = power["closed"][:, band].mean(axis=1) / power["closed"][:, flank].mean(axis=1)
    assert {SCALP[i] for i in np.argsort(contrast)[-2:]} <= {"O1", "O2", "P7", "P8", "P3", "P4"}
    occipital = [SCALP.index("O1"), SCALP.index("O2")]
    whitened = power["closed"][occipital].mean(axis=0) * np.maximum(hz, 1)
    assert hz[band][whitened[band].argmax()] == pytest.approx(plan.subject.alpha_hz, abs=0.6)
    shut, wide = (power[k][occipital][:, band].mean() for k in ("closed", "open"))
    assert shut > 3 * wide


def test_subjects_differ_in_every_trait():
    subjects = draw_subjects(SynthConfig())
    for trait in ("alpha_hz", "background_slope", "background_uv", "skull_gain", "seizure_uv"):
        assert len({getattr(s, trait) for s in subjects}) == len(subjects)
    assert {s.sfreq_hz for s in subjects} == {250, 256, 500, 512}
    assert {s.line_hz for s in subjects} == {50, 60}
    assert {s.reference for s in subjects} == {"linked-ears", "average", "cz", "banana"}
    assert all(8 <= s.alpha_hz <= 12 for s in subjects)


def test_blocks_join_without_a_seam(head):
    _, signal_uv = calm(head, duration_s=400)
    steps = np.abs(np.diff(signal_uv, axis=1))
    seams = np.arange(1, 400 // BLOCK_S) * BLOCK_S * 256 - 1
    assert steps[:, seams].mean() == pytest.approx(steps.mean(), rel=0.15)


@pytest.mark.parametrize("line_hz", [50, 60])
def test_mains_stand_at_the_stated_frequency_alone(head, line_hz):
    _, signal_uv = calm(head, line_freqs_hz=(line_hz,))
    hz, power = welch(signal_uv, 256, nperseg=1024)

    def rise(at_hz):
        near = (np.abs(hz - at_hz) > 1) & (np.abs(hz - at_hz) < 4)
        return (power[:, np.abs(hz - at_hz) < 0.3].max(axis=1) / power[:, near].mean(axis=1)).max()

    assert rise(line_hz) > 20
    assert rise(110 - line_hz) < 2
