"""Ask for a patch by its place and time."""

from torch import Tensor, nn

from eegssl.encoder.spatial import ElectrodePosition, TimeEmbedding


class PatchQueries(nn.Module):
    """A vector for each (channel, patch), of its electrodes' positions and its index alone."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.position = ElectrodePosition(width)
        self.time = TimeEmbedding(width)
        self.norm_position = nn.LayerNorm(width)
        self.norm_time = nn.LayerNorm(width)

    def forward(self, positions: Tensor, located: Tensor, n_patches: int) -> Tensor:
        """Queries [B, C, N, D] of ``positions`` [B, C, 2, 3] and ``located`` [B, C, 2]."""
        place: Tensor = self.norm_position(self.position(positions, located))
        time: Tensor = self.norm_time(self.time(n_patches))
        return place[:, :, None] + time
