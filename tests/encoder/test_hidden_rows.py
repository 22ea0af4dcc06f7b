"""Hidden patches alone: the rows of a whole pass, and nothing of the last block for others."""

import pytest
import torch
from smallencoders import given, small

from eegssl.encoder import epilepsyfm

SETTINGS = {
    "plain": {},
    "summary": {"summary": True},
    "QK-norm and LayerScale": {"qk_norm": True, "layer_scale": 0.1},
    "checkpointing": {"checkpointing": True},
}


def gradients(encoder, rows):
    weights = torch.randn(rows.shape, generator=torch.Generator().manual_seed(3))
    return torch.autograd.grad((rows * weights).sum(), encoder.parameters(), allow_unused=True)


@pytest.mark.parametrize("name", SETTINGS)
def test_rows_and_gradients_are_those_of_a_whole_pass(name):
    encoder = small(**SETTINGS[name])
    signal_uv, placed, mask = given()
    alone = encoder.hidden(signal_uv, *placed, mask)
    whole = encoder(signal_uv, *placed, mask)[mask]
    assert alone.shape == (mask.sum(), encoder.config.width)
    torch.testing.assert_close(alone, whole, rtol=1e-5, atol=1e-5)
    pairs = zip(gradients(encoder, alone), gradients(encoder, whole), strict=True)
    for ours, theirs in pairs:
        assert (ours is None) == (theirs is None)
        if ours is not None:
            torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-5)


def test_the_last_block_feeds_hidden_patches_forward_and_the_first_all():
    encoder = small()
    signal_uv, placed, mask = given()
    seen = []
    for block in encoder.blocks:
        block.feed.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].shape[:-1]))
    encoder.hidden(signal_uv, *placed, mask)
    assert seen[0] == (len(mask), mask[0].numel())
    assert seen[-1] == (mask.sum(),)


def test_stochastic_depth_leaves_hidden_patches_out_one_by_one():
    encoder = small().train()
    encoder.blocks[-1].drop_path = 0.5
    signal_uv, placed, mask = given()
    rows = encoder.hidden(signal_uv, *placed, mask)
    assert rows.shape == (mask.sum(), encoder.config.width)
    assert torch.isfinite(rows).all()


@pytest.mark.parametrize("name", SETTINGS)
def test_visible_patches_alone_are_embedded_with_the_results_of_all(name, monkeypatch):
    encoder = small(**SETTINGS[name])
    signal_uv, placed, mask = given()
    embedded = []
    encoder.norm_content.register_forward_hook(lambda _, inputs, __: embedded.append(inputs[0]))
    some = encoder.hidden(signal_uv, *placed, mask)
    monkeypatch.setattr(epilepsyfm, "_COUNTING", set())
    every = encoder.hidden(signal_uv, *placed, mask)
    assert [part.shape[0] for part in embedded] == [(~mask).sum(), mask.numel()]
    torch.testing.assert_close(some, every, rtol=1e-5, atol=1e-6)
    for one, other in zip(gradients(encoder, some), gradients(encoder, every), strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
