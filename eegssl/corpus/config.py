"""The configuration of how a corpus is split."""

from typing import Literal

from pydantic import Field, model_validator

from eegssl.settings import MAY_NAME_PEOPLE, Settings


class SplitsConfig(Settings):
    """Who trains, who validates, who tests."""

    by: Literal["subject", "recording"] = "subject"
    """What stays whole. ``recording`` puts a subject on several sides: within-subject results."""
    val: float = Field(0.2, gt=0, lt=1)
    """Share of the units that validate (at least one)."""
    test: float = Field(0.2, gt=0, lt=1)
    """Share of the units that are tested (at least one)."""
    folds: int | None = Field(None, ge=3)
    """Cross-validation: the number of folds; then ``val`` and ``test`` are not used."""
    fold: int = Field(0, ge=0)
    """Which fold is tested; the next one validates."""
    file: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """The user's own table (TSV): columns ``subject`` or ``recording``, and ``split``."""

    @model_validator(mode="after")
    def _fold_exists(self) -> "SplitsConfig":
        if self.fold >= (self.folds or 1):
            raise ValueError(f"fold {self.fold} of {self.folds or 1} folds: counted from 0")
        if self.folds is None and self.val + self.test >= 1:
            raise ValueError(f"val {self.val:g} and test {self.test:g} leave nothing to train on")
        return self
