"""Define what pretraining asks of an objective."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder


@dataclass(frozen=True)
class ObjectiveOutput:
    """The loss to minimise, and its terms: detached scalars by name."""

    loss: Tensor
    terms: dict[str, Tensor]


class Objective(nn.Module, ABC):
    """An encoder and a head, trained together; the head is only kept beside the encoder."""

    encoder: Encoder
    head: nn.Module

    @abstractmethod
    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        codes: Tensor,
        hidden: Tensor | None = None,
        visible: Tensor | None = None,
    ) -> ObjectiveOutput:
        """Loss of windows ``signal_uv`` [B, C, T] in µV, with geometry as the encoder takes it.

        ``mask`` [B, C, N] is True where patches are hidden; ``codes`` [B, C, N] are their tokens.
        ``hidden`` and ``visible`` are the places of both in the flat mask, which are counted where
        they are not given. Loss and terms are means over as many patches as `counted` says.
        """

    def flops(self, mask: Tensor) -> float | None:
        """Operations of the matrix products of `forward`, given its ``mask``; None: not counted.

        A multiplication with its addition counts as two.
        """
        return None

    @abstractmethod
    def counted(self, mask: Tensor) -> int:
        """Number of patches that the means of `forward` are over, given its ``mask``."""
