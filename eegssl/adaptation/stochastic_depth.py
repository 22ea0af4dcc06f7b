"""Leave halves of an encoder's blocks out at random in adaptation.

Stochastic depth: Huang et al., ECCV 2016.
"""

from eegssl.encoder.encoder import Encoder
from eegssl.encoder.transformer import Block
from eegssl.errors import ConfigError


def set_drop_path(encoder: Encoder, rate: float) -> None:
    """Give block l of L the chance ``rate`` l / L of being left out of a training step.

    Weights and evaluation stay as they are. Draws come from torch's generator, as dropout's do.
    Raises ConfigError for a rate above 0 and an encoder whose blocks can't be left out.
    """
    blocks = encoder.blocks
    for number, block in enumerate(blocks, start=1):
        if isinstance(block, Block):
            block.drop_path = rate * number / len(blocks)
        elif rate:
            raise ConfigError(
                f"adaptation.drop_path is {rate:g}, and this encoder's blocks "
                f"({type(block).__name__}) can't be left out; leave adaptation.drop_path out"
            )
