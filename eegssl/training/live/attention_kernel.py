"""Tell which attention kernel a model runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import Tensor, nn

from eegssl.encoder.transformer import Transformer


@contextmanager
def kernel_told(model: nn.Module, say: Callable[[str], object]) -> Iterator[None]:
    """Say once, at the first batch in this context, which kernel a model's transformer runs.

    Nothing is said of a model without one, or whose batches don't pass through it.
    """
    transformers = [each for each in model.modules() if isinstance(each, Transformer)]

    def tell(transformer: nn.Module, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        handle.remove()
        assert isinstance(transformer, Transformer)
        tokens: Tensor = given[0]
        keys = named.get("keys", given[1] if len(given) > 1 else None)
        say(f"attention: {transformer.kernel(tokens, keys)}, on {tokens.device.type}")

    if not transformers:
        yield
        return
    handle = transformers[0].register_forward_pre_hook(tell, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
