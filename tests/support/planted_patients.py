"""Synthetic cohorts with an outcome, down to what an analysis of patients takes."""

import csv
import io

import numpy as np

from eegssl.baselines.band_power import band_power_features
from eegssl.synth.anatomy import SCALP, build_head
from eegssl.synth.cohorts import draw_cohort
from eegssl.synth.config import SynthConfig
from eegssl.synth.montage import build_montage
from eegssl.synth.render import Renderer
from eegssl.tasks.patients.analysis import PatientResult, conclude, fit
from eegssl.tasks.patients.config import OutcomeConfig, PatientTaskConfig
from eegssl.tasks.patients.patient_inputs import Prepared, prepare

SFREQ_HZ, WINDOW_S = 250, 8


def measured(cohort: str, effect: float, *, n_subjects: int, seed: int) -> Prepared:
    """Band power of every 8 s window of a cohort ("asm" or "rftc"), pooled, with its outcomes."""
    config = SynthConfig(
        cohort=cohort,
        effect=effect,
        clinical_effect=0.0,
        n_subjects=n_subjects,
        duration_s=40,
        sfreqs_hz=(SFREQ_HZ,),
        seed=seed,
    )
    drawn, head, montage = draw_cohort(config), build_head(), build_montage("average", "plain")
    features, patients, sessions = [], [], []
    for plan in drawn.plans:
        windows = np.stack(
            [block[: len(SCALP)] for block in Renderer(plan, head, montage).blocks()]
        )
        features.append(band_power_features(windows, SFREQ_HZ))
        patients += [f"sub-{plan.subject.name}"] * len(windows)
        sessions += [plan.session] * len(windows)
    rows = csv.DictReader(io.StringIO(drawn.participants_tsv), delimiter="\t")
    table = {r.pop("participant_id"): {k: v for k, v in r.items() if v != "n/a"} for r in rows}
    task = PatientTaskConfig(
        name=cohort,
        design="paired" if cohort == "rftc" else "single",
        outcome=OutcomeConfig(label="outcome" if cohort == "rftc" else "responder"),
    )
    return prepare(task, table, np.concatenate(features), patients, sessions)


def analyse(patients, truth, inputs, config, *, seed: int) -> PatientResult:
    """Fit and score in one go, as a task does in two."""
    fitted = fit(patients, truth, inputs, config, seed=seed)
    return conclude(truth, fitted, config, seed=seed)
