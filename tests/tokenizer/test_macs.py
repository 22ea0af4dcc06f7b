"""Nothing that a Mac's GPU lacks lies on the way of a training step: float64, segment sums."""

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import build_tokenizer

SMALL = TokenizerConfig(n_codes=16, width=16, code_dim=16)


class NoLackingOperations(TorchDispatchMode):
    """Fails at an operation that makes float64, or that sums segments."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        assert "segment_reduce" not in str(func), func
        for leaf in tree_leaves(made):
            assert not isinstance(leaf, torch.Tensor) or leaf.dtype != torch.float64, func
        return made


@pytest.mark.parametrize(
    "settings",
    [{}, {"quantizer": "residual", "waveform_weight": 1.0}, {"quantizer": "random-projection"}],
)
def test_a_step_and_what_follows_it_need_neither(settings):
    tokenizer = build_tokenizer(SMALL.model_copy(update=settings), 0)
    signal_uv = 30 * torch.randn(4, 3, 800, generator=torch.Generator().manual_seed(0))
    with NoLackingOperations():
        tokenizer.start_codebook(signal_uv, seed=0)
        tokenizer(signal_uv).loss.backward()
        tokenizer.reconstruct(tokenizer.encode(signal_uv))


def test_the_check_can_fail():
    with pytest.raises(AssertionError), NoLackingOperations():
        torch.ones(2, dtype=torch.float64)
