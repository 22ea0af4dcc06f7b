"""LoRA: low-rank updates beside frozen linear layers, merged into them once they are trained.

After Hu et al., ICLR 2022: W + (alpha / rank) B A, with A random and B zero at the start, so that
the adapted encoder begins as the pretrained one.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.adaptation.config import LoraConfig
from eegssl.encoder.epilepsyfm import Encoder


class LoraLinear(nn.Module):
    """A frozen linear layer and a trained update of low rank."""

    def __init__(self, linear: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.linear = linear.requires_grad_(False)
        self.down = nn.Parameter(torch.empty(rank, linear.in_features))
        self.up = nn.Parameter(torch.zeros(linear.out_features, rank))
        self.scale = alpha / rank
        nn.init.kaiming_uniform_(self.down, a=math.sqrt(5))

    def forward(self, inputs: Tensor) -> Tensor:
        """[..., in] to [..., out]."""
        update = F.linear(F.linear(inputs, self.down), self.up)
        return self.linear(inputs) + self.scale * update

    def merged(self) -> nn.Linear:
        """The linear layer with the update inside its weight."""
        with torch.no_grad():
            update = self.up.double() @ self.down.double()
            self.linear.weight.copy_(self.linear.weight.double() + self.scale * update)
        return self.linear


def add_lora(encoder: Encoder, config: LoraConfig, seed: int) -> int:
    """Freeze an encoder and put updates beside its linear layers; returns how many.

    First weights depend on ``seed`` only; global generators stay as they are.
    """
    encoder.requires_grad_(False)
    wanted = [place for name in config.linears for place in _places(encoder, name)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for parent, name in wanted:
            linear = parent.get_submodule(name)
            assert isinstance(linear, nn.Linear)
            setattr(parent, name, LoraLinear(linear, config.rank, config.alpha))
    return len(wanted)


def merge_lora(encoder: Encoder) -> None:
    """Put every update into the weight beside it: the same outputs, the plain encoder's layers."""
    for parent in list(encoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLinear):
                setattr(parent, name, child.merged())


def _places(encoder: Encoder, wanted: str) -> Iterator[tuple[nn.Module, str]]:
    """Each linear layer of this name, as the module that holds it and its name there."""
    for block in encoder.transformer.blocks:
        parent = block.get_submodule("feed" if wanted == "feed" else "attention")
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and (wanted in ("feed", name)):
                yield parent, name
