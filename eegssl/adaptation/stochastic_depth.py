"""Leave halves of an encoder's blocks out at random in adaptation.

Stochastic depth: Huang et al., ECCV 2016.
"""

from eegssl.encoder.encoder import Encoder
from eegssl.encoder.transformer import Block


def set_drop_path(encoder: Encoder, rate: float) -> None:
    """Give block l of L the chance ``rate`` l / L of being left out of a training step.

    Weights and evaluation stay as they are. Draws come from torch's generator, as dropout's do.
    """
    blocks = encoder.blocks
    for number, block in enumerate(blocks, start=1):
        assert isinstance(block, Block)
        block.drop_path = rate * number / len(blocks)
