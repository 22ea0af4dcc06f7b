"""Configure how files are read: labels, subjects and units."""

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

EventSource = Literal[
    "sheet",
    "tsv",
    "tuh",
    "seizures",
    "summary",
    "siena",
    "helsinki",
    "seizeit1",
    "hypnogram",
    "edf",
]
SOURCES: tuple[EventSource, ...] = get_args(EventSource)
"""Kinds of label files in our order of trust: made for machines first, remarks last."""
ROLES = ("onset", "end", "duration", "label", "file", "channels", "date")
"""What a column of a label sheet may be."""
TimeUnit = Literal["auto", "s", "ms", "min", "h", "clock", "elapsed", "m:s"]
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

    columns: dict[str, str] = Field(default_factory=dict, json_schema_extra=MAY_NAME_PEOPLE)
    """Columns of a label sheet as you have it, ``{ onset = "Beginn", end = "Ende", label = "Typ",
    file = "Datei" }``: ``onset``, ``end`` or ``duration``; ``label``, ``file`` (of a sheet for
    many), ``channels``, and ``date`` where it stands apart. Sheets are CSV, TSV or text, called as
    the recording is, or one for all (``sheet``)."""

    sheet: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """Path of a label sheet for many recordings, from here or below the folder."""

    time_unit: TimeUnit = "auto"
    """Times in a sheet: a unit of numbers, ``clock`` (time of day), ``elapsed`` (h:mm:ss since the
    start) or ``m:s``. ``auto``: as the column's name says (``onset_ms``), else seconds; of h:mm:ss
    what alone lies inside the recording."""

    date_order: Literal["auto", "dmy", "mdy"] = "auto"
    """Dates in a sheet such as 3/4/2020: day or month first. ``auto``: as other rows show."""

    decimal: Literal["auto", ".", ","] = "auto"
    """Decimal mark of a sheet. ``auto``: as its numbers show."""

    every_row: str | None = None
    """Type of every row of a sheet without a column of labels (``sz``)."""

    words: dict[str, str] = Field(default_factory=dict, json_schema_extra=MAY_NAME_PEOPLE)
    """Words of your labels and annotations -> the type that they mean, or ``seizure start`` and
    ``seizure end`` (``{ "Anfall" = "sz", "Schlaf" = "sleep_n2" }``)."""

    @property
    def own_columns(self) -> dict[str, str]:
        """Columns of sheets beside single recordings; none where one sheet is for all."""
        return {} if self.sheet else self.columns

    @model_validator(mode="after")
    def _sheet(self) -> "EventSettings":
        named = self.columns
        if unknown := sorted(set(named) - set(ROLES)):
            raise ValueError(f"columns has no {', '.join(unknown)}: expected {', '.join(ROLES)}")
        apart = {"sheet": self.sheet, "every_row": self.every_row}
        ways = {"time_unit": self.time_unit, "date_order": self.date_order, "decimal": self.decimal}
        set_ = [*(k for k, v in apart.items() if v), *(k for k, v in ways.items() if v != "auto")]
        if set_ and not named:
            raise ValueError(
                f"{', '.join(set_)} is about a label sheet: name its columns too, columns = "
                '{ onset = "COLUMN", end = "COLUMN", label = "COLUMN" }'
            )
        if named and not ("onset" in named and {"end", "duration"} & set(named)):
            raise ValueError("columns needs onset, and end or duration")
        if named and "label" not in named and self.every_row is None:
            raise ValueError(
                'columns names no label: add it, or say what every row is, every_row = "sz"'
            )
        if len(set(named.values())) < len(named):
            raise ValueError("columns gives one column two meanings")
        if named and "sheet" not in self.sources:
            raise ValueError('columns is set, and sources leaves "sheet" out: add it to sources')
        return self


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
