"""Choose the device that a training runs on, and its precision."""

import torch

from eegssl.errors import ConfigError
from eegssl.training.config import Device, TrainingConfig


def choose_device(wanted: Device) -> torch.device:
    """The device of this name; ``auto`` takes a GPU if there is one.

    Raises ConfigError if torch does not find it.
    """
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.mps.is_available()}
    if wanted == "auto":
        return torch.device(next(name for name in ("cuda", "mps", "cpu") if available[name]))
    if not available[wanted]:
        raise ConfigError(
            f"training.device is {wanted}, but torch finds no such device; use auto or cpu"
        )
    return torch.device(wanted)


def chosen_precision(config: TrainingConfig, device: torch.device) -> str:
    """Precision of the forward pass on a device: as configured, for ``auto`` the fastest."""
    if config.precision != "auto":
        return config.precision
    if device.type == "cuda":
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        fast = device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
    return "bfloat16" if fast else "float32"


def in_precision(config: TrainingConfig, device: torch.device) -> torch.autocast:
    """A context of the precision of the forward pass, in training and in validation alike."""
    low = chosen_precision(config, device) == "bfloat16"
    return torch.autocast(device.type, torch.bfloat16, enabled=low)
