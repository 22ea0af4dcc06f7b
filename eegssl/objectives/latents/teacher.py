"""Let a copy of an encoder follow it slowly."""

import copy

import torch
from torch import Tensor, nn

from eegssl.encoder.encoder import Encoder


class Teacher(nn.Module):
    """An encoder whose weights are moving averages of another's, and get no gradient.

    They are buffers, so that a step that is skipped, a checkpoint and other ranks treat them as
    what they are. The first update copies the other's weights; from then on the average keeps
    ``momentum`` of itself (a ramp up to 1 at the end of a training is usual, and left out here).
    """

    updates: Tensor
    encoder: Encoder

    def __init__(self, encoder: Encoder, momentum: float) -> None:
        super().__init__()
        self.momentum = momentum
        self.encoder = copy.deepcopy(encoder)
        for module in self.encoder.modules():
            for name, parameter in list(module.named_parameters(recurse=False)):
                delattr(module, name)
                module.register_buffer(name, parameter.detach().clone())
        self.register_buffer("updates", torch.zeros(()))
        self.train(False)

    def train(self, mode: bool = True) -> "Teacher":
        """Stay as in inference, without dropout."""
        return super().train(False)

    @torch.no_grad()
    def follow(self, encoder: Encoder) -> None:
        """Take in the weights of ``encoder`` after an update."""
        share = 1 - self.momentum * self.updates.clamp_max(1)
        averages = dict(self.encoder.named_buffers())
        for name, parameter in encoder.named_parameters():
            averages[name].lerp_(parameter, share.to(parameter.dtype))
        self.updates += 1
