"""A small encoder and a batch for it, of five channels with names, some patches hidden."""

import numpy as np
import torch
from torch import Tensor

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import Encoder
from eegssl.signal.channels.electrodes import geometry

NAMES = ("Fp1-F7", "F7-T7", "C3", "Cz", "O2-A1")


def given(batch: int = 2, patches: int = 3) -> tuple[Tensor, list[Tensor], Tensor]:
    """A signal in µV, its geometry, and a mask; the last window hides one whole channel."""
    g = torch.Generator().manual_seed(0)
    signal_uv = 30 * torch.randn(batch, len(NAMES), patches * 200, generator=g)
    placed = [torch.from_numpy(np.stack([part] * batch)) for part in geometry(NAMES)]
    mask = torch.rand(batch, len(NAMES), patches, generator=g) < 0.5
    mask[-1] = False
    mask[-1, 2] = True  # a whole channel
    return signal_uv, placed, mask


def small(**changes: object) -> Encoder:
    """An encoder of a few thousand weights, in evaluation mode."""
    config = EncoderConfig(layers=2, width=16, heads=2, ffn=32, **changes)
    return build_encoder(config, 0).eval()
