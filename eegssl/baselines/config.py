"""Configure the baselines."""

from pydantic import Field, PositiveFloat

from eegssl.config.settings import Settings
from eegssl.training.config import Device


class BandPowerConfig(Settings):
    """Log band power with logistic regression, for numbers with ridge regression."""

    cs: tuple[PositiveFloat, ...] = Field((1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0), min_length=1)
    """Inverse strengths of the L2 penalty on standardised features that are tried; the validation
    windows choose one."""

    max_iterations: int = Field(default=2000, ge=1)
    """Steps of the solver, which says if they did not suffice."""


class BoostingConfig(Settings):
    """Log band power with gradient-boosted trees."""

    max_rounds: int = Field(default=200, ge=1)
    """Rounds of boosting at most; as many are kept as validate best."""
    validate_every: int = Field(default=10, ge=1)
    """Rounds between looks at the validation windows."""
    learning_rate: float = Field(default=0.1, gt=0)
    """Factor of each tree's vote."""
    max_leaves: int = Field(default=15, ge=2)
    """Leaves of a tree."""
    min_windows_a_leaf: int = Field(default=20, ge=1)
    """Training windows that a leaf holds at least."""


class NetworkConfig(Settings):
    """Training of the networks: Adam on class-balanced draws, stopped early by validation."""

    steps: int = Field(default=2000, ge=1)
    """Optimizer steps at most."""
    batch_size: int = Field(default=32, ge=2)
    """Windows a step."""
    lr: float = Field(default=1e-3, gt=0)
    """Learning rate."""
    validate_every: int = Field(default=50, ge=1)
    """Steps between passes over the validation windows (one more follows the last step)."""
    patience: int = Field(default=6, ge=1)
    """Training stops after so many validations in a row without a better one."""
    device: Device = "auto"
    """Device to train on; ``auto`` takes a GPU if there is one."""


class EEGNetConfig(Settings):
    """EEGNet-8,2 as published; lengths in seconds in place of samples at 128 Hz."""

    temporal_filters: int = Field(default=8, ge=1)
    """F1, filters along time."""
    depth: int = Field(default=2, ge=1)
    """D, spatial filters for each of them."""
    kernel_s: float = Field(default=0.5, gt=0)
    """Length of the temporal filters."""
    dropout: float = Field(default=0.25, ge=0, lt=1)
    """Share of features dropped in training (the paper's across subjects)."""


class ShallowConvNetConfig(Settings):
    """ShallowConvNet as published; lengths in seconds in place of samples at 250 Hz."""

    filters: int = Field(default=40, ge=1)
    """Filters along time, and as many over channels."""
    kernel_s: float = Field(default=0.1, gt=0)
    """Length of the temporal filters."""
    pool_s: float = Field(default=0.3, gt=0)
    """Length over which power is averaged."""
    stride_s: float = Field(default=0.06, gt=0)
    """Distance of these averages."""
    dropout: float = Field(default=0.5, ge=0, lt=1)
    """Share of features dropped in training."""


class SeizureUNetConfig(Settings):
    """The seizure specialist: a small U-Net along time. Its sizes are ours."""

    width: int = Field(default=16, ge=1)
    """Features at full rate; each level down has twice as many."""
    levels: int = Field(default=3, ge=1, le=5)
    """Levels below the full rate; each has a quarter of the samples of the one above."""
    kernel: int = Field(default=7, ge=3)
    """Taps of each convolution."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Share of features dropped at the bottom in training."""


class BaselinesConfig(Settings):
    """Settings of every baseline."""

    band_power: BandPowerConfig = BandPowerConfig()
    """``band-power-channels``, ``band-power-regions`` and ``band-power-summary``"""
    boosting: BoostingConfig = BoostingConfig()
    """``band-power-boosting``"""
    network: NetworkConfig = NetworkConfig()
    """Training of ``eegnet``, ``shallow-convnet`` and ``seizure-unet``."""
    eegnet: EEGNetConfig = EEGNetConfig()
    """``eegnet``"""
    shallow_convnet: ShallowConvNetConfig = ShallowConvNetConfig()
    """``shallow-convnet``"""
    seizure_unet: SeizureUNetConfig = SeizureUNetConfig()
    """``seizure-unet``"""
