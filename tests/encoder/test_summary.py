"""The summary token stands beside the patches: it reads them, they read it, and a head may."""

import pytest
import torch
from objective_grains import codes_model, grain
from smallencoders import NAMES, given, small

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.groups import by_decay, parameter_groups
from eegssl.adaptation.lora import lora_updates
from eegssl.errors import ConfigError, InputError


def classifier(encoder, per_patch=False, **settings):
    config = AdaptationConfig(**({"pooling": "summary", "kind": "full"} | settings))
    return build_classifier(encoder, 3, config, seed=1, per_patch=per_patch)


def test_it_adds_one_vector_and_leaves_all_other_weights_and_shapes_as_they_were():
    plain, encoder = small(), small(summary=True)
    weights = encoder.state_dict()
    assert weights.keys() - plain.state_dict().keys() == {"summary.weight"}
    assert all(torch.equal(weights[name], t) for name, t in plain.state_dict().items())
    signal_uv, placed, mask = given()
    out = encoder(signal_uv, *placed, mask)
    assert out.shape == plain(signal_uv, *placed, mask).shape
    assert not torch.equal(out, plain(signal_uv, *placed, mask))  # every patch reads it
    layers = list(encoder.layers(signal_uv, *placed))
    assert torch.equal(layers[-1], encoder(signal_uv, *placed))
    assert torch.equal(layers[0], next(plain.layers(signal_uv, *placed)))


def test_it_reads_every_sample_and_not_the_order_of_channels():
    encoder = small(summary=True)
    signal_uv, placed, _ = given()
    signal_uv.requires_grad_()
    summary = encoder.summarise(signal_uv, *placed)
    assert summary.shape == (2, 16)
    weights = torch.randn(2, 16, generator=torch.Generator().manual_seed(1))
    (summary * weights).sum().backward()
    assert (signal_uv.grad.unflatten(-1, (-1, 200)).abs().amax(dim=-1) > 0).all()
    turned = [part.flip(1) for part in (signal_uv, *placed)]
    torch.testing.assert_close(encoder.summarise(*turned), summary, rtol=1e-5, atol=1e-5)


def test_padding_changes_nothing_beside_it():
    encoder = small(summary=True)
    signal_uv, placed, _ = given()
    present = torch.arange(len(NAMES)).expand(2, -1) < len(NAMES) - 1
    fewer = [part[:, :-1] for part in (signal_uv, *placed)]
    padded = encoder(signal_uv, *placed, None, present)
    torch.testing.assert_close(padded[:, :-1], encoder(*fewer), rtol=1e-5, atol=1e-5)


def test_pretraining_reaches_it_through_what_patches_read():
    encoder = small(summary=True)
    signal_uv, placed, mask = given()
    model = codes_model(encoder, 8)
    model(grain(signal_uv, *placed, mask, mask.long()))["loss"].backward()
    assert encoder.summary.weight.grad.abs().max() > 0


@pytest.mark.parametrize("kind", ["full", "lora", "probe"])
def test_a_head_reads_it_and_learns_it_where_the_encoder_learns(kind):
    encoder = small(summary=True)
    signal_uv, placed, _ = given()
    model = classifier(encoder, kind=kind)
    with lora_updates(encoder, model.config, seed=0):
        assert torch.equal(model.embed(signal_uv, *placed), encoder.summarise(signal_uv, *placed))
        assert model(signal_uv, *placed).shape == (2, 3)
        trained = [p for group in parameter_groups(model, 1e-3, 0.1) for p in group["params"]]
    assert any(p is encoder.summary.weight for p in trained) == (kind == "full")
    assert not any(p is encoder.summary.weight for p in by_decay([encoder])[0])


@pytest.mark.parametrize(
    ("summary", "settings", "words"),
    [
        (False, {}, "pretrain one with encoder.summary"),
        (True, {"per_patch": True}, "labels seconds"),
        (True, {"kind": "probe", "layer": 0}, "adaptation.layer is 0"),
        (True, {"kind": "probe", "layer": "best"}, "adaptation.layer is 'best'"),
    ],
)
def test_where_there_is_none_to_read_it_is_refused_with_what_to_do(summary, settings, words):
    with pytest.raises(ConfigError, match=f"{words}.*mean_max"):
        classifier(small(summary=summary), **settings)


def test_a_head_of_attention_reads_patches_and_no_pooling():
    model = classifier(small(summary=True), kind="attention", attention_heads=2, layer=0)
    signal_uv, placed, _ = given()
    assert model.embed(signal_uv, *placed).shape == (2, len(NAMES), 3, 16)


def test_an_encoder_without_one_says_so():
    signal_uv, placed, _ = given()
    with pytest.raises(InputError, match=r"pretrain with encoder\.summary"):
        small().summarise(signal_uv, *placed)
