"""Declare what the settings of every objective say."""

from typing import ClassVar, Literal

from pydantic import Field

from eegssl.config.settings import Settings


class ObjectiveSettings(Settings):
    """What all objectives have: a weight, and what they ask of a batch."""

    built_by: ClassVar[str]
    """``module:class`` of the `Objective`, imported when a training begins: it needs torch."""
    reads_codes: ClassVar[bool] = False
    """Whether it needs the tokens of the recordings, whatever the settings."""
    reads_masks: ClassVar[bool] = False
    """Whether patches are hidden."""
    exact_masks: ClassVar[bool] = False
    """Whether all windows must hide equally many patches (``masking.exact``)."""
    fewest_patches: ClassVar[int] = 1
    """Patches N that a window must have at least, whatever the settings."""
    compares: ClassVar[Literal["", "batch", "grain"]] = ""
    """Windows of what it tells apart, so that there must be several; empty: of nothing."""
    causal: ClassVar[bool] = False
    """Whether no patch may attend to later ones (``encoder.causal``)."""
    constant: ClassVar[str] = ""
    """The validation score that is the loss of knowing nothing, if there is one."""
    constant_words: ClassVar[str] = ""
    """What that is, for messages."""
    shown: ClassVar[tuple[str, str, str]] = ("", "", "")
    """A validation score in percent that a summary shows if there is one, its words, and the score
    of knowing nothing beside it; empty: none."""

    weight: float = Field(1.0, gt=0)
    """Factor of this objective's loss, where there are several: they are added up."""

    @property
    def needed_patches(self) -> int:
        """Patches N that a window must have at least, with these settings."""
        return self.fewest_patches

    @property
    def needs_codes(self) -> bool:
        """Whether it needs the tokens of the recordings, with these settings."""
        return self.reads_codes

    @property
    def against_collapse(self) -> str:
        """The setting that keeps embeddings apart, where they can collapse; empty: they can't."""
        return ""

    @property
    def targets_move(self) -> bool:
        """Whether targets change with the weights, so that losses of two steps differ in kind."""
        return False
