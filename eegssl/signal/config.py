"""How recordings are filtered: the settings of eegssl.signal."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from eegssl.settings import Settings

PHASE = "zero"
"""The phase of every filter here; recordings store it, since zero-phase filters see the future."""


class FilterConfig(Settings):
    """The band and rate that every recording is brought to."""

    sfreq_hz: float = Field(default=200.0, gt=0)
    """Sampling rate after cleaning, in Hz."""

    low_hz: float = Field(default=0.5, gt=0)
    """Lower edge of the pass band, in Hz."""

    high_hz: float = Field(default=70.0, gt=0)
    """Upper edge of the pass band, in Hz; lowered for recordings sampled too slowly for it."""

    notch: Literal["auto", "off", "50", "60"] = "auto"
    """Mains frequency to remove: 50 or 60 Hz, off, or auto (as known or found in the signal)."""

    @field_validator("notch", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _band_in_order(self) -> "FilterConfig":
        if not self.low_hz < self.high_hz:
            raise ValueError(
                f"low_hz must lie below high_hz, got {self.low_hz:g} and {self.high_hz:g}"
            )
        if not self.high_hz < self.sfreq_hz / 2:
            raise ValueError(
                f"high_hz must lie below half of sfreq_hz ({self.sfreq_hz / 2:g}), "
                f"got {self.high_hz:g}"
            )
        return self
