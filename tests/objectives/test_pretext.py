"""Pretext tasks: slices embedded alone, compared in pairs or triplets of known distances."""

import math

import numpy as np
import pytest
import torch
from objective_grains import drawn, model_of, random_grain, slopes, windows_of
from pydantic import ValidationError

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.config import PretextConfig
from eegssl.objectives.grain import GEOMETRY, Grain
from eegssl.objectives.pretext import comparisons

TINY = EncoderConfig(layers=2, width=16, heads=2, ffn=32, normalise="zscore")
TASKS = ("relative-positioning", "temporal-shuffling")


def model(task=TASKS[0], encoder=TINY, **settings):
    return model_of(build_encoder(encoder, 0), pretext={"task": task, **settings})


def given(made, **changes):
    tensors = random_grain(patches=10, **changes)
    return tensors | drawn(made, tensors)


@pytest.mark.parametrize("task", TASKS)
def test_a_head_of_zeros_has_the_loss_of_a_guess(task):
    made = model(task)
    for parameter in made.objectives["pretext"].head.parameters():
        torch.nn.init.zeros_(parameter)
    output = made(given(made))
    assert output["loss"].item() == pytest.approx(math.log(2))
    assert output["accuracy"].item() == 0.5  # classes are balanced


def test_comparisons_are_of_the_distances_that_they_claim():
    near, far = comparisons(TASKS[0], 10, 2, 4)
    gaps = near[:, 1] - near[:, 0], far[:, 1] - far[:, 0]
    assert set(gaps[0]) == {1, 2}
    assert set(gaps[1]) == {4, 5, 6, 7, 8, 9}
    assert len(near) == 9 + 8
    between, outside = comparisons(TASKS[1], 10, 3, 4)
    for table in (between, outside):
        assert set(table[:, 2] - table[:, 0]) == {2, 3}
    assert (between[:, 0] < between[:, 1]).all()
    assert (between[:, 1] < between[:, 2]).all()
    assert np.abs(outside[:, [1]] - outside[:, [0, 2]]).min() == 4


@pytest.mark.parametrize("task", TASKS)
def test_windows_of_fewest_patches_have_both_classes_and_shorter_ones_have_not(task):
    settings = PretextConfig(task=task, slice_patches=3)
    tables = comparisons(task, settings.needed_slices, settings.near, settings.far)
    assert all(len(table) for table in tables)
    assert settings.needed_patches == 3 * settings.needed_slices
    assert not len(comparisons(task, settings.needed_slices - 1, settings.near, settings.far)[1])


@pytest.mark.parametrize("changes", [{"near": 4}, {"near": 1, "task": TASKS[1]}], ids=str)
def test_distances_that_leave_a_class_empty_are_refused(changes):
    with pytest.raises(ValidationError, match="near"):
        PretextConfig(**changes)


def test_slices_are_drawn_by_seed_step_and_grain():
    made = model()
    first = given(made)["pretext.slices"]
    assert first.shape == (4, 8, 2)
    assert torch.equal(given(made)["pretext.slices"], first)
    tensors = random_grain(patches=10)
    assert not torch.equal(drawn(made, tensors, step=1)["pretext.slices"], first)
    assert not torch.equal(drawn(made, tensors, number=1)["pretext.slices"], first)


def test_a_slice_is_embedded_as_a_window_of_its_own():
    made = model(slice_patches=2)
    tensors = random_grain(patches=11)
    grain = Grain(made.encoder, tensors)
    slices = made.objectives["pretext"].embed(grain)
    assert slices.shape == (4, 5, 16)
    alone = made.encoder(tensors["signal_uv"][..., 800:1200], *grain.geometry)
    torch.testing.assert_close(slices[:, 2], alone.mean(dim=(1, 2)), rtol=1e-5, atol=1e-5)


def test_where_a_slice_lies_in_its_window_is_not_to_be_seen():
    """With all slices alike nothing is left but their places, and every difference is 0."""
    made, tensors = model(), random_grain(patches=10)
    tensors["signal_uv"] = tensors["signal_uv"][..., :200].repeat(1, 1, 10)
    slices = made.objectives["pretext"].embed(Grain(made.encoder, tensors))
    torch.testing.assert_close(slices, slices[:, :1].expand_as(slices), rtol=1e-5, atol=1e-6)


def test_the_order_of_channels_and_of_a_pair_plays_no_part():
    made = model()
    tensors = given(made)
    loss = made(tensors)["loss"]
    turned = tensors | {name: tensors[name].flip(1) for name in ("signal_uv", *GEOMETRY)}
    torch.testing.assert_close(made(turned)["loss"], loss)
    pairs = tensors["pretext.slices"].flip(-1)
    torch.testing.assert_close(made(tensors | {"pretext.slices": pairs})["loss"], loss)


@pytest.mark.parametrize("task", TASKS)
def test_parts_of_a_batch_teach_what_the_joined_batch_does(task):
    made = model(task).double()
    tensors = {n: t.double() if t.is_floating_point() else t for n, t in given(made).items()}
    losses, gradients = [], []
    for parts in ([slice(0, 4)], [slice(0, 1), slice(1, 4)]):
        made.zero_grad()
        shares = [
            made(windows_of(tensors, part))["loss"] * (part.stop - part.start) / 4 for part in parts
        ]
        torch.stack(shares).sum().backward()
        losses.append(sum(share.item() for share in shares))
        learned = [p for p in made.parameters() if p.requires_grad]
        gradients.append(torch.cat([p.grad.flatten() for p in learned]))
    assert losses[0] == pytest.approx(losses[1], abs=1e-12)
    torch.testing.assert_close(*gradients, atol=1e-10, rtol=0)


@pytest.mark.parametrize("task", TASKS)
def test_gradients_are_those_of_finite_differences(task):
    made = model(task)
    by_gradients, by_differences = slopes(made, given(made))
    assert by_differences == pytest.approx(by_gradients, rel=1e-4)


@pytest.mark.parametrize("task", TASKS)
def test_slices_that_change_with_time_are_placed(task):
    """A rhythm's frequency drifts through a window from where it begins: near slices are alike."""
    plain = EncoderConfig(layers=1, width=16, heads=2, ffn=32)
    made = model(task, plain, near=3)
    optimiser = torch.optim.AdamW(made.parameters(), lr=3e-3)
    g, t, accuracy = torch.Generator().manual_seed(0), torch.arange(200) / 200, []
    for k in range(150):
        tensors = random_grain(k, patches=10)
        hz = 4 + 3 * torch.rand(4, 1, 1, generator=g) + 2.5 * torch.arange(10)
        rhythm = 20 * torch.sin(2 * torch.pi * hz[..., None] * t).flatten(2).expand(4, 5, 2000)
        tensors["signal_uv"] = rhythm + 0.1 * tensors["signal_uv"]
        output = made(tensors | drawn(made, tensors, step=k))
        optimiser.zero_grad()
        output["loss"].backward()
        optimiser.step()
        accuracy.append(output["accuracy"].item())
    assert np.mean(accuracy[-20:]) > 0.8


def test_validation_tells_what_a_guess_reaches():
    made = model()
    scorer = made.objectives["pretext"].scorer()
    tensors = given(made)
    with torch.no_grad():
        scorer.add(Grain(made.encoder, tensors), {})
        loss = made(tensors)["loss"].item()
    scores = scorer.numbers("_region")
    assert scores["loss_region"] == pytest.approx(loss)
    assert scores["chance_loss_region"] == math.log(2)
    assert scores["chance_region"] == 0.5
