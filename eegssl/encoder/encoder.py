"""Define what every encoder offers, whatever its architecture."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

from torch import Tensor, nn

from eegssl.encoder.config import EncoderConfig
from eegssl.errors import InputError


def flat_places(mask: Tensor) -> Tensor:
    """The places [H] at which a flat mask is True, in order."""
    return mask.flatten().nonzero()[:, 0]


class Encoder(nn.Module, ABC):
    """EEG of any channels and any length to one embedding per (channel, patch).

    Heads, objectives and adaptations use an encoder through these members alone.
    """

    config: EncoderConfig
    mask_token: nn.Parameter
    """Vector [D] that stands for every hidden patch."""

    @abstractmethod
    def forward(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor | None = None,
        present: Tensor | None = None,
    ) -> Tensor:
        """Embed ``signal_uv`` [B, C, T] in µV: [B, C, N, D].

        ``positions`` [B, C, 2, 3], ``located`` [B, C, 2] and ``regions`` [B, C, R] are the
        geometry of the channels. Patches with ``mask`` [B, C, N] True are hidden: nothing of
        their samples reaches any output. Channels with ``present`` [B, C] False are padding: they
        change nothing, and their embeddings are 0. Raises InputError for shapes that don't fit.
        """

    def hidden(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        places: Tensor | None = None,
    ) -> Tensor:
        """Embed the H patches with ``mask`` [B, C, N] True, hidden as in ``forward``: [H, D].

        ``places`` [H] are theirs in the flat mask; a GPU need not count them then, for which the
        host would wait. An architecture may leave out work that these rows don't need.
        """
        places = flat_places(mask) if places is None else places
        return self(signal_uv, positions, located, regions, mask).flatten(0, 2)[places]

    def visible(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        kept: Tensor,
    ) -> Tensor:
        """Embed the V visible patches of each window as if there were no others: [B, V, D].

        ``kept`` [B V] are the places in the flat ``mask`` [B, C, N] where it is False, in order,
        equally many of every window. Raises InputError where an architecture can't do it.
        """
        raise InputError(
            f"{type(self).__name__} embeds whole windows only; choose an objective that does not "
            "embed visible patches alone, or another encoder"
        )

    def whole_and_visible(
        self,
        signal_uv: Tensor,
        positions: Tensor,
        located: Tensor,
        regions: Tensor,
        mask: Tensor,
        kept: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Embed whole windows [B, C, N, D], and visible patches alone as `visible` [B, V, D].

        An architecture may do once what both need.
        """
        given = signal_uv, positions, located, regions
        return self(*given), self.visible(*given, mask, kept)

    @abstractmethod
    def layers(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Iterator[Tensor]:
        """Yield embeddings [B, C, N, D] at every depth, in one pass: below the first block, then
        after each.

        The last is what ``forward`` gives; those below it have no normalisation. A block runs
        only when its layer is asked for.
        """

    @abstractmethod
    def summarise(
        self, signal_uv: Tensor, positions: Tensor, located: Tensor, regions: Tensor
    ) -> Tensor:
        """Embed whole windows by their summary token: [B, D].

        Raises InputError for an encoder without one (``config.summary``).
        """

    @property
    @abstractmethod
    def embedders(self) -> list[nn.Module]:
        """The modules below the blocks; they learn slowest under layer-wise decay."""

    @property
    @abstractmethod
    def blocks(self) -> list[nn.Module]:
        """The transformer's blocks from the bottom up.

        LoRA looks in each for linear layers: ``qkv`` and ``out`` in ``attention``, all in ``feed``.
        Stochastic depth sets the ``drop_path`` of each.
        """

    @property
    @abstractmethod
    def norm(self) -> nn.Module:
        """The normalisation above the last block."""
