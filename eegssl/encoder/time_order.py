"""Let tokens attend to none of later patches."""

import torch
from torch import Tensor


class TimeOrder:
    """Which tokens of a window each may read: those of its own patch, and of earlier ones.

    Of all channels. A summary token before those of the patches reads all, and none reads it, since
    it would carry what comes later. Made once for windows of one shape.
    """

    def __init__(self) -> None:
        self._made: dict[tuple[int, int, bool, torch.device], Tensor] = {}

    def __call__(
        self, n_channels: int, n_patches: int, summary: bool, device: torch.device
    ) -> Tensor:
        """Bool [1, L, L], True where the token of a row reads that of a column."""
        key = n_channels, n_patches, summary, device
        if key not in self._made:
            times = torch.arange(n_patches).repeat(n_channels)
            if summary:
                times = torch.cat([torch.tensor([n_patches]), times])
            self._made[key] = (times[None, None] <= times[None, :, None]).to(device)
        return self._made[key]
