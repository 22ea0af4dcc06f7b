"""Configure how channels are filtered, judged and referenced."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

Cap = Literal["biosemi32", "biosemi64", "biosemi128", "biosemi256", "egi64", "egi128", "egi256"]


class FilterConfig(Settings):
    """The band and rate that every recording is brought to."""

    sfreq_hz: float = Field(default=200.0, gt=0, le=20_000)
    """Sampling rate after cleaning, in Hz."""

    low_hz: float = Field(default=0.5, gt=0)
    """Lower edge of the pass band, in Hz."""

    high_hz: float = Field(default=70.0, gt=0)
    """Upper edge of the pass band, in Hz; lowered for recordings sampled too slowly for it."""

    notch: Literal["auto", "each", "off", "50", "60"] = "auto"
    """Mains to remove: 50 or 60 Hz, off, auto (the corpus's), each (found per recording)."""

    phase: Literal["zero", "causal"] = "zero"
    """zero: no delay, but each sample sees the future; causal: delayed, and none does."""

    @field_validator("notch", mode="before")
    @classmethod
    def _as_text(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _band_in_order(self) -> "FilterConfig":
        if not self.low_hz < self.high_hz:
            raise ValueError(
                f"got low_hz {self.low_hz:g} and high_hz {self.high_hz:g}; "
                "expected low_hz below high_hz"
            )
        if not self.high_hz < self.sfreq_hz / 2:
            raise ValueError(
                f"got high_hz {self.high_hz:g}; expected less than half of sfreq_hz "
                f"({self.sfreq_hz / 2:g}): lower high_hz or raise sfreq_hz"
            )
        return self


class ChannelSettings(Settings):
    """Which label is which electrode, and which channels are used."""

    rename: dict[str, str] = Field(default_factory=dict, json_schema_extra=MAY_NAME_PEOPLE)
    """Label as it stands in the file -> electrode or derivation (``{ "EEG(sec)" = "C3-A2" }``)."""

    cap: Cap | None = None
    """A cap whose contacts have names of their own: BioSemi's of 32, 64 (A1 to B32), 128 or 256,
    EGI's nets of 64, 128 (E1 to E128) or 256. Files with less than half of its contacts, or with
    those of a larger one, are read as without it."""

    drop: tuple[str, ...] = Field((), json_schema_extra=MAY_NAME_PEOPLE)
    """Labels, or patterns of them (``X*``), of channels that are left out."""

    reference: str | None = None
    """The reference of electrodes whose label names none (``Cz``, ``A1A2``, ``AVG``)."""

    table: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """The user's own table (TSV) for many files: ``label`` and any of ``file`` (a pattern of the
    path below the folder), ``name`` (as in ``rename``, or ``drop``), ``reference``, ``unit`` and
    ``scale``. Its rows count before the settings."""

    positions: Literal["use", "ignore"] = "use"
    """Labels that name no electrode and have a position in a BIDS ``electrodes.tsv``: taken for the
    electrode nearest to it, or not."""

    bads: Literal["drop", "keep"] = "drop"
    """Channels that a BIDS ``channels.tsv`` calls bad: left out, or used."""

    least: int = Field(1, ge=1)
    """The fewest EEG channels that a file needs to be used, when bad ones are left out."""


MontageName = Literal["keep", "average", "banana", "tcp"]


class MontageConfig(Settings):
    """What every channel is measured against."""

    reference: MontageName = "keep"
    """As recorded, the common average, the double banana (18 derivations), or TUH's TCP (22).
    Recordings of derivations stay as they are."""


class QualityConfig(Settings):
    """Limits that flag a window of a raw channel; amplitude alone never decides. They are ours."""

    window_s: float = Field(1.0, gt=0)
    """Length of the windows that are judged, in seconds."""

    line_share: float = Field(0.25, gt=0, le=1)
    """Line noise: the share of a window's power that hum holds from here on."""

    pop_uv_per_ms: float = Field(10.0, gt=0)
    """Pops: the least slope of a step, in µV per ms."""

    pop_times: float = Field(20.0, gt=1)
    """Pops: how many times the channel's median step a step must be."""

    saturated_share: float = Field(0.01, gt=0, le=1)
    """Share of samples held at an extreme from which a whole channel is named as saturated."""
