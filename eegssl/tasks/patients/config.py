"""Configure an analysis of patients: outcomes, pooling, what is fitted.

The paper names the tasks (efficacy of medication, outcome of thermocoagulation) and leaves the
analysis open: all of it is ours.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Pooling = Literal["mean", "quantiles", "attention"]
Cost = Annotated[float, Field(gt=0.0)]


class OutcomeConfig(Settings):
    """Define a good outcome, and the columns of ``participants.tsv`` that tell it.

    A patient is good who was seizure-free for long enough, or has few enough seizures left. A
    label and numbers may both be there; where they disagree the table is refused.
    """

    label: str = "responder"
    """Column with the outcome in words."""

    good: tuple[str, ...] = ("yes", "good", "responder", "1", "true")
    """Words of that column for a good outcome, in lower case."""

    poor: tuple[str, ...] = ("no", "poor", "non-responder", "0", "false")
    """Words of that column for a poor outcome, in lower case."""

    free_months_column: str = "seizure_free_months"
    """Column with the months without a seizure at the last follow-up."""

    before_column: str = "seizures_per_month"
    """Column with the seizures per month before treatment."""

    after_column: str = "seizures_per_month_after"
    """Column with the seizures per month after treatment."""

    follow_up_column: str = "follow_up_months"
    """Column with the months from treatment to the last follow-up."""

    free_months: Annotated[float, Field(ge=0.0)] = 12.0
    """Seizure-free for so many months is a good outcome."""

    fewer: Share = 0.5
    """So large a share fewer seizures is a good outcome; 0.5 is half of them."""

    least_follow_up_months: Annotated[float, Field(ge=0.0)] = 0.0
    """Patients followed for less are left out; 12 makes "seizure-free for a year" possible."""


class PatientsConfig(Settings):
    """Configure how outcomes are predicted and tested."""

    pooling: Pooling = "mean"
    """A patient's features: the mean over windows of each; its quantiles; or a mean in which
    windows weigh by attention, learned within the fitting patients (band power keeps its mean)."""

    quantiles: Annotated[tuple[Share, ...], Field(min_length=1)] = (0.1, 0.5, 0.9)
    """The quantiles over windows, with ``pooling = "quantiles"``."""

    attention_dims: Annotated[int, Field(ge=1, le=100)] = 8
    """Principal components of the windows that attention reads."""

    attention_steps: Annotated[int, Field(ge=0, le=1000)] = 50
    """Steps of gradient descent that attention learns for; with 0 it is the mean."""

    attention_permutations: Annotated[int, Field(ge=0, le=100_000)] = 100
    """Permutations with ``pooling = "attention"``, which each of them learns anew."""

    clinical: tuple[str, ...] = ("age", "sex", "seizures_per_month")
    """Columns known before treatment; numbers, or two words. Only these may enter a model."""

    log_columns: tuple[str, ...] = ("seizures_per_month",)
    """Those of them that enter as log(1 + value)."""

    outer_folds: Annotated[int, Field(ge=2, le=100)] = 5
    """Parts that patients are dealt into; each is scored by a model fitted on the others. No more
    than the smaller class has patients."""

    inner_folds: Annotated[int, Field(ge=2, le=100)] = 3
    """Parts of the fitting patients by which the regularisation is chosen."""

    repeats: Annotated[int, Field(ge=1, le=1000)] = 10
    """Number of times that patients are dealt anew."""

    costs: Annotated[tuple[Cost, ...], Field(min_length=1)] = (0.01, 0.1, 1.0, 10.0)
    """Inverse strengths of the ridge to choose from; features are scaled so that their number
    does not matter."""

    permutations: Annotated[int, Field(ge=0, le=100_000)] = 200
    """Permutations of the outcome over patients, each through the whole procedure; 0: no p."""

    bootstrap_resamples: Annotated[int, Field(ge=100)] = 2000
    """Draws of patients for an interval."""

    calibration_bins: Annotated[int, Field(ge=2, le=20)] = 4
    """Bins of equally many predictions of the calibration error: few, as patients are."""

    @model_validator(mode="after")
    def _known(self) -> "PatientsConfig":
        unknown = sorted(set(self.log_columns) - set(self.clinical))
        if unknown:
            raise ValueError(f"log_columns {unknown} are not among the clinical columns")
        return self


class PatientTaskConfig(Settings):
    """One patient-level task: whose outcome, from which recordings, analysed how."""

    kind: Literal["patients"] = "patients"
    """Outcomes of patients, one each."""

    name: str
    """The task's name in tables and reports."""

    design: Literal["single", "paired"] = "single"
    """single: a patient's recordings are one; paired: those before and after treatment are two."""

    sessions: tuple[str, str] = Field(("before", "after"), json_schema_extra=MAY_NAME_PEOPLE)
    """The names of the sessions before and after treatment, with ``design = "paired"``."""

    session: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """With ``design = "single"``: the name of the session to take, where patients have several;
    recordings of others are set aside. Without it, several sessions of a patient are refused."""

    table: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """The table of patients (TSV, as ``participants.tsv`` of BIDS): ``participant_id``, outcome,
    clinical columns. In a task file it is seen from that file."""

    sessions_table: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """A TSV with the columns ``recording`` and ``session``; without it a recording's session is
    the ``ses-…`` of its name."""

    window_s: Annotated[float, Field(gt=0.0)] = 10.0
    """Length of the windows that are pooled to a patient."""

    most_windows: Annotated[int, Field(ge=1)] = 60
    """Windows of a recording at most, spread from its beginning to its end."""

    allow_leak: bool = False
    """Analyse also patients whose EEG the encoder has seen; every result is marked."""

    outcome: OutcomeConfig = OutcomeConfig()
    """The definition of a good outcome."""

    analysis: PatientsConfig = PatientsConfig()
    """Settings of the analysis."""

    @model_validator(mode="after")
    def _one_way_to_name_sessions(self) -> "PatientTaskConfig":
        if self.design == "paired" and self.session is not None:
            raise ValueError(
                'session means nothing with design = "paired", which needs two: name both in '
                "sessions, and leave session out"
            )
        return self

    @model_validator(mode="after")
    def _outcome_apart(self) -> "PatientTaskConfig":
        outcome = self.outcome
        known_later = {
            outcome.label,
            outcome.free_months_column,
            outcome.after_column,
            outcome.follow_up_column,
        }
        later = sorted(known_later & set(self.analysis.clinical))
        if later:
            raise ValueError(
                f"analysis.clinical holds {', '.join(later)}: what is known after treatment, or is "
                "the outcome itself, can't predict it; leave it out"
            )
        return self
