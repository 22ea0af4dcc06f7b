"""Declare the settings of each pretraining objective."""

from eegssl.config.settings import Settings


class MaskedCodesConfig(Settings):
    """Masked-code prediction."""

    symmetric: bool = False
    """Predict the visible patches from the hidden ones too, in a second pass (LaBraM)."""
