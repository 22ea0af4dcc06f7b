"""Move NumPy batches of windows to the training device as tensors."""

import torch
from torch import Tensor

from eegssl.corpus.signals import Pieces
from eegssl.corpus.windows import Batch
from eegssl.signal.channels.electrodes import Geometry


def to_tensors(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Move a batch to the device: signal [B, C, T] in µV, positions, located and regions.

    These are the arguments of an encoder, in its order.
    """
    signal_uv, positions, located, regions = (
        torch.from_numpy(array).to(device)
        for array in (batch.signal_uv, batch.positions, batch.located, batch.regions)
    )
    return signal_uv, positions, located, regions


def stored_tensors(pieces: Pieces, placed: Geometry) -> tuple[Tensor, ...]:
    """Samples as stored and their scales, positions, located and regions, on the CPU.

    In int16 they are half the bytes that a data worker sends and a device gets; `in_uv` follows.
    """
    return tuple(torch.from_numpy(array) for array in (pieces.values, pieces.scale_uv, *placed))


def in_uv(values: Tensor, scale_uv: Tensor) -> Tensor:
    """Samples as stored [B, C, T] in µV, float32, as `Pieces.in_uv` to the last bit."""
    return values.float() * scale_uv[..., None]
