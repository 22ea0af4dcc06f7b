"""The choices that scores depend on; an evaluation stores them beside its numbers."""

from typing import Literal

from pydantic import Field

from eegssl.settings import Settings

NanPolicy = Literal["skip", "zero"]
ThresholdCriterion = Literal["balanced_accuracy", "f1"]


class ScoringConfig(Settings):
    """How predictions become numbers."""

    calibration_bins: int = Field(default=10, ge=2, le=1000)
    """Equal-width probability bins of the expected calibration error."""

    nan_policy: NanPolicy = "skip"
    """A subject whose event score is undefined: out of the mean ('skip'), or 0 ('zero')."""

    shortest_event_recording_s: float = Field(default=600.0, ge=0.0)
    """Recordings shorter than this get no event score: one alarm in a clip is no rate per day."""
