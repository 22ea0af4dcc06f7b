"""Tell which attention kernel a model runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from eegssl.encoder.transformer import Transformer


@contextmanager
def kernel_told(model: nn.Module, say: Callable[[str], object]) -> Iterator[None]:
    """Say once, at the first batch in this context, which kernel a model's transformer runs.

    Nothing is said of a model without one, or whose batches don't pass through it.
    """
    transformers = [each for each in model.modules() if isinstance(each, Transformer)]
    if not transformers:
        yield
        return
    first = _FirstBatch(say)
    first.handle = transformers[0].register_forward_pre_hook(first, with_kwargs=True)
    try:
        yield
    finally:
        first.handle.remove()


class _FirstBatch:
    """Says which kernel runs, once; a copy for a data worker says nothing."""

    handle: RemovableHandle | None = None

    def __init__(self, say: Callable[[str], object]) -> None:
        self.say = say

    def __reduce__(self) -> tuple[type["_FirstBatch"], tuple[Callable[[str], object]]]:
        return _FirstBatch, (_silent,)

    def __call__(
        self, transformer: nn.Module, given: tuple[Any, ...], named: dict[str, Any]
    ) -> None:
        if self.handle is not None:
            self.handle.remove()
        assert isinstance(transformer, Transformer)
        tokens: Tensor = given[0]
        keys = named.get("keys", given[1] if len(given) > 1 else None)
        self.say(f"attention: {transformer.kernel(tokens, keys)}, on {tokens.device.type}")


def _silent(_text: str) -> None:
    """Say nothing."""
