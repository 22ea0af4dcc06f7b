"""List the encoder architectures, and build one with seeded weights."""

import torch

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.epilepsyfm import EpilepsyFM

ARCHITECTURES: dict[type[EncoderConfig], type[Encoder]] = {EncoderConfig: EpilepsyFM}
"""Class of the settings -> class of the encoder."""


def build_encoder(config: EncoderConfig, seed: int) -> Encoder:
    """Make an encoder whose initial weights depend on ``seed`` only.

    Global generators stay as they are.
    """
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return ARCHITECTURES[type(config)](config)
