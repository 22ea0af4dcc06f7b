"""Move NumPy batches of windows to the training device as tensors."""

from dataclasses import dataclass

import torch
from torch import Tensor

from eegssl.corpus.windows import Batch


@dataclass(frozen=True)
class TensorBatch:
    """A batch on the device: the signal [B, C, T] in µV and the geometry of its channels."""

    signal_uv: Tensor
    positions: Tensor
    located: Tensor
    regions: Tensor

    @property
    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The arguments of an encoder, in its order."""
        return self.signal_uv, self.positions, self.located, self.regions


def to_tensors(batch: Batch, device: torch.device) -> TensorBatch:
    """Move a batch to the device."""
    return TensorBatch(
        signal_uv=torch.from_numpy(batch.signal_uv).to(device),
        positions=torch.from_numpy(batch.positions).to(device),
        located=torch.from_numpy(batch.located).to(device),
        regions=torch.from_numpy(batch.regions).to(device),
    )
