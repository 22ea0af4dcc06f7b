"""Configure how files are read: labels, subjects and units."""

from typing import Literal, get_args

from pydantic import Field, field_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

EventSource = Literal[
    "tsv", "tuh", "seizures", "summary", "siena", "helsinki", "seizeit1", "hypnogram", "edf"
]
SOURCES: tuple[EventSource, ...] = get_args(EventSource)
"""Kinds of label files in our order of trust: made for machines first, remarks last."""
Experts = Literal["any", "majority", "all"]
SUBJECT_ALIASES = {"chb21": "chb01"}


class EventSettings(Settings):
    """The sources of a recording's labels, and the texts that count."""

    sources: tuple[EventSource, ...] = SOURCES
    """Kinds of label files in order of trust; only the first kind that a recording has says
    where its seizures are, so that no seizure is counted twice. Kinds left out are not read."""

    experts: Experts = "majority"
    """Helsinki: how many of the three experts must see a seizure."""

    markers: tuple[str, ...] = ("T0", "T1", "T2")
    """Texts kept verbatim as event types, beside the SzCORE vocabulary (here those of eegmmi)."""

    type_columns: tuple[str, ...] = ("eventType", "trial_type")
    """Columns of a TSV file that may hold the type of an event; the first one present is read."""


class SubjectSettings(Settings):
    """The way to the subject of a recording."""

    pattern: str | None = Field(default=None, json_schema_extra=MAY_NAME_PEOPLE)
    """Regular expression with one group, searched in the path below the root; the group is the
    subject. None: BIDS, known corpora, the EDF+ patient code, then the first folder."""

    unknown: Literal["refuse", "file"] = "refuse"
    """A file of which nothing says who was recorded: refused, or its own name stands for a person.
    That of one file alone always does."""

    aliases: dict[str, str] = Field(default=SUBJECT_ALIASES, json_schema_extra=MAY_NAME_PEOPLE)
    """Subjects who are the same person: CHB-MIT's chb21 is chb01, recorded 1.5 years later."""


class ReadSettings(Settings):
    """What is read into signals that say too little about themselves."""

    assumed_unit: str | None = None
    """Unit taken for EEG channels without one, or with one that nobody knows, such as ``.V``
    (``uV``, ``mV``, ``V``, ``nV``). None: such a channel is left out, since a wrong guess is wrong
    by a factor of a thousand."""

    units: dict[str, str] = Field(default_factory=dict, json_schema_extra=MAY_NAME_PEOPLE)
    """Label, or pattern of labels -> its unit, whatever the file says (``{ "Fp*" = "uV" }``)."""

    scale: dict[str, float] = Field(default_factory=dict, json_schema_extra=MAY_NAME_PEOPLE)
    """Label, or pattern of labels or of paths below the folder -> factor by which its samples are
    multiplied: ``{ "s1/*" = 0.001 }`` where µV were called mV."""

    decimal_comma: bool = False
    """Commas in a header's limits and in time stamps are decimal points. Without it those of limits
    are read so only where they can be nothing else (``-3276,8``; ``3,276`` may be thousands)."""

    @field_validator("scale")
    @classmethod
    def _factors(cls, scale: dict[str, float]) -> dict[str, float]:
        if 0 in scale.values():
            raise ValueError("got a factor of 0, expected another: to leave it out, channels.drop")
        return scale
