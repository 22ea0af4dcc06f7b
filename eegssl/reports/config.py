"""Configure pages."""

from pydantic import Field

from eegssl.config.settings import Settings


class AtlasConfig(Settings):
    """The page of a codebook."""

    codes: int = Field(12, ge=0, le=200)
    """Codes drawn: so many of the most ictal and so many of the most frequent; 0 makes no page."""
