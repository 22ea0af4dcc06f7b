"""Configure forecasts: how far, from how much, by which head, beside what."""

from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from eegssl.config.settings import Settings

ErrorUnit = Literal["uv", "zscore"]
Base = Literal["mean", "persistence", "ar"]

Part = Annotated[float, Field(gt=0, lt=1)]

SHORT_HORIZON_S = 12.0
"""Short-term forecasting in EpilepsyFM (Neural Networks 193:108060, 2025)."""


class FitConfig(Settings):
    """Training of a network among the baselines, stopped early on validation pairs.

    All else (device, betas, clipping) is as for the head, in ``training``.
    """

    steps: int = Field(400, ge=1)
    """Optimizer steps at most."""

    batch_size: int = Field(8, ge=1)
    """Pairs a step; each is as many series as it has channels."""

    lr: float = Field(5e-4, gt=0)
    """Peak learning rate."""

    weight_decay: float = Field(0.01, ge=0)
    """Of AdamW."""

    validate_every: int = Field(25, ge=1)
    """Steps between passes over the validation pairs."""

    patience: int = Field(4, ge=1)
    """Training stops after so many validations in a row without a better one."""


class AutoregressionConfig(Settings):
    """AR(p), fitted on each context by itself."""

    estimator: Literal["burg", "yule-walker"] = "burg"
    """Burg's estimate, or the Yule-Walker equations (faster, biased where peaks are sharp)."""

    order: int | None = Field(None, ge=1)
    """The order p; without one, AIC on the context chooses."""

    max_order: int = Field(128, ge=1)
    """Orders that AIC may choose from end here; on resting EEG it takes nearly all."""

    fit_s: float | None = Field(30.0, gt=0)
    """Seconds at the end of the context that it is fitted on: as good as 90 on resting EEG, in a
    third of the time. Without it, the whole context."""


BaselineName = Literal["persistence", "mean", "seasonal", "ar", "linear", "dlinear", "patchtst"]


class ForecastBaselinesConfig(Settings):
    """Configure the baselines of a forecast. Sizes are ours where no paper is named."""

    methods: tuple[BaselineName, ...] = Field(get_args(BaselineName), min_length=1)
    """The ones that are fitted on the same pairs as the head and shown in every table."""

    season_s: float = Field(2.0, gt=0)
    """Seasonal: the longest period looked for in the context."""

    autoregression: AutoregressionConfig = AutoregressionConfig()
    """AR(p)."""

    lookback_s: float = Field(4.0, gt=0)
    """Linear and DLinear read this much of the context's end."""

    ridge_penalties: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (1e-3, 1e-2, 1e-1, 1.0, 10.0, 1e2, 1e3, 1e4), min_length=1
    )
    """Linear: penalties to choose from on validation pairs, for each octave of the horizon, as
    shares of the mean variance of an input; without validation, the middle one is taken."""

    dlinear_average: int = Field(25, ge=1)
    """DLinear: samples of the moving average that is the trend (Zeng et al., AAAI 2023)."""

    patchtst_lookback_s: float = Field(10.0, gt=0)
    """PatchTST: how much of the context's end it reads."""

    patchtst_patch_s: float = Field(0.2, gt=0)
    """PatchTST: length of a patch; patches overlap by half, as in the paper."""

    patchtst_width: int = Field(64, ge=2)
    """PatchTST: width of its transformer."""

    patchtst_layers: int = Field(2, ge=1)
    """PatchTST: blocks of its transformer."""

    patchtst_heads: int = Field(4, ge=1)
    """PatchTST: heads of its attention; they divide the width."""

    fit: FitConfig = FitConfig()
    """Training of DLinear and PatchTST."""

    @model_validator(mode="after")
    def _heads_fit(self) -> Self:
        if self.patchtst_width % self.patchtst_heads:
            raise ValueError(
                f"patchtst_heads must divide patchtst_width; got {self.patchtst_heads} heads "
                f"and width {self.patchtst_width}"
            )
        return self


class HeadConfig(Settings):
    """The head on the encoder."""

    kind: Literal["direct", "autoregressive"] = "direct"
    """`direct`: the whole horizon at once, with a say in how far its base is trusted;
    `autoregressive`: patch by patch, each forecast patch being read as if it had come."""

    base: Base | Literal["auto"] = "auto"
    """The forecast that a head adds to: the context's mean, its last sample (`persistence`), or its
    AR(p) forecast; `auto` takes what is best alone on validation pairs. Heads start at 0, so that
    they begin as their base."""

    window_s: float = Field(10.0, gt=0)
    """The encoder reads the context in windows of this length, that it was pretrained on."""


class ForecastConfig(Settings):
    """Signal forecasting: from a context before t to the signal after it."""

    context_s: float = Field(90.0, gt=0)
    """Seconds before t that a method may read (EpilepsyFM: 90)."""

    horizon_s: float = Field(SHORT_HORIZON_S, ge=0.125, le=30)
    """Seconds after t that are forecast: 12 is short, 20 long (EpilepsyFM)."""

    stride_s: float = Field(10.0, gt=0)
    """Seconds from one t to the next in a recording."""

    pairs_per_recording: int | None = Field(24, ge=1)
    """No more pairs than this are taken of a recording, evenly spaced, so that long ones stay
    affordable; without it, all."""

    in_time: tuple[Part, Part] | None = None
    """Within a subject: of each recording of split `test` train on this first share, validate on
    the next, and test on the rest. Without it, subjects are apart."""

    gap_s: float | None = Field(None, ge=0)
    """With `in_time`, seconds between the parts of a recording that no pair reads; without it,
    context and horizon together."""

    unit: ErrorUnit = "uv"
    """In which errors are minimised and scored: µV, or `zscore`, by each channel's mean and
    standard deviation in the context."""

    head: HeadConfig = HeadConfig()
    """The head on the encoder."""

    baselines: ForecastBaselinesConfig = ForecastBaselinesConfig()
    """The methods that it is shown beside."""

    @model_validator(mode="after")
    def _parts_mean_something(self) -> Self:
        if self.in_time is None and self.gap_s is not None:
            raise ValueError("gap_s lies between the parts of in_time: set both, or neither")
        if self.in_time is not None and sum(self.in_time) >= 1:
            raise ValueError(
                f"in_time must leave a part to test; got shares {self.in_time[0]:g} and "
                f"{self.in_time[1]:g}, which add to 1 or more"
            )
        return self


class ForecastTaskConfig(ForecastConfig):
    """A task of forecasting the signal itself."""

    kind: Literal["forecast"] = "forecast"
    """A model of such a task learns the signal after a time t."""

    name: str
    """The task's name in tables and reports."""
