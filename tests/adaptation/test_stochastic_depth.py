"""Stochastic depth is for each sample, in training only, keeps the mean, and can be repeated."""

import pytest
import torch
from smallencoders import given, small
from torch import Tensor, nn

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.stochastic_depth import set_drop_path
from eegssl.encoder.encoder import Encoder
from eegssl.encoder.transformer import Block
from eegssl.errors import ConfigError


def embedded(encoder: Encoder, seed: int = 0) -> Tensor:
    signal_uv, placed, _ = given()
    torch.manual_seed(seed)
    return encoder(signal_uv, *placed)


def deep(rate: float, **changes: object) -> Encoder:
    encoder = small(**changes).train()
    set_drop_path(encoder, rate)
    return encoder


def test_the_chance_rises_linearly_to_the_last_block() -> None:
    assert [block.drop_path for block in deep(0.3).blocks] == pytest.approx([0.15, 0.3])


def test_it_acts_in_training_only_and_changes_no_weight() -> None:
    encoder, plain = deep(0.5), small()
    assert encoder.state_dict().keys() == plain.state_dict().keys()
    assert not torch.equal(embedded(encoder), embedded(plain.train()))
    assert torch.equal(embedded(encoder.eval()), embedded(plain.eval()))
    assert torch.equal(embedded(deep(0.0)), embedded(plain.train()))


def test_the_same_seed_leaves_out_the_same_and_another_one_others() -> None:
    encoder = deep(0.5)
    assert torch.equal(embedded(encoder, 1), embedded(encoder, 1))
    assert len({embedded(encoder, seed).sum().item() for seed in range(8)}) > 2


def test_without_it_nothing_is_drawn() -> None:
    encoder = deep(0.0)
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    encoder(*[given()[0], *given()[1]])
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("scale", [None, 0.5])
def test_a_sample_has_a_part_whole_or_not_at_all_and_the_mean_stays(scale: float | None) -> None:
    torch.manual_seed(0)
    block, rate, n = Block(16, 2, 32, 0.0, layer_scale=scale), 0.25, 4000
    one = torch.randn(1, 3, 16)
    for parameter in block.feed[3].parameters():
        torch.nn.init.zeros_(parameter)  # only the part of attention adds anything
    added = block(one) - one
    block.drop_path = rate
    drawn = block(one.expand(n, -1, -1)) - one
    size = drawn.flatten(1).norm(dim=1)
    assert (drawn[size < 1e-6].shape[0] / n) == pytest.approx(rate, abs=0.03)
    for sample in drawn[size > 1e-6][:20]:
        torch.testing.assert_close(sample, added[0] / (1 - rate), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(drawn.mean(dim=0), added[0], rtol=0.05, atol=1e-3)


def test_both_parts_are_drawn_apart() -> None:
    torch.manual_seed(0)
    block = Block(16, 2, 32, 0.0)
    block.drop_path = 0.5
    out = block(torch.randn(1, 3, 16).expand(200, -1, -1)).detach()
    assert len({round(float(one.sum()), 4) for one in out}) == 4


def test_checkpointing_leaves_out_the_same_again() -> None:
    gradients = []
    for checkpointing in (False, True):
        encoder = deep(0.5, checkpointing=checkpointing)
        embedded(encoder, 5).square().sum().backward()
        gradients.append([p.grad for p in encoder.parameters() if p.grad is not None])
    assert len(gradients[0]) == len(gradients[1]) > 20
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


@pytest.mark.parametrize(("kind", "acts"), [("probe", False), ("attention", False), ("full", True)])
def test_a_frozen_encoder_is_whole(kind: str, acts: bool) -> None:
    encoder = small()
    signal_uv, placed, _ = given()
    config = AdaptationConfig(kind=kind, drop_path=0.9, attention_heads=2)
    model = build_classifier(encoder, 2, config, seed=0).train()
    before = model.embed(signal_uv, *placed)
    set_drop_path(encoder, config.drop_path)
    torch.manual_seed(0)
    assert torch.equal(model.embed(signal_uv, *placed), before) != acts


def test_an_encoder_of_other_blocks_is_tuned_without_it_and_refuses_it() -> None:
    encoder = small()
    encoder.transformer.blocks[0] = nn.Identity()
    set_drop_path(encoder, 0.0)
    with pytest.raises(ConfigError, match=r"adaptation.drop_path is 0.1, .*\(Identity\) can't"):
        set_drop_path(encoder, 0.1)
