"""Adaptation: a probe leaves the encoder as it was, full training reaches all of it."""

import pytest
import torch
from torch.nn import functional as F

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.groups import parameter_groups
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig

TINY = EncoderConfig(layers=2, width=16, heads=2, ffn=32, dropout=0.5)


def windows(seed=0, batch=6):
    g = torch.Generator().manual_seed(seed)
    positions = torch.nn.functional.normalize(torch.randn(batch, 4, 2, 3, generator=g), dim=-1)
    regions = torch.nn.functional.one_hot(torch.arange(4), 8).float().expand(batch, 4, 8)
    located = torch.ones(batch, 4, 2, dtype=torch.bool)
    return [30 * torch.randn(batch, 4, 400, generator=g), positions, located, regions]


def classifier(**settings):
    return build_classifier(build_encoder(TINY, 0), 3, AdaptationConfig(**settings), seed=1)


def step(model, labels):
    optimiser = torch.optim.AdamW(parameter_groups(model, 1e-2, 0.1))
    F.cross_entropy(model(*windows()), labels).backward()
    optimiser.step()


def test_a_probe_leaves_the_encoder_as_it_was_and_in_evaluation_mode():
    model = classifier(kind="probe").train()
    assert model.training
    assert not any(module.training for module in model.encoder.modules())
    assert torch.equal(model.embed(*windows()), model.embed(*windows()))  # no dropout
    before = {name: value.clone() for name, value in model.state_dict().items()}
    step(model, torch.tensor([0, 1, 2, 0, 1, 2]))
    changed = {name for name, v in model.state_dict().items() if not torch.equal(before[name], v)}
    assert changed == {"head.weight", "head.bias"}
    assert not model.embed(*windows()).requires_grad


def test_full_training_reaches_every_parameter_but_the_mask_token():
    model = classifier(kind="full").train()
    torch.nn.init.ones_(model.encoder.spectral.gate)  # at the start it lets no gradient through
    assert model.encoder.training
    step(model, torch.tensor([0, 1, 2, 0, 1, 2]))
    for name, parameter in model.named_parameters():
        if name == "encoder.mask_token":
            assert parameter.grad is None
        else:
            assert parameter.grad is not None, name
            assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("kind", ["probe", "full"])
def test_every_trained_parameter_lies_in_one_group(kind):
    model = classifier(kind=kind)
    grouped = [p for group in parameter_groups(model, 1.0, 0.1) for p in group["params"]]
    assert len(grouped) == len({id(p) for p in grouped})
    assert {id(p) for p in grouped} == {id(p) for p in model.parameters() if p.requires_grad}


def test_rates_fall_from_the_head_to_the_embeddings():
    model = classifier(kind="full", layer_decay=0.5, head_lr_scale=10)
    groups = {group["name"]: group for group in parameter_groups(model, 1.0, 0.1)}
    rates = {name: groups[name]["lr"] for name in ("head", "block1", "block0", "embeddings")}
    assert rates == {"head": 10, "block1": 0.5, "block0": 0.25, "embeddings": 0.125}
    assert groups["block0"]["weight_decay"] == 0.1
    assert groups["block0.vectors"]["weight_decay"] == 0


@pytest.mark.parametrize("pooling", ["mean", "mean_max"])
def test_logits_have_a_column_per_class(pooling):
    assert classifier(pooling=pooling)(*windows()).shape == (6, 3)


def test_dropout_acts_before_the_head_in_training_only():
    model = classifier(dropout=0.5)
    model.eval()
    assert torch.equal(model(*windows()), model(*windows()))
    model.train()
    assert not torch.equal(model(*windows()), model(*windows()))


def test_same_seed_same_head_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    assert torch.equal(classifier().head.weight, classifier().head.weight)
    assert torch.equal(state, torch.random.get_rng_state())
