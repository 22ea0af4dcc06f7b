"""Heads beside the linear one: attention finds the patch that matters, prototypes the class."""

import pytest
import torch
from smallencoders import given, small

from eegssl.adaptation.classifier import build_classifier
from eegssl.adaptation.config import AdaptationConfig
from eegssl.adaptation.heads import AttentionPooling, PrototypeHead
from eegssl.encoder.pooling import pool
from eegssl.errors import ConfigError


def pooling(width=8, heads=2):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return AttentionPooling(width, heads)


def test_attention_begins_as_the_mean_of_all_patches():
    layer, embeddings = pooling(), torch.randn(3, 5, 4, 8)
    torch.testing.assert_close(layer(embeddings), layer.value(embeddings.mean(dim=(1, 2))))
    torch.testing.assert_close(layer(embeddings, True), layer.value(embeddings.mean(dim=1)))


def test_attention_does_not_see_the_order_of_channels():
    layer, embeddings = pooling(), torch.randn(3, 5, 4, 8)
    torch.nn.init.normal_(layer.score.weight)
    shuffled = embeddings[:, [4, 0, 3, 1, 2]]
    torch.testing.assert_close(layer(embeddings), layer(shuffled))
    torch.testing.assert_close(layer(embeddings, True), layer(shuffled, True))


def test_attention_learns_a_focal_mark_that_a_mean_drowns():
    g = torch.Generator().manual_seed(0)
    embeddings = torch.randn(256, 8, 4, 8, generator=g)
    truth = torch.arange(256) % 2
    embeddings[truth == 1, 3, 2, 0] += 6  # one patch of 32
    layer, head = pooling(), torch.nn.Linear(8, 2)
    optimiser = torch.optim.AdamW([*layer.parameters(), *head.parameters()], lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(head(layer(embeddings)), truth).backward()
        optimiser.step()
    assert (head(layer(embeddings)).argmax(dim=1) == truth).float().mean() > 0.95


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ConfigError, match=r"attention_heads is 3.*width 8"):
        pooling(heads=3)


def test_a_prototype_is_the_mean_direction_of_its_class_from_the_common_centre():
    offset = torch.tensor([100.0, 100.0, 100.0])
    examples = offset + torch.tensor([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [0, 1, 0], [0, 3, 0]])
    head = PrototypeHead(3, 2)
    head.fit(examples, torch.tensor([0, 0, 1, 1, 1]))
    said = head(offset + torch.tensor([[[5.0, 0, 0], [0, 5, 0]]]))
    assert said.shape == (1, 2, 2)
    assert said[0].argmax(dim=-1).tolist() == [0, 1]
    assert not list(head.parameters())


def test_a_prototype_model_learns_nothing_by_gradient():
    model = build_classifier(small(), 3, AdaptationConfig(kind="prototypes"), 0)
    assert not [n for n, p in model.named_parameters() if p.requires_grad]


@pytest.mark.parametrize("kind", ["probe", "attention", "full", "prototypes"])
def test_heads_of_seconds_give_logits_for_each_patch_of_time(kind):
    model = build_classifier(small(), 2, AdaptationConfig(kind=kind), 0, per_patch=True).eval()
    signal_uv, placed, _ = given(patches=3)
    assert model(signal_uv, *placed).shape == (2, 3, 2)


def test_pooling_by_patch_keeps_time_and_leaves_out_padding():
    embeddings = torch.randn(2, 4, 3, 5)
    present = torch.tensor([[True, True, False, True]] * 2)
    said = pool(embeddings, "mean_max", per_patch=True)
    assert said.shape == (2, 3, 10)
    torch.testing.assert_close(said[:, :, :5], embeddings.mean(dim=1))
    torch.testing.assert_close(said[:, :, 5:], embeddings.amax(dim=1))
    there = embeddings[:, [0, 1, 3]]
    padded = pool(embeddings, "mean_max", present, per_patch=True)
    torch.testing.assert_close(padded, pool(there, "mean_max", per_patch=True))


def test_a_number_is_told_in_its_own_unit():
    model = build_classifier(small(), 1, AdaptationConfig(), 0)
    model.set_scale(50.0, 10.0)
    said = model.say(torch.tensor([[0.0], [-1.0], [2.0]], dtype=torch.float64))
    assert said[:, 0].tolist() == [50, 40, 70]


def test_temperature_changes_how_sure_and_never_which():
    model = build_classifier(small(), 2, AdaptationConfig(), 0)
    logits = torch.tensor([[0.0, 3.0], [1.0, 0.0]], dtype=torch.float64)
    sharp = model.say(logits)
    model.temperature = 3.0
    flat = model.say(logits)
    assert (flat.argmax(dim=1) == sharp.argmax(dim=1)).all()
    assert (flat.amax(dim=1) < sharp.amax(dim=1)).all()
