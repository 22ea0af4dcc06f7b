"""Configure how test recordings are corrupted."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from eegssl.config.settings import Settings

CorruptionName = Literal[
    "white",
    "pink",
    "muscle",
    "mains",
    "pops",
    "drop-channels",
    "drop-regions",
    "reference",
    "band",
]
Severity = Annotated[int, Field(ge=1, le=5)]
Levels = Annotated[tuple[float, ...], Field(min_length=5, max_length=5)]


class CorruptionsConfig(Settings):
    """What is done to test recordings, in growing severity, before they are predicted again."""

    kinds: Literal["all"] | tuple[CorruptionName, ...] = ()
    """Corruptions by name, or ``all``; none by default. One that means nothing for any of the
    recordings is refused; with ``all`` it is left out and told."""
    severities: tuple[Severity, ...] = Field((1, 2, 3, 4, 5), min_length=1)
    """Severities, ascending; the clean recordings are 0."""
    levels: dict[CorruptionName, Levels] = Field(default_factory=dict)
    """Your own five levels of a corruption, in its unit, in place of ours."""
    seed: int = Field(0, ge=0)
    """Seed of the draws. It is not the run's, so that models of every seed meet the same EEG."""

    @field_validator("kinds", "severities")
    @classmethod
    def _each_once(cls, values: str | tuple[str | int, ...]) -> str | tuple[str | int, ...]:
        if len(set(values)) < len(values) and values != "all":
            raise ValueError(f"got {', '.join(map(str, values))}; expected each once")
        return values

    @model_validator(mode="after")
    def _read(self) -> "CorruptionsConfig":
        if list(self.severities) != sorted(self.severities):
            raise ValueError("severities: expected them in ascending order")
        changed = self.model_fields_set - {"kinds"}
        changed = {n for n in changed if getattr(self, n) != _default(type(self), n)}
        if not self.kinds and changed:
            raise ValueError(
                f"{', '.join(sorted(changed))} is set, and corruptions.kinds names none; set it "
                "too, such as --corruptions all"
            )
        unread = set(self.levels) - set(self.kinds)
        if self.kinds != "all" and unread:
            raise ValueError(
                f"levels: got {', '.join(sorted(unread))}, which corruptions.kinds does not name"
            )
        return self


def _default(config: type[Settings], name: str) -> object:
    return config.model_fields[name].get_default(call_default_factory=True)
