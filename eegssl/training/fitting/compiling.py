"""Compile the blocks of a model while it trains."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn

from eegssl.training.fitting.sharding import blocks_of

BACKEND = "inductor"
"""torch's default; it needs a C++ compiler on a CPU, Triton on a GPU."""


@contextmanager
def compiled(model: nn.Module, wanted: bool) -> Iterator[None]:
    """Let each block of a model run compiled, if ``wanted``, as long as this context lasts.

    Blocks alone: they are most of the work, all alike, and so compiled once for each number of
    channels; the loss has another size at every step.
    """
    blocks = blocks_of(model) if wanted else []
    for block in blocks:
        block.compile(backend=BACKEND)
    try:
        yield
    finally:
        for block in blocks:
            block._compiled_call_impl = None
