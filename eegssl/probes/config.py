"""Configure what an encoder is asked, and of whom."""

from typing import Literal

from pydantic import Field

from eegssl.config.settings import Settings
from eegssl.training.config import Device


class ProbesConfig(Settings):
    """From an encoder and recordings to what the encoder knows (`evaluate --probes`)."""

    split: Literal["val", "test", "all"] = "val"
    """Subjects to ask of; `all` for a corpus that the encoder has not seen."""
    allow_leak: bool = False
    """Ask also of subjects that it was trained on; every result is marked."""
    window_s: float | None = Field(None, gt=0)
    """Length of a window in seconds; none: as in pretraining."""
    windows: int = Field(1024, ge=16)
    """Windows at most for subjects, recordings, bands, age, sex and layers; drawn by seed."""
    label_windows: int = Field(768, ge=6)
    """Windows at most, a third of them in seizures, for labels and regions; drawn by seed."""
    batch_size: int = Field(64, ge=1)
    """Windows a forward pass."""
    device: Device = "auto"
    """Device to embed on."""
