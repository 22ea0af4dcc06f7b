"""An encoder gives its embeddings at every depth, from one pass, and no deeper than is asked."""

from itertools import islice

import pytest
import torch
from smallencoders import given, small

from eegssl.encoder.encoder import Encoder


def window() -> list[torch.Tensor]:
    signal_uv, placed, _ = given()
    return [signal_uv, *placed]


def block_calls(encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that grows by the index of each block that runs."""
    calls: list[int] = []
    for index, block in enumerate(encoder.blocks):
        forward = block.forward

        def counted(*inputs, index=index, forward=forward):
            calls.append(index)
            return forward(*inputs)

        monkeypatch.setattr(block, "forward", counted)
    return calls


def test_the_first_layer_lies_below_the_blocks_and_the_last_is_the_embedding() -> None:
    encoder, inputs = small(), window()
    embedding, after_one, last = encoder.layers(*inputs)
    assert torch.equal(last, encoder(*inputs))
    tokens = encoder.blocks[0](embedding.flatten(1, 2))
    assert torch.equal(after_one.flatten(1, 2), tokens)
    above = encoder.norm(encoder.blocks[1](tokens))
    torch.testing.assert_close(last.flatten(1, 2), above)


def test_a_block_above_the_layer_that_is_read_never_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, inputs = small(), window()
    calls = block_calls(encoder, monkeypatch)
    next(islice(encoder.layers(*inputs), 1, None))
    assert calls == [0]


def test_all_layers_together_take_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, inputs = small(), window()
    calls = block_calls(encoder, monkeypatch)
    assert len(list(encoder.layers(*inputs))) == 3
    assert calls == [0, 1]
