"""Train low-rank updates beside frozen linear layers, then merge them (LoRA).

After Hu et al., ICLR 2022: W + (alpha / rank) B A, with A random and B zero at the start, so that
the adapted encoder begins as the pretrained one.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from eegssl.adaptation.config import AdaptationConfig, LoraConfig
from eegssl.encoder.encoder import Encoder


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
            up, down, weight = (
                part.cpu().double() for part in (self.up, self.down, self.linear.weight)
            )  # on the CPU: a Mac's GPU has no float64
            self.linear.weight.copy_(weight + self.scale * (up @ down))
        return self.linear


@contextmanager
def lora_updates(
    encoder: Encoder, adaptation: AdaptationConfig, seed: int
) -> Iterator[dict[str, Any]]:
    """Within the block an encoder adapted by `lora` has low-rank updates; its end merges them.

    Yields facts for the manifest. Other kinds of adaptation leave the encoder as it is.
    """
    if adaptation.kind != "lora":
        yield {}
        return
    layers = add_lora(encoder, adaptation.lora, seed)
    yield {"lora": adaptation.lora.model_dump(mode="json") | {"layers": layers, "merged": True}}
    merge_lora(encoder)


def add_lora(encoder: Encoder, config: LoraConfig, seed: int) -> int:
    """Freeze an encoder and add updates to its linear layers; returns the number of layers.

    Initial weights depend on ``seed`` only; global generators are untouched.
    """
    encoder.requires_grad_(False)
    layers = [layer for name in config.linears for layer in _linears(encoder, name)]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        for parent, name in layers:
            linear = parent.get_submodule(name)
            assert isinstance(linear, nn.Linear)
            setattr(parent, name, LoraLinear(linear, config.rank, config.alpha))
    return len(layers)


def merge_lora(encoder: Encoder) -> None:
    """Add every update to the weight beside it: same outputs, plain linear layers again."""
    for parent in list(encoder.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, LoraLinear):
                setattr(parent, name, child.merged())


def _linears(encoder: Encoder, kind: str) -> Iterator[tuple[nn.Module, str]]:
    """Each linear layer of a kind: the module that holds it, and its name there."""
    for block in encoder.blocks:
        parent = block.get_submodule("feed" if kind == "feed" else "attention")
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and (kind in ("feed", name)):
                yield parent, name
