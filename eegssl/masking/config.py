"""What a mask over (channel, patch) looks like."""

from typing import Literal

from pydantic import Field

from eegssl.settings import Settings


class MaskingConfig(Settings):
    """How patches are hidden from the encoder during pretraining."""

    kind: Literal["region", "random"] = "region"
    """`region`: whole brain regions at once (EpilepsyFM); `random`: patches one by one (LaBraM)."""

    ratio: float = Field(0.5, gt=0, lt=1)
    """Share of all patches that is hidden."""
