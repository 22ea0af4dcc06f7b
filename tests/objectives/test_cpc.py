"""Future patches from the past: known values, and that the future does not reach a prediction."""

import math

import pytest
import torch
from objective_grains import drawn_grain, model_of, noise_uv, plan_of
from smallencoders import NAMES, small

from eegssl.objectives.config import CpcConfig
from eegssl.objectives.cpc import info_nce
from eegssl.objectives.grain import Grain


def vectors(*shape, seed=0):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=g, dtype=torch.float64)


def made(ahead=2, **plan):
    """A model, and the tensors of a grain of 6 patches for it."""
    model = model_of(small(), cpc={"ahead": ahead, "content": 8})
    plan = plan_of(NAMES, **{"n_patches": 6} | plan)
    return model, drawn_grain(model, plan, noise_uv(plan))


def loss_of(guesses, contents, temperature=0.1):
    return info_nce(guesses, contents, temperature)[0].mean()


def test_equal_contents_have_the_loss_of_a_guess():
    contents = vectors(1, 3, 2, 8).expand(9, 3, 2, 8)
    losses, _ = info_nce(vectors(9, 3, 2, 8, seed=1), contents, 0.1)
    assert losses.shape == (9, 6)
    torch.testing.assert_close(losses, torch.full_like(losses, math.log(9)))


def test_random_guesses_are_near_the_loss_of_a_guess():
    losses, hits = info_nce(vectors(200, 4, 2, 64), vectors(200, 4, 2, 64, seed=1), 1.0)
    assert losses.mean().item() == pytest.approx(math.log(200), abs=0.02)
    assert hits.double().mean().item() == pytest.approx(1 / 200, abs=0.005)


def test_at_truth_the_loss_vanishes():
    contents = torch.eye(12, dtype=torch.float64)[:, None, None].expand(12, 3, 2, 12)
    losses, hits = info_nce(5 * contents, contents, 0.05)
    assert hits.all()
    assert losses.max().item() == pytest.approx(math.log(1 + 11 * math.exp(-20)), abs=1e-12)


def test_candidates_are_the_same_place_of_other_windows():
    guesses, contents = vectors(5, 3, 2, 4), vectors(5, 3, 2, 4, seed=1)
    losses, _ = info_nce(guesses, contents, 0.3)
    cosine = torch.nn.functional.cosine_similarity
    for c, k in ((0, 0), (2, 1)):
        logits = cosine(guesses[3, c, k][None], contents[:, c, k], dim=-1) / 0.3
        expected = -logits.log_softmax(dim=0)[3]
        torch.testing.assert_close(losses[3, 2 * c + k], expected)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(info_nce(guesses[order], contents[order], 0.3)[0], losses[order])


def test_gradients_are_those_of_finite_differences():
    given = [vectors(3, 2, 1, 3, seed=k).requires_grad_() for k in range(2)]
    assert torch.autograd.gradcheck(lambda a, b: loss_of(a, b, 0.5), given)


def test_nothing_after_the_cut_reaches_a_guess():
    model, tensors = made()
    cpc, cut = model.objectives["cpc"], 200 * len(tensors["cpc.past"])
    changed = dict(tensors, signal_uv=tensors["signal_uv"].clone())
    changed["signal_uv"][..., cut:] = math.nan
    guesses = [cpc.guesses(Grain(model.encoder, given)) for given in (tensors, changed)]
    assert torch.equal(*guesses)
    assert guesses[0].isfinite().all()


def test_a_content_is_of_its_own_patch():
    model, tensors = made()
    cpc, first = model.objectives["cpc"], len(tensors["cpc.past"])
    contents = cpc.contents(Grain(model.encoder, tensors))
    changed = dict(tensors, signal_uv=tensors["signal_uv"].clone())
    changed["signal_uv"][1, 2, 200 * (first + 1) :] *= -2
    others = cpc.contents(Grain(model.encoder, changed))
    differs = (contents != others).any(dim=-1)
    assert differs[1, 2, 1]
    assert differs.sum() == 1


def test_cuts_leave_half_a_window_and_all_that_is_predicted():
    for n_patches, ahead, expected in (
        (10, 3, {5, 6, 7}),
        (4, 3, {1}),
        (3, 1, {1, 2}),
        (2, 1, {1}),
    ):
        model = model_of(small(), cpc={"ahead": ahead})
        plans = [plan_of(NAMES, n_patches=n_patches, step=step) for step in range(30)]
        assert {len(model.draw(plan)["cpc.past"]) for plan in plans} == expected
        assert CpcConfig(ahead=ahead).needed_patches <= n_patches


def test_every_weight_learns_and_a_guess_is_told():
    model, tensors = made()
    output = model(tensors)
    output["loss"].backward()
    learning = {n for n, p in model.named_parameters() if p.requires_grad}
    assert {n for n, p in model.named_parameters() if p.grad is not None} == learning
    assert output["chance"] == 0.25
    assert output["constant_loss"].item() == pytest.approx(math.log(4))
    alone, tensors = made(n_windows=1)
    assert alone(tensors)["loss"] == 0


def waves(seed, n_windows=16):
    """Sines of a frequency of each window's own, in noise: [B, C, T]."""
    g = torch.Generator().manual_seed(seed)
    freqs_hz = 2 + 28 * torch.rand(n_windows, 1, 1, generator=g)
    phase = 6.28 * torch.rand(n_windows, 1, 1, generator=g)
    wave = 40 * torch.sin(2 * math.pi * freqs_hz * torch.arange(800) / 200 + phase)
    return wave + 10 * torch.randn(n_windows, len(NAMES), 800, generator=g)


def test_it_learns_to_predict_waves_of_windows_that_it_has_not_seen():
    model = model_of(small(), cpc={"ahead": 1, "content": 16})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(100):
        optimizer.zero_grad()
        plan = plan_of(NAMES, 16, 4, step=step)
        model(drawn_grain(model, plan, waves(step)))["loss"].backward()
        optimizer.step()
    with torch.no_grad():
        output = model(drawn_grain(model, plan_of(NAMES, 16, 4), waves(999)))
    assert output["loss"] < output["constant_loss"] - 0.5
    assert output["accuracy"] > 3 * output["chance"]
