"""Configure how patches are masked."""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from eegssl.config.settings import Settings
from eegssl.config.toml_file import read_toml
from eegssl.errors import ConfigError

Kind = Literal["region", "region-time", "block", "random", "entropy", "mixed"]
MIXED: tuple[Kind, ...] = ("region", "random", "block")
"""The kinds that `mixed` draws from."""


class MaskingConfig(Settings):
    """The way in which patches are hidden from the encoder during pretraining."""

    kind: Kind = "region"
    """`region`: whole brain regions over the whole window (EpilepsyFM); `region-time`: regions over
    spans; `block`: discs on the head over spans; `random`: patches one by one (LaBraM); `entropy`:
    patches one by one, irregular ones likelier (M4CEA); `mixed`: each window draws one of `region`,
    `random` and `block` (ours)."""

    ratio: float = Field(0.5, gt=0, lt=1)
    """Share of all patches that is hidden."""

    exact: bool = False
    """Meet the ratio to the patch: the last region or block drawn is cut. Otherwise it is hidden
    whole or not at all, whichever comes nearer to the ratio."""

    regions: str | dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = "eight"
    """`eight`, `lobes`, `hemispheres`, or your own: a table region = [electrodes], or the path of a
    TOML file with such a table `[regions]`, which is read at once."""

    radius_cm: float = Field(7.0, gt=0)
    """Of a block: how far it reaches around its centre, along a head of 9.5 cm radius."""

    span_s: float = Field(3.0, gt=0)
    """Length of a block, and of a region in `region-time`; rounded to whole patches."""

    @field_validator("regions", mode="before")
    @classmethod
    def _read_own_file(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if not value.endswith(".toml"):
            if value not in _presets():
                raise ValueError(
                    f"got {value!r}; expected one of {', '.join(_presets())}, or a .toml file"
                )
            return value
        try:
            table = read_toml(Path(value)).get("regions")
        except ConfigError as error:
            raise ValueError(f"can't read the regions file: {error}") from None
        if not isinstance(table, dict):
            raise ValueError("expected a table [regions] of region = [electrodes] in the file")
        return table


def _presets() -> list[str]:
    folder = files("eegssl.config.presets") / "regions"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir())
