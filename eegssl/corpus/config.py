"""Configure the limits, quality pages, splits and sampling of a corpus."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from eegssl.config.settings import MAY_NAME_PEOPLE, Settings

Split = Literal["train", "val", "test"]


class Limits(Settings):
    """The time and memory that one file may take before it is refused."""

    time_s: float = Field(1800.0, gt=0)
    """Seconds that the work on one file may take; beyond them it is refused (``timed-out``)."""
    memory_mb: int = Field(8192, ge=256)
    """MiB that the work on one file may allocate; beyond them it is refused (``out-of-memory``).
    Enforced on Linux."""


class LookConfig(Settings):
    """The pages that show what cleaning did."""

    recordings: int = Field(8, ge=0)
    """Number of recordings that are drawn, spread over the corpus; 0 for no pages."""
    window_s: float = Field(10.0, gt=0)
    """Seconds of traces on a page: around the first seizure, else in the middle."""


class SplitsConfig(Settings):
    """The subjects of training, validation and test."""

    by: Literal["subject", "recording"] = "subject"
    """What stays whole. ``recording`` puts a subject on several sides: within-subject results."""
    assign: Literal["stratified", "hash"] = "stratified"
    """``stratified`` meets the shares, with seizures in each split, and may move subjects when
    others arrive. ``hash`` puts each by id and seed alone: nobody moves, and the shares are met on
    average."""
    val: float = Field(0.2, gt=0, lt=1)
    """Share of the units that validate (at least one, but for ``hash``)."""
    test: float = Field(0.2, gt=0, lt=1)
    """Share of the units that are tested (at least one, but for ``hash``)."""
    folds: int | None = Field(None, ge=3)
    """Cross-validation: the number of folds; then ``val`` and ``test`` are not used."""
    fold: int = Field(0, ge=0)
    """The fold that is tested; the next one validates."""
    folders: dict[str, Split] = Field(default_factory=dict)
    """Folder name in a recording's path -> its split, as official splits are shipped
    (``{ train = "train", eval = "test" }``). A split that no folder is for is drawn from train."""
    file: str | None = Field(None, json_schema_extra=MAY_NAME_PEOPLE)
    """The user's own table (TSV): columns ``subject`` or ``recording``, and ``split``."""
    all: Split | None = None
    """The one split that all recordings are in: ``test`` where a model is to score them and nothing
    is to learn from them. None: as above; one file alone, which can't be split, is in ``test``."""

    @property
    def is_dealt(self) -> bool:
        """Whether units are dealt out, so that others who arrive may move them."""
        return self.assign == "stratified" and self.file is None and self.all is None

    @model_validator(mode="after")
    def _fold_exists(self) -> "SplitsConfig":
        if self.fold >= (self.folds or 1):
            raise ValueError(
                f"got fold {self.fold} of {self.folds or 1}; expected less: folds count from 0"
            )
        if self.folds is None and self.val + self.test >= 1:
            raise ValueError(
                f"got val {self.val:g} and test {self.test:g}; expected a sum below 1, to train on "
                "the rest"
            )
        ways = (self.folds is not None, bool(self.folders), self.file is not None, self.all)
        if sum(map(bool, ways)) > 1:
            raise ValueError("folds, folders, file and all exclude each other: give one of them")
        if self.assign == "hash" and (self.file is not None or self.all):
            raise ValueError(
                "got assign hash, and file or all, which say the split of every subject: leave "
                "one of them out"
            )
        return self


class SamplingConfig(Settings):
    """The windows that a training step sees."""

    grain: int = Field(32, ge=1)
    """Windows of one corpus and one number of channels that pass through the model together; a
    step's batch is whole grains, the last one of what is left of ``training.batch_size``."""
    order: Literal["random", "epoch"] = "random"
    """``random`` draws each batch anew; ``epoch`` takes every window once, then all of them again
    in another order."""
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(default_factory=dict)
    """Corpus (``corpus`` of `preprocess`, else its folder's name) -> its share of the batches, as
    ``{ tuh = 2, chbmit = 1 }``, of all corpora; by default each comes as often as its hours."""
    temperature: float = Field(1.0, ge=0, le=1)
    """Corpora come in shares of hours ** temperature: with 1 as they are, with 0 all alike."""
    ictal_share: float | None = Field(None, gt=0, lt=1)
    """Share of training windows that overlap a seizure; unset, they come as often as they are."""
    subjects_fraction: float = Field(1.0, gt=0, le=1)
    """Share of the training subjects that is trained on, drawn by seed (at least one); a smaller
    share is a part of every larger one."""

    @model_validator(mode="after")
    def _one_way(self) -> "SamplingConfig":
        mixed = [name for name in ("ictal_share", "weights") if getattr(self, name)]
        mixed += ["temperature"] if self.temperature != 1 else []
        if self.order == "epoch" and mixed:
            raise ValueError(
                f"order epoch takes every window once, so {' and '.join(mixed)} can't be met: "
                "leave them unset, or set order random"
            )
        if "weights" in mixed and "temperature" in mixed:
            raise ValueError("weights and temperature exclude each other: give one of them")
        return self
