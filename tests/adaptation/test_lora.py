"""LoRA starts as the pretrained encoder, trains its updates alone, and merges without a trace."""

import pytest
import torch
from smallencoders import given, small

from eegssl.adaptation.config import LoraConfig
from eegssl.adaptation.lora import LoraLinear, add_lora, merge_lora

LINEARS = {"qkv": 1, "out": 1, "feed": 2}  # of a block


def embed(encoder):
    signal_uv, placed, _ = given()
    return encoder(signal_uv, *placed)


def trained(encoder, steps=5):
    """Move the updates away from zero, as training does."""
    updates = [p for p in encoder.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(updates, lr=0.05)
    for _ in range(steps):
        optimiser.zero_grad()
        (embed(encoder) ** 3).mean().backward()
        optimiser.step()


def test_before_training_the_outputs_are_the_encoder_s_own():
    encoder = small()
    before = embed(encoder)
    add_lora(encoder, LoraConfig(), seed=1)
    assert torch.equal(embed(encoder), before)


@pytest.mark.parametrize("linears", [("qkv",), ("qkv", "out"), ("qkv", "out", "feed")])
def test_only_the_updates_of_the_chosen_layers_are_trained(linears):
    encoder, rank = small(), 3
    layers = add_lora(encoder, LoraConfig(rank=rank, linears=linears), seed=1)
    assert layers == 2 * sum(LINEARS[name] for name in linears)
    trained = {n: p for n, p in encoder.named_parameters() if p.requires_grad}
    assert {name.rsplit(".", 1)[1] for name in trained} == {"down", "up"}
    inner = [m for m in encoder.modules() if isinstance(m, LoraLinear)]
    sizes = [rank * (m.linear.in_features + m.linear.out_features) for m in inner]
    assert sum(p.numel() for p in trained.values()) == sum(sizes)


def test_merged_it_gives_the_same_output_from_the_plain_encoder_s_layers():
    encoder, plain = small(), small()
    add_lora(encoder, LoraConfig(rank=4), seed=1)
    trained(encoder)
    with torch.no_grad():
        adapted = embed(encoder)
        merge_lora(encoder)
        merged = embed(encoder)
        before = embed(plain)
    assert (adapted - before).abs().max() > 0.1
    assert (adapted - merged).abs().max() < 1e-5
    assert {n: p.shape for n, p in encoder.state_dict().items()} == {
        n: p.shape for n, p in plain.state_dict().items()
    }


def test_the_frozen_layers_stay_as_they_were_until_they_are_merged():
    encoder, plain = small(), small()
    add_lora(encoder, LoraConfig(), seed=1)
    trained(encoder)
    before = plain.state_dict()
    for name, value in encoder.state_dict().items():
        if not name.endswith((".down", ".up")):
            assert torch.equal(value, before[name.replace(".linear.", ".")]), name


def test_alpha_scales_the_update():
    def moved(alpha):
        layer = LoraLinear(torch.nn.Linear(6, 5), 2, alpha)
        with torch.no_grad():
            layer.down.fill_(0.1)
            layer.up.fill_(0.2)
            return layer(torch.ones(6)) - layer.linear(torch.ones(6))

    torch.testing.assert_close(moved(8.0), 2 * moved(4.0))
    torch.testing.assert_close(moved(2.0), torch.full((5,), 2 * 0.2 * 0.6))


def test_same_seed_same_updates_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    first, second, other = small(), small(), small()
    for encoder, seed in ((first, 1), (second, 1), (other, 2)):
        add_lora(encoder, LoraConfig(), seed)
    name = "transformer.blocks.0.attention.qkv.down"
    assert torch.equal(first.get_parameter(name), second.get_parameter(name))
    assert not torch.equal(first.get_parameter(name), other.get_parameter(name))
    assert torch.equal(state, torch.random.get_rng_state())
