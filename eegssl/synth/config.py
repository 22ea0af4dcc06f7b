"""Configure the synthetic corpus."""

from typing import Annotated, Literal

from pydantic import Field

from eegssl.config.settings import Settings

Cohort = Literal["epilepsy", "forecast", "asm", "rftc"]
COHORT_FIELDS = {"cohort", "effect", "clinical_effect", "coherence_s"}
"""Settings that mean something in the cohorts for forecasting and outcomes only."""

Rate = Annotated[int, Field(ge=200, le=2048)]


class SynthConfig(Settings):
    """The synthetic clinical corpus: how many, how long, how ill, how disturbed."""

    cohort: Cohort = "epilepsy"
    """epilepsy: seizures of known truth. forecast: oscillators of known phase, or a random walk.
    asm: patients, some of whom respond to a medication. rftc: patients before and after a
    thermocoagulation. The last three hold no seizures, artifacts only in asm and rftc."""

    effect: Annotated[float, Field(ge=0.0, le=10.0)] = 1.5
    """asm, rftc: Cohen's d between patients of good and poor outcome, of the log amplitude of
    their temporal theta (asm) or of its change (rftc); 0 plants nothing."""

    clinical_effect: Annotated[float, Field(ge=0.0, le=10.0)] = 0.5
    """asm, rftc: Cohen's d of the log of the seizures per month before treatment; .5 is an AUROC of
    .64, as published for clinical data alone; 0 plants nothing."""

    coherence_s: Annotated[float, Field(ge=0.0, le=3600.0)] = 30.0
    """forecast: how long oscillators keep their phase: the best forecast at a horizon h explains
    exp(-h / coherence_s) of their variance; 0 makes a random walk, with nothing to foresee."""

    n_subjects: Annotated[int, Field(ge=1, le=9999)] = 12
    """Number of subjects; traits and recording set-ups are spread evenly over them."""

    recordings_per_subject: Annotated[int, Field(ge=1, le=99)] = 1
    """Number of recordings (BIDS runs) of each subject."""

    duration_s: Annotated[int, Field(ge=30, le=7 * 86400)] = 900
    """Length of each recording in whole seconds; event scores need at least 600."""

    seizures_per_recording: Annotated[float, Field(ge=1.0, le=200.0)] = 3.0
    """Mean number of seizures in a recording of a subject with epilepsy; there is at least one."""

    seizure_amplitude: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """Factor on the amplitude of seizures: below 1 they are closer to the background."""

    seizure_length: Annotated[float, Field(gt=0.0, le=10.0)] = 1.0
    """Factor on the length of seizures."""

    control_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.08
    """Share of subjects without epilepsy, whose recordings hold no seizure."""

    artifact_load: Annotated[float, Field(ge=0.0, le=10.0)] = 1.0
    """Factor on the rate of muscle, movement, pops and chewing; 0 leaves blinks and mains."""

    sfreqs_hz: Annotated[tuple[Rate, ...], Field(min_length=1)] = (250, 256, 500, 512)
    """Sampling rates, spread over the subjects."""

    line_freqs_hz: Annotated[tuple[Literal[50, 60], ...], Field(min_length=1)] = (50, 60)
    """Mains frequencies, spread over the subjects."""

    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of everything random (or ``--seed``); the same settings and seed give the same bytes."""
