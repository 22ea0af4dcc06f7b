"""Configure scores; an evaluation stores these choices beside its numbers."""

from typing import Literal

from pydantic import Field, field_validator

from eegssl.config.settings import Settings

NanPolicy = Literal["skip", "zero"]
ThresholdCriterion = Literal["balanced_accuracy", "f1"]
PostprocessCriterion = Literal["event_and_sample_f1", "event_f1", "pooled_event_f1"]


class ScoringConfig(Settings):
    """Choices by which predictions become scores."""

    calibration_bins: int = Field(default=10, ge=2, le=1000)
    """Equal-width probability bins of the expected calibration error."""

    nan_policy: NanPolicy = "skip"
    """A subject whose event score is undefined: out of the mean ('skip'), or 0 ('zero')."""

    shortest_event_recording_s: float = Field(default=600.0, ge=0.0)
    """Recordings shorter than this get no event score: one alarm in a clip is no rate per day."""

    bootstrap_resamples: int = Field(default=2000, ge=100)
    """Draws of patients for an interval."""


class PostprocessConfig(Settings):
    """Ways from probabilities to detections that are tried on the validation subjects."""

    criterion: PostprocessCriterion = "event_and_sample_f1"
    """The best one maximises this: the mean of SzCORE's event F1 and sample F1 (of seconds), each a
    mean over subjects; or event F1 alone, as the mean over subjects or pooled."""

    n_thresholds: int = Field(default=40, ge=2, le=1000)
    """Thresholds that are tried, closer together where fewer windows lie above them."""

    smooth_windows: tuple[int, ...] = (1, 3, 5, 9)
    """Windows in the moving mean of the probability, odd numbers; 1 is no smoothing."""

    merge_gap_s: tuple[float, ...] = (0.0, 30.0)
    """Detections closer than this are joined, before short ones are dropped."""

    min_duration_s: tuple[float, ...] = (0.0, 10.0, 20.0)
    """Detections shorter than this are dropped."""

    @field_validator("smooth_windows")
    @classmethod
    def _odd(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if not value or any(n < 1 or n % 2 == 0 for n in value):
            raise ValueError(f"got {value}; expected odd numbers of windows, at least one")
        return value

    @field_validator("merge_gap_s", "min_duration_s")
    @classmethod
    def _not_negative(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if not value or any(seconds < 0 for seconds in value):
            raise ValueError(f"got {value}; expected seconds of 0 or more, at least one")
        return value
