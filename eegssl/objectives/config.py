"""Declare the settings of pretraining's objectives, and which are minimised."""

import difflib
from typing import Literal, Self

from pydantic import Field, model_validator

from eegssl.config.objective_settings import ObjectiveSettings
from eegssl.config.settings import Settings
from eegssl.objectives.views.config import ViewsConfig


class CodesConfig(ObjectiveSettings):
    """Predict the tokens of hidden patches (EpilepsyFM, LaBraM)."""

    built_by = "eegssl.objectives.masked_codes:MaskedCodes"
    reads_codes = True
    reads_masks = True
    constant = "unigram_loss"
    constant_words = "that of the codes' frequencies in training"
    shown = ("accuracy", "hidden codes predicted", "constant_accuracy")

    symmetric: bool = False
    """Predict the visible patches from the hidden ones too, in a second pass (LaBraM)."""


class ReconstructConfig(ObjectiveSettings):
    """Predict the signal of hidden patches (REVE)."""

    built_by = "eegssl.objectives.reconstruct:Reconstruct"
    reads_masks = True
    constant = "constant_loss"
    constant_words = "that of predicting the mean of training"
    shown = ("r2", "variance of hidden patches explained", "constant_r2")

    target: Literal["waveform", "spectrum", "bands"] = "bands"
    """`waveform`: cosines and sines of a patch's Fourier transform; `spectrum`: its log amplitudes
    under a taper; `bands`: their means in twelve bands. All from 1 to 71 Hz, standardised by
    training windows, each band of equal weight."""

    pooled: float = Field(0.1, ge=0)
    """Weight of the same loss where one vector, pooled from visible patches, predicts them all
    (REVE: 0.1); 0: none."""


class ContrastiveConfig(ObjectiveSettings):
    """Embed two views of a window alike, and other windows elsewhere (SimCLR, VICReg)."""

    built_by = "eegssl.objectives.contrastive:Contrastive"
    compares = "batch"
    constant = "constant_loss"
    constant_words = "that of one embedding for all windows"
    shown = ("accuracy", "partners found among other views", "chance")

    loss: Literal["nt-xent", "vicreg"] = "nt-xent"
    """`nt-xent`: tell a window's other view from the views of all other windows (SimCLR, ICML
    2020); `vicreg`: make both views alike, spread and uncorrelated over windows (VICReg, ICLR
    2022)."""

    temperature: float = Field(0.1, gt=0)
    """With `nt-xent`, what cosines of embeddings are divided by."""

    projection: int = Field(128, ge=2)
    """Width of the network between pooled embeddings and the loss."""

    views: ViewsConfig = ViewsConfig()
    """By how much the views differ."""

    @property
    def needed_patches(self) -> int:
        """One more than views are shifted by."""
        return 1 + self.views.shift_patches

    @model_validator(mode="after")
    def _read(self) -> "ContrastiveConfig":
        if (
            self.loss == "vicreg"
            and self.temperature != type(self).model_fields["temperature"].default
        ):
            raise ValueError("temperature is of nt-xent, and loss is vicreg; leave it out")
        return self


class AutoregressiveConfig(ObjectiveSettings):
    """Predict what comes next in every channel from all channels so far (as language models)."""

    built_by = "eegssl.objectives.autoregressive:Autoregressive"
    causal = True
    fewest_patches = 2
    constant = "constant_loss"
    constant_words = "that of what is usual in training"
    shown = ("accuracy", "next codes predicted", "constant_accuracy")

    target: Literal["codes", "patch"] = "codes"
    """`codes`: the token of the next patch; `patch`: its log-amplitude spectrum as `reconstruct`
    has it, by the mean absolute error."""

    @property
    def needs_codes(self) -> bool:
        """Where codes are the target."""
        return self.target == "codes"


class PretextConfig(ObjectiveSettings):
    """Tell how slices of a window lie in time, each embedded alone (Banville)."""

    built_by = "eegssl.objectives.pretext:Pretext"
    fewest_patches = 2
    constant = "chance_loss"
    constant_words = "that of a guess"
    shown = ("accuracy", "slices placed rightly", "chance")

    task: Literal["relative-positioning", "temporal-shuffling"] = "relative-positioning"
    """`relative-positioning`: tell if two slices are near or far; `temporal-shuffling`: tell if a
    slice lies between two others or apart from them."""

    slice_patches: int = Field(1, ge=1)
    """Patches of a slice; a window is cut to as many as there are room for."""

    near: int = Field(2, ge=1)
    """Slices count as near up to so many slices apart."""

    far: int = Field(4, ge=2)
    """Slices count as far from so many slices apart."""

    comparisons: int = Field(8, ge=2, multiple_of=2)
    """Comparisons of each window and step, half of them of either class."""

    @property
    def needed_slices(self) -> int:
        """Slices of a window, so that both classes can be drawn."""
        return self.far + (1 if self.task == "relative-positioning" else 3)

    @property
    def needed_patches(self) -> int:
        """Patches of these slices."""
        return self.needed_slices * self.slice_patches

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.near >= self.far:
            raise ValueError(f"near is {self.near}, far is {self.far}: near must be below far")
        if self.task == "temporal-shuffling" and self.near < 2:
            raise ValueError("near is 1: no slice lies between two neighbours; set it to 2 or more")
        return self


class CpcConfig(ObjectiveSettings):
    """Predict future patches from the past, by telling them from other windows' (CPC)."""

    built_by = "eegssl.objectives.cpc:Cpc"
    compares = "grain"
    constant = "constant_loss"
    constant_words = "that of a guess"
    shown = ("accuracy", "future patches told from other windows'", "chance")

    ahead: int = Field(3, ge=1)
    """Patches K that are predicted, each by a map of its own; what lies before them is the past:
    half of a window, or more."""

    content: int = Field(64, ge=2)
    """Width of what is predicted of a patch."""

    temperature: float = Field(0.1, gt=0)
    """What cosines of predictions and contents are divided by."""

    @property
    def needed_patches(self) -> int:
        """One of the past, and those ahead."""
        return 1 + self.ahead


class LatentConfig(ObjectiveSettings):
    """Predict embeddings of hidden patches from visible ones (JEPA)."""

    built_by = "eegssl.objectives.latent:Latent"
    reads_masks = True
    exact_masks = True
    compares = "batch"
    constant = "constant_loss"
    constant_words = "that of knowing the place of a patch and no signal"
    shown = ("r2", "variance of hidden embeddings explained", "constant_r2")

    teacher: Literal["ema", "none"] = "none"
    """`ema`: a moving average of the encoder gives the targets (I-JEPA); `none`: the encoder itself
    does, and a statistic keeps embeddings apart (LeJEPA)."""

    momentum: float = Field(0.996, ge=0, lt=1)
    """With `ema`: the share of itself that the teacher keeps at an update."""

    isotropy: float = Field(0.3, ge=0, lt=1)
    """With `none`: weight of the statistic by which embeddings are to be distributed normally; the
    error of predictions has the rest. The statistic grows with the windows of a step: with 64 of
    them a fourth of the weight does what this does with 16."""

    directions: int = Field(256, ge=1)
    """With `none`: random directions, drawn at every step, along which it is taken."""

    predictor_layers: int = Field(2, ge=1)
    """Blocks of the predictor, half as wide as the encoder."""

    @model_validator(mode="after")
    def _read(self) -> Self:
        unread = ("isotropy", "directions") if self.teacher == "ema" else ("momentum",)
        usual = type(self).model_fields
        for name in (n for n in unread if getattr(self, n) != usual[n].default):
            raise ValueError(f"{name} means nothing where teacher is {self.teacher}; leave it out")
        return self

    @property
    def against_collapse(self) -> str:
        """What keeps embeddings apart."""
        if self.teacher == "ema":
            return "objective.latent.momentum nearer to 1"
        return "objective.latent.isotropy higher"

    @property
    def targets_move(self) -> bool:
        """Where a teacher gives them."""
        return self.teacher == "ema"


class ObjectiveConfig(Settings):
    """What pretraining minimises: one objective, or a sum of several, weighted."""

    terms: tuple[str, ...] = Field(("codes",), min_length=1)
    """Names of the objectives; ``--objective`` sets them, and takes the masks that go with the
    first."""
    codes: CodesConfig = CodesConfig()
    """Tokens of hidden patches."""
    reconstruct: ReconstructConfig = ReconstructConfig()
    """Signals of hidden patches."""
    contrastive: ContrastiveConfig = ContrastiveConfig()
    """Two views of a window."""
    autoregressive: AutoregressiveConfig = AutoregressiveConfig()
    """What comes next."""
    pretext: PretextConfig = PretextConfig()
    """How slices lie in time."""
    cpc: CpcConfig = CpcConfig()
    """Future patches."""
    latent: LatentConfig = LatentConfig()
    """Embeddings of hidden patches."""

    @model_validator(mode="after")
    def _known(self) -> "ObjectiveConfig":
        for name in self.terms:
            if name not in OBJECTIVES:
                close = difflib.get_close_matches(name, OBJECTIVES, n=1)
                near = f"did you mean {close[0]!r}?" if close else f"expected {_listed()}"
                raise ValueError(f"there is no objective {name!r}; {near}")
        if len(set(self.terms)) < len(self.terms):
            raise ValueError(f"an objective is named twice in {', '.join(self.terms)}")
        return self

    @property
    def reads_masks(self) -> bool:
        """Whether any of the objectives that are minimised hides patches."""
        return any(each.reads_masks for each in self.chosen.values())

    @property
    def chosen(self) -> dict[str, ObjectiveSettings]:
        """The settings of the objectives that are minimised, by name."""
        return {name: getattr(self, name) for name in self.terms}


OBJECTIVES: tuple[str, ...] = tuple(n for n in ObjectiveConfig.model_fields if n != "terms")
"""Names of all objectives: the parts of `ObjectiveConfig`."""


def _listed() -> str:
    return ", ".join(OBJECTIVES)
