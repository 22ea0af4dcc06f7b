"""Factors on seizures change what they name, and nothing else of a recording's plan."""

from dataclasses import replace

from eegssl.synth.config import SynthConfig
from eegssl.synth.schedule import plan_recording
from eegssl.synth.subject import draw_subjects


def plans(**settings):
    config = SynthConfig(n_subjects=6, duration_s=1200, **settings)
    return [plan_recording(config, subject, 0) for subject in draw_subjects(config)]


def test_amplitude_scales_seizures_and_leaves_the_rest():
    for plain, weak in zip(plans(), plans(seizure_amplitude=0.5), strict=True):
        assert (weak.spike_uv == plain.spike_uv).all()
        assert weak.disturbances == plain.disturbances
        for one, other in zip(plain.seizures, weak.seizures, strict=True):
            assert abs(other.amplitude_uv - one.amplitude_uv / 2) <= 0.1
            assert replace(other, amplitude_uv=one.amplitude_uv) == one


def test_length_scales_seizures():
    pairs = list(zip(plans(), plans(seizure_length=0.5), strict=True))
    assert any(plain.seizures for plain, _ in pairs)
    for plain, short in pairs:
        for one, other in zip(plain.seizures, short.seizures, strict=True):
            assert abs(other.duration_s - one.duration_s / 2) <= 0.02
