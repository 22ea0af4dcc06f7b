"""Two views of a window: what their loss is over, and what reaches it."""

import math

import numpy as np
import pytest
import torch
from objective_grains import drawn_grain, model_of, noise_uv, plan_of
from pydantic import ValidationError
from smallencoders import NAMES, small

from eegssl.objectives.config import ContrastiveConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.views.config import ViewsConfig

STILL = dict.fromkeys(ViewsConfig.model_fields, 0)
KINDS = ("nt-xent", "vicreg")


def batch(model, sizes=(4, 3)):
    """Grains of 5 and of 4 channels."""
    grains = []
    for number, size in enumerate(sizes):
        plan = plan_of(NAMES[: 5 - number], size, 3, number=number)
        grains.append(drawn_grain(model, plan, noise_uv(plan, number)))
    return grains


def learned(model, grains):
    model.zero_grad()
    output = model.together(grains)
    output["loss"].backward()
    return output, {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("kind", KINDS)
def test_grains_are_one_batch_in_any_order(kind):
    model = model_of(small(), contrastive={"loss": kind, "projection": 8})
    grains = batch(model)
    output, gradients = learned(model, grains)
    assert gradients.keys() == {n for n, p in model.named_parameters() if p.requires_grad}
    other, expected = learned(model, grains[::-1])
    for name, value in output.items():
        torch.testing.assert_close(other[name], value, msg=name)
    for name, gradient in gradients.items():
        torch.testing.assert_close(expected[name], gradient, atol=1e-5, rtol=1e-3, msg=name)


def test_a_joined_grain_has_the_loss_of_its_parts():
    """Windows are each other's negatives across grains."""
    model = model_of(small(), contrastive={"projection": 8}).double()
    plan = plan_of(NAMES, 7)
    joined = drawn_grain(model, plan, noise_uv(plan).double())

    def rows(tensor, part):
        return torch.cat([half[part] for half in tensor.chunk(len(tensor) // 7)])

    parts = [
        {name: rows(tensor, part) for name, tensor in joined.items()}
        for part in (slice(0, 3), slice(3, 7))
    ]
    whole, expected = learned(model, [joined])
    output, gradients = learned(model, parts)
    for name in whole:
        torch.testing.assert_close(output[name], whole[name], atol=1e-6, rtol=0, msg=name)
    for name, gradient in gradients.items():
        torch.testing.assert_close(expected[name], gradient, atol=1e-9, rtol=1e-6, msg=name)


def test_views_without_changes_are_their_window_and_found():
    model = model_of(small(), contrastive={"views": STILL})
    plan = plan_of(NAMES)
    grain = Grain(model.encoder, drawn_grain(model, plan, noise_uv(plan)))
    assert model.drawn == ()
    views, present = model.objectives["contrastive"].views(grain)
    assert present is None
    assert torch.equal(views, torch.cat([grain["signal_uv"]] * 2))
    output = model.together([drawn_grain(model, plan, noise_uv(plan))])
    assert output["accuracy"] == 1
    assert output["constant_loss"].item() == pytest.approx(math.log(7))
    assert output["chance"].item() == pytest.approx(1 / 7)


def test_the_loss_of_one_embedding_for_all_is_the_constant():
    for kind in KINDS:
        model = model_of(small(), contrastive={"loss": kind})
        for parameter in model.objectives["contrastive"].project.parameters():
            torch.nn.init.constant_(parameter, 0.01)
        last = model.objectives["contrastive"].project[-1]
        torch.nn.init.zeros_(last.weight)
        output = model.together(batch(model))
        torch.testing.assert_close(output["loss"], output["constant_loss"], atol=1e-5, rtol=0)


def test_a_dropped_channel_changes_nothing():
    views = STILL | {"channel_dropout": 0.8}
    model = model_of(small(), contrastive={"views": views})
    plan = plan_of(NAMES)
    signal_uv = noise_uv(plan)
    named = drawn_grain(model, plan, signal_uv)
    present = named["contrastive.present"]
    assert not present.all()
    gone = ~(present[:4] | present[4:])  # in both views
    assert gone.any()
    changed = named | {"signal_uv": torch.where(gone[..., None], 1e4, signal_uv)}
    assert torch.equal(model.together([changed])["loss"], model.together([named])["loss"])


def test_views_are_the_same_for_a_seed_and_step_and_differ_from_each_other():
    model = model_of(small(), contrastive={})
    first, again, later = (model.draw(plan_of(NAMES, step=step)) for step in (0, 0, 1))
    assert first.keys() == set(model.drawn)
    for name, array in first.items():
        assert name.startswith("contrastive.")
        assert np.array_equal(array, again[name])
    assert not np.array_equal(first["contrastive.gain"], later["contrastive.gain"])
    gains = first["contrastive.gain"]
    assert not np.array_equal(gains[:4], gains[4:])


def test_validation_compares_windows_of_all_grains():
    model = model_of(small(), contrastive={})
    grains = batch(model)
    scorer = model.objectives["contrastive"].scorer()
    with torch.no_grad():
        for tensors in grains:
            scorer.add(Grain(model.encoder, tensors), {})
        expected = model.together(grains)
    scores = scorer.numbers("")
    assert scores == pytest.approx({name: value.item() for name, value in expected.items()})
    assert scores["constant_loss"] == pytest.approx(math.log(13))


def test_a_temperature_without_a_softmax_is_refused():
    with pytest.raises(ValidationError, match="temperature is of nt-xent"):
        ContrastiveConfig(loss="vicreg", temperature=0.2)
    assert ContrastiveConfig(views={"shift_patches": 3}).needed_patches == 4
