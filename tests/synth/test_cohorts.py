"""Cohorts for forecasting and for outcomes hold what was planted, of the size that was asked."""

import csv
import hashlib
import io
import json

import numpy as np
import pytest
from syntheticcohort import write_corpus

from eegssl.io.tables.participants import read_participants
from eegssl.synth.anatomy import SCALP, build_head
from eegssl.synth.cohorts import draw_cohort, draw_courses
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import ProcessRenderer, Renderer
from eegssl.synth.waves.processes import NOISE_UV
from eegssl.tasks.patients.cohort.outcome import outcomes
from eegssl.tasks.patients.config import OutcomeConfig

RATE = {"sfreqs_hz": (250,)}


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def cohens_d(values, good):
    a, b = values[good], values[~good]
    return (a.mean() - b.mean()) / np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)


def forecast_plan(**settings):
    config = SynthConfig(cohort="forecast", n_subjects=1, duration_s=240, **RATE, **settings)
    return draw_cohort(config).plans[0]


def signal_of(plan):
    renderer = ProcessRenderer(plan, plan.process, build_montage("average", "plain"))
    return np.concatenate(list(renderer.blocks()), axis=1).astype(np.float64)


def theta_of(plan):
    """Log RMS from 5 to 7 Hz at T7 and T8 of a rendered recording."""
    renderer = Renderer(plan, build_head(), build_montage("average", "plain"))
    signal = np.concatenate(list(renderer.blocks()), axis=1)
    spectrum = np.abs(np.fft.rfft(signal[[SCALP.index("T7"), SCALP.index("T8")]], axis=1)) ** 2
    hz = np.fft.rfftfreq(signal.shape[1], 1 / 250)
    return float(np.log(spectrum[:, (hz >= 5) & (hz < 7)].mean()) / 2)


def test_the_default_corpus_knows_nothing_of_cohorts(tmp_path):
    write_corpus(SynthConfig(n_subjects=1, duration_s=30), tmp_path)
    description = json.loads((tmp_path / "dataset_description.json").read_text())
    config = description["GeneratedBy"][0]["Config"]
    assert not {"cohort", "effect", "clinical_effect", "coherence_s"} & set(config)
    truth = json.loads(next(tmp_path.rglob("*_truth.json")).read_text())
    assert "process" not in truth
    assert "slowing_uv" not in truth


def test_the_default_plan_of_a_subject_is_not_touched_by_the_other_settings():
    plain, other = SynthConfig(n_subjects=3), SynthConfig(n_subjects=3, effect=9.0, coherence_s=1)
    for a, b in zip(draw_cohort(plain).plans, draw_cohort(other).plans, strict=True):
        assert a.seizures == b.seizures
        assert a.subject.slowing_uv == b.subject.slowing_uv == 0


@pytest.mark.parametrize("cohort", ["forecast", "asm", "rftc"])
def test_the_same_seed_gives_the_same_bytes(tmp_path, cohort):
    config = SynthConfig(cohort=cohort, n_subjects=2, duration_s=30, seed=5)
    for name in ("a", "b"):
        assert write_corpus(config, tmp_path / name) == (4 if cohort == "rftc" else 2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert write_corpus(config, tmp_path / "a") == 0
    other = config.model_copy(update={"seed": 6})
    write_corpus(other, tmp_path / "c")
    digests = [
        {
            hashlib.sha256(v).hexdigest()
            for k, v in contents(tmp_path / f).items()
            if "_eeg.edf" in k
        }
        for f in "ac"
    ]
    assert not digests[0] & digests[1]


def test_rftc_has_sessions_before_and_after_in_bids(tmp_path):
    config = SynthConfig(cohort="rftc", n_subjects=1, duration_s=30, recordings_per_subject=2)
    write_corpus(config, tmp_path)
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*_eeg.edf"))
    assert found == [
        f"sub-01/ses-{s}/eeg/sub-01_ses-{s}_task-szMonitoring_run-{r:02d}_eeg.edf"
        for s in ("after", "before")
        for r in (0, 1)
    ]
    assert len({hashlib.sha256((tmp_path / p).read_bytes()).hexdigest() for p in found}) == 4


@pytest.mark.parametrize(("cohort", "label"), [("asm", "responder"), ("rftc", "outcome")])
def test_the_label_of_the_table_is_what_its_numbers_say(tmp_path, cohort, label):
    config = SynthConfig(cohort=cohort, n_subjects=60, duration_s=30)
    table = draw_cohort(config).participants_tsv
    (tmp_path / "participants.tsv").write_text(table)
    rows = {name: who.labels for name, who in read_participants(tmp_path).items()}
    said = outcomes(rows, OutcomeConfig(label=label))
    numbers = outcomes(rows, OutcomeConfig(label="no such column"))
    assert (said.good, said.left_out) == (numbers.good, numbers.left_out)
    assert said.left_out == {}
    good = [c.good for c in draw_courses(config)]
    assert list(said.good.values()) == good
    assert sum(good) == 30


@pytest.mark.parametrize("effect", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("cohort", ["asm", "rftc"])
def test_the_effect_between_patients_is_as_large_as_asked(cohort, effect):
    config = SynthConfig(cohort=cohort, n_subjects=4000, effect=effect, clinical_effect=0.5)
    courses = draw_courses(config)
    good = np.array([c.good for c in courses])
    markers = np.array([c.marker for c in courses])
    planted = markers[:, 0] if cohort == "asm" else markers[:, 1] - markers[:, 0]
    assert cohens_d(planted, good) == pytest.approx(-effect, abs=0.1)
    if cohort == "rftc":
        assert cohens_d(markers[:, 0], good) == pytest.approx(0, abs=0.1)
    rate = np.log([c.seizures_per_month for c in courses])
    assert cohens_d(rate, good) == pytest.approx(-0.5, abs=0.12)


def test_the_marker_shows_in_the_signal():
    config = SynthConfig(cohort="asm", n_subjects=16, duration_s=40, effect=0.0, **RATE)
    markers = [c.marker[0] for c in draw_courses(config)]
    theta = [theta_of(plan) for plan in draw_cohort(config).plans]
    assert np.corrcoef(markers, theta)[0, 1] > 0.8


def test_a_patient_differs_between_sessions_by_the_planted_change_alone():
    config = SynthConfig(cohort="rftc", n_subjects=8, duration_s=40, effect=2.0, **RATE)
    plans = draw_cohort(config).plans
    change = []
    for before, after in zip(plans[::2], plans[1::2], strict=True):
        assert (before.session, after.session) == ("before", "after")
        assert before.subject.tilts is after.subject.tilts
        assert before.subject.slowing_uv != after.subject.slowing_uv
        change.append(theta_of(after) - theta_of(before))
    planted = [c.marker[1] - c.marker[0] for c in draw_courses(config)]
    assert np.corrcoef(planted, change)[0, 1] > 0.8


def test_thermocoagulation_is_for_focal_epilepsy_and_no_cohort_holds_controls_or_seizures():
    for cohort in ("asm", "rftc"):
        config = SynthConfig(cohort=cohort, n_subjects=12, control_fraction=0.5)
        drawn = draw_cohort(config)
        rows = list(csv.DictReader(io.StringIO(drawn.participants_tsv), delimiter="\t"))
        assert {r["group"] for r in rows} == {"epilepsy"}
        assert ("generalised" in {r["focus"] for r in rows}) == (cohort == "asm")
        assert not any(p.seizures for p in drawn.plans)
        assert set(rows[0]) <= set(drawn.columns) | {"participant_id"}


def test_the_signal_is_the_oscillators_of_the_truth_and_noise_of_the_stated_size():
    plan = forecast_plan()
    signal = signal_of(plan)
    time_s = np.arange(signal.shape[1]) / 250
    for one in plan.process.oscillators:
        signal -= one.weights[:, None] * one.amplitude_uv * np.cos(one.phase(time_s))
    assert signal.std() == pytest.approx(NOISE_UV, rel=0.1)
    assert np.abs(signal.mean(axis=0)).max() < 1e-3


def test_the_truth_on_the_disk_gives_the_phase_of_the_file(tmp_path):
    config = SynthConfig(cohort="forecast", n_subjects=1, duration_s=60, **RATE)
    write_corpus(config, tmp_path)
    truth = json.loads(next(tmp_path.rglob("*_truth.json")).read_text())
    process = draw_cohort(config).plans[0].process
    time_s = np.linspace(0, 60, 999)
    for told, one in zip(truth["process"]["oscillators"], process.oscillators, strict=True):
        knots_s = told["knot_s"] * np.arange(len(told["drift_rad"]))
        phase = 2 * np.pi * told["hz"] * time_s + np.interp(time_s, knots_s, told["drift_rad"])
        np.testing.assert_allclose(phase, one.phase(time_s), atol=1e-9)
        assert told["weights"]["Cz"] == pytest.approx(one.weights[SCALP.index("Cz")])
    shares = [truth["process"]["predictable_share"][name] for name in SCALP]
    np.testing.assert_allclose(shares, process.predictable_share(), atol=1e-4)


def test_phase_keeps_its_coherence_as_promised():
    errors = {2.0: [], 10.0: []}
    for seed in range(4):
        plan = forecast_plan(coherence_s=10.0, seed=seed)
        for one in plan.process.oscillators:
            for horizon_s, found in errors.items():
                time_s = np.arange(0, 240 - horizon_s, 0.1)
                ahead = one.phase(time_s + horizon_s) - one.phase(time_s)
                found.append(ahead - 2 * np.pi * one.hz * horizon_s)
    for horizon_s, found in errors.items():
        resultant = np.abs(np.exp(1j * np.concatenate(found)).mean())
        assert resultant == pytest.approx(np.exp(-horizon_s / 20), abs=0.12)


def test_nothing_beats_the_last_value_of_a_walk():
    signal = signal_of(forecast_plan(coherence_s=0.0))
    for horizon_s in (0.5, 2.0):
        step = round(horizon_s * 250)
        persistence = np.mean((signal[:, step:] - signal[:, :-step]) ** 2)
        # The most that knowing the law of the walk could gain: (1 - r²) against 2 (1 - r).
        ratio = (1 + np.exp(-horizon_s / 60)) / 2
        assert ratio > 0.98
        assert persistence == pytest.approx(2 * 4000 * 30 * (1 - np.exp(-horizon_s / 60)), rel=0.2)
    assert np.abs(signal).max() < 3276


def test_recordings_of_a_subject_share_frequencies_and_not_phases():
    config = SynthConfig(cohort="forecast", n_subjects=2, recordings_per_subject=2, duration_s=30)
    a, b, c, _ = (p.process.oscillators[1] for p in draw_cohort(config).plans)
    assert a.hz == b.hz != c.hz
    assert not np.array_equal(a.drift_rad, b.drift_rad)
