"""Tell before a training how much of the disk its checkpoints take."""

import shutil

from torch import nn

from eegssl.artifacts.context import Context
from eegssl.training.ranks.together import Begun

_COPIES = 3  # the last, the one before, and one that is being written


def checkpoint_bytes(model: nn.Module, *, with_best: bool) -> int:
    """Size of a checkpoint: weights, best weights where they are kept, and AdamW's two moments."""
    weights = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    moments = 2 * sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad)
    return weights * (1 + with_best) + moments


def tell_room(begun: Begun, model: nn.Module, context: Context, *, with_best: bool) -> None:
    """Say what checkpoints take and what is free, on the first rank; warn where it is too little.

    No part of the artifact: what is free is another number every day.
    """
    if begun.writer is None:
        return
    needed = _COPIES * checkpoint_bytes(model, with_best=with_best)
    free = shutil.disk_usage(begun.writer.work).free
    words = f"checkpoints take up to {needed:,} bytes in {begun.work}; {free:,} are free there"
    if free < needed:
        context.progress.warn(f"{words}: make room, or the training will stop for want of it")
    else:
        context.progress.say(words)
