"""Move NumPy batches of windows to the training device as tensors."""

import torch
from torch import Tensor

from eegssl.corpus.windows import Batch


def to_tensors(batch: Batch, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Move a batch to the device: signal [B, C, T] in µV, positions, located and regions.

    These are the arguments of an encoder, in its order.
    """
    signal_uv, positions, located, regions = (
        torch.from_numpy(array).to(device)
        for array in (batch.signal_uv, batch.positions, batch.located, batch.regions)
    )
    return signal_uv, positions, located, regions
