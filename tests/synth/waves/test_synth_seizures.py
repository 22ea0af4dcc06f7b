"""Synthetic seizures begin, evolve and spread as their ground truth says."""

import numpy as np
import pytest
from scipy.signal import spectrogram, welch

from eegssl.signal.channels.regions import region_set
from eegssl.synth.anatomy import REGION_ELECTRODES, SCALP, build_head
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import Renderer
from eegssl.synth.schedule import SEIZURE_GAP_S, plan_recording
from eegssl.synth.subject import SYNDROMES, draw_subjects

SFREQ_HZ = 256
CONFIG = SynthConfig(
    n_subjects=24, control_fraction=0.0, artifact_load=0.0, sfreqs_hz=(SFREQ_HZ,), seed=2
)
MOST = [2, pytest.param(None, marks=pytest.mark.slow)]
"""So many recordings of a syndrome are looked at: two, or all."""
FOCAL = [name for name, focus in SYNDROMES.items() if focus != "generalised"]


@pytest.fixture(scope="module")
def head():
    return build_head()


def plans_of(syndrome):
    return [plan_recording(CONFIG, s, 0) for s in draw_subjects(CONFIG) if s.syndrome == syndrome]


def strongest(plan, pattern):
    found = [s for s in plan.seizures if s.pattern == pattern]
    return max(found, key=lambda s: s.amplitude_uv) if found else None


def signal_of(head, plan):
    montage = build_montage("average", "plain")
    return np.concatenate(list(Renderer(plan, head, montage).blocks()), axis=1)[: len(SCALP)]


def piece(signal_uv, start_s, stop_s):
    return signal_uv[:, round(start_s * SFREQ_HZ) : round(stop_s * SFREQ_HZ)]


def rise_by_region(signal_uv, seizure, start_s, stop_s):
    """Power of 2 to 14 Hz relative to that before the seizure, by region."""
    spectra = []
    for begin_s, end_s in ((seizure.onset_s - 60, seizure.onset_s - 5), (start_s, stop_s)):
        hz, power = welch(piece(signal_uv, begin_s, end_s), SFREQ_HZ, nperseg=2 * SFREQ_HZ)
        spectra.append(power[:, (hz >= 2) & (hz <= 14)].mean(axis=1))
    gain = spectra[1] / spectra[0]
    return {
        region: np.mean([gain[SCALP.index(n)] for n in names])
        for region, names in REGION_ELECTRODES.items()
    }


def test_the_regions_are_those_of_the_masks():
    eight = region_set()
    assert {r: set(e) for r, e in REGION_ELECTRODES.items()} == {
        r: set(e) for r, e in zip(eight.names, eight.members, strict=True)
    }


@pytest.mark.parametrize("most", MOST)
@pytest.mark.parametrize("syndrome", FOCAL)
def test_a_focal_seizure_begins_in_its_region(head, syndrome, most):
    checked = 0
    for plan in [p for p in plans_of(syndrome) if strongest(p, "focal")][:most]:
        seizure = strongest(plan, "focal")
        first_s, next_s = seizure.onset_s + 1, seizure.onset_s + seizure.spread[1].delay_s
        rises = rise_by_region(signal_of(head, plan), seizure, first_s, next_s + 1)
        assert max(rises, key=rises.get) == SYNDROMES[syndrome] == seizure.spread[0].region
        checked += 1
    assert checked >= 2


@pytest.mark.parametrize("syndrome", FOCAL)
def test_a_seizure_spreads_to_its_regions_in_order(head, syndrome):
    for plan in plans_of(syndrome)[:2]:
        renderer = Renderer(plan, head, build_montage("average", "plain"))
        for index, seizure in enumerate(plan.seizures):
            (wave, *_) = renderer._render("seizure", index)
            starts = []
            for joined in seizure.spread:
                row = SCALP.index(REGION_ELECTRODES[joined.region][0])
                starts.append(np.flatnonzero(wave.wave[row])[0] / SFREQ_HZ)
            delays = [r.delay_s for r in seizure.spread]
            np.testing.assert_allclose(starts, delays, atol=2 / SFREQ_HZ)
            assert starts == sorted(starts)
            assert delays[-1] < seizure.duration_s


@pytest.mark.parametrize("syndrome", FOCAL)
def test_a_focal_rhythm_slows_and_grows(head, syndrome):
    checked = 0
    for plan in plans_of(syndrome):
        renderer = Renderer(plan, head, build_montage("average", "plain"))
        row = SCALP.index(REGION_ELECTRODES[plan.subject.focus][0])
        for index, seizure in enumerate(plan.seizures):
            if seizure.pattern != "focal":
                continue
            (overlay,) = renderer._render("seizure", index)
            hz, _, power = spectrogram(overlay.wave[row], SFREQ_HZ, nperseg=768, noverlap=0)
            peaks_hz = hz[1:][power[1:].argmax(axis=0)]
            quarter = max(2, len(peaks_hz) // 4)
            assert np.median(peaks_hz[:quarter]) > 1.3 * np.median(peaks_hz[-quarter:])
            assert power[:, -quarter:].sum() > 2 * power[:, :quarter].sum()
            checked += 1
    assert checked >= 3


@pytest.mark.parametrize("most", MOST)
def test_absences_are_spike_and_wave_of_3_hz_with_frontal_maximum(head, most):
    for plan in plans_of("absence")[:most]:
        seizure = strongest(plan, "absence")
        wave = piece(signal_of(head, plan), seizure.onset_s + 1, seizure.end_s - 1)
        hz, power = welch(wave, SFREQ_HZ, nperseg=4 * SFREQ_HZ)
        frontal = power[[SCALP.index(n) for n in ("Fz", "F3", "F4")]].mean(axis=0)
        peak_hz = hz[1:][frontal[1:].argmax()]
        assert 2.5 <= peak_hz <= 3.6
        # A spike in each cycle shows as harmonics, which a sine has not.
        harmonic = frontal[np.abs(hz - 3 * peak_hz) < 1].max()
        assert harmonic > 0.02 * frontal.max()
        largest = power[:, (hz > 2) & (hz < 4)].sum(axis=1)
        assert SCALP[largest.argmax()] in ("Fz", "F3", "F4", "Fp1", "Fp2")


@pytest.mark.parametrize("most", MOST)
def test_tonic_clonic_seizures_slow_down_bring_muscle_and_end_in_silence(head, most):
    for plan in plans_of("tonic-clonic")[:most]:
        seizure = strongest(plan, "tonic-clonic")
        signal_uv = signal_of(head, plan)
        step_s = seizure.duration_s / 10

        def power_of(band_hz, start_s, stop_s, signal_uv=signal_uv):
            hz, power = welch(piece(signal_uv, start_s, stop_s), SFREQ_HZ, nperseg=2 * SFREQ_HZ)
            return np.median(power[:, (hz > band_hz[0]) & (hz < band_hz[1])].mean(axis=1))

        tonic = (seizure.onset_s + step_s, seizure.onset_s + 2 * step_s)
        clonic = (seizure.end_s - 2 * step_s, seizure.end_s)
        before = (seizure.onset_s - 40, seizure.onset_s - 5)
        after = (seizure.end_s + 4, seizure.end_s + 18)
        muscle, fast, slow = (70, 110), (7, 15), (0.9, 5)
        assert power_of(muscle, *tonic) > 5 * power_of(muscle, *before)
        speed = [power_of(fast, *part) / power_of(slow, *part) for part in (tonic, clonic)]
        assert speed[0] > 3 * speed[1]
        assert power_of(fast, *after) < 0.3 * power_of(fast, *before)


def test_seizures_keep_their_distance_and_their_recording():
    config = SynthConfig(n_subjects=60, seizures_per_recording=6, seed=9)
    for subject in draw_subjects(config):
        plan = plan_recording(config, subject, 0)
        assert bool(plan.seizures) == subject.has_epilepsy
        ends = [0.0, *(s.end_s for s in plan.seizures)]
        onsets = [*(s.onset_s for s in plan.seizures), float(config.duration_s)]
        for end_s, onset_s in zip(ends, onsets, strict=True):
            assert onset_s - end_s >= min(SEIZURE_GAP_S, 0.1 * config.duration_s) - 0.02


@pytest.mark.slow
def test_the_mean_number_of_seizures_is_the_one_asked_for():
    config = SynthConfig(n_subjects=300, duration_s=7200, seizures_per_recording=4, seed=1)
    plans = [plan_recording(config, s, 0) for s in draw_subjects(config) if s.has_epilepsy]
    assert np.mean([len(p.seizures) for p in plans]) == pytest.approx(4, abs=0.35)


def test_spikes_peak_negative_at_their_stated_times(head):
    plan = max((p for name in FOCAL for p in plans_of(name)), key=lambda p: len(p.spike_s))
    row = SCALP.index(REGION_ELECTRODES[plan.subject.focus][0])
    wave = signal_of(head, plan)[row]
    samples = np.round(plan.spike_s * SFREQ_HZ).astype(int)
    mean = np.mean([wave[i - 64 : i + 128] - wave[i - 64 : i + 128].mean() for i in samples], 0)
    assert abs(int(mean.argmin()) - 64) <= 2
    assert -mean.min() > 0.4 * plan.spike_uv.mean() * plan.subject.skull_gain
