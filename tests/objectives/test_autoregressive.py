"""Autoregressive: each patch predicts the next of its channel, and has seen nothing of it."""

import math

import numpy as np
import pytest
import torch
from objective_grains import model_of, random_grain, slopes

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.objective import Known
from eegssl.signal.bands import BANDS_HZ

TINY = EncoderConfig(layers=2, width=16, heads=2, ffn=32, causal=True)
KNOWN = Known(np.array([5, 1, 1, 1, 1, 1]), 6)
TARGETS = ("codes", "patch")


def model(target="codes"):
    made = model_of(build_encoder(TINY, 0), known=KNOWN, autoregressive={"target": target})
    if target == "patch":
        made.objectives["autoregressive"].begin([random_grain(9)["signal_uv"]])
    return made


def head_of(made):
    return made.objectives["autoregressive"].head


@pytest.mark.parametrize("target", TARGETS)
def test_one_that_knows_nothing_has_the_loss_of_a_constant(target):
    made = model(target)
    torch.nn.init.zeros_(head_of(made).weight)
    torch.nn.init.zeros_(head_of(made).bias)
    output = made(random_grain(patches=5))
    chance = math.log(6) if target == "codes" else output["constant_loss"].item()
    assert output["loss"].item() == pytest.approx(chance, rel=1e-6)


def test_loss_and_accuracies_are_those_of_next_codes():
    made, tensors = model(), random_grain(patches=5)
    output, codes = made(tensors), tensors["codes"]
    geometry = (tensors[name] for name in ("positions", "located", "regions"))
    log_p = head_of(made)(made.encoder(tensors["signal_uv"], *geometry)).log_softmax(-1)
    places = [(b, c, n) for b in range(4) for c in range(5) for n in range(4)]
    losses = [-log_p[b, c, n, codes[b, c, n + 1]].item() for b, c, n in places]
    assert output["loss"].item() == pytest.approx(np.mean(losses), rel=1e-5)
    right = [log_p[b, c, n].argmax() == codes[b, c, n + 1] for b, c, n in places]
    assert output["accuracy"].item() == pytest.approx(np.mean(right))
    again = [codes[b, c, n] == codes[b, c, n + 1] for b, c, n in places]
    assert output["repeat_accuracy"].item() == pytest.approx(np.mean(again))


def test_the_right_code_for_all_has_no_loss():
    made, tensors = model(), random_grain()
    with torch.no_grad():
        head_of(made).bias[2] = 1e3
    tensors["codes"] = torch.full_like(tensors["codes"], 2)
    output = made(tensors)
    assert output["loss"].item() == 0
    assert output["accuracy"].item() == output["repeat_accuracy"].item() == 1


def test_the_right_spectrum_for_all_has_no_loss():
    made, tensors = model("patch"), random_grain(patches=5)
    one = tensors["signal_uv"][:1, :1, :200]
    tensors["signal_uv"] = one.repeat(4, 5, 5)  # the same patch everywhere
    objective = made.objectives["autoregressive"]
    truth = objective.targets(one[0, 0])
    with torch.no_grad():
        objective.head.weight.zero_()
        objective.head.bias.copy_(truth)
    output = made(tensors)
    assert output["repeat_loss"].item() == pytest.approx(0, abs=1e-6)
    assert output["loss"].item() == pytest.approx(0, abs=1e-5)
    expected = (truth.abs() * objective.targets.share).sum().item()
    assert output["constant_loss"].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("target", TARGETS)
def test_a_prediction_depends_on_nothing_that_it_predicts(target):
    """What is predicted of patch k comes from samples before it alone, bit for bit."""
    made, tensors = model(target), random_grain(patches=5)
    weights = head_of(made).weight
    for k in range(5):
        changed = tensors["signal_uv"].clone()
        changed[..., k * 200 :] = 1e3 * torch.randn_like(changed[..., k * 200 :])
        with torch.no_grad():
            geometry = [tensors[name] for name in ("positions", "located", "regions")]
            before = made.encoder(tensors["signal_uv"], *geometry)[:, :, :k] @ weights.t()
            after = made.encoder(changed, *geometry)[:, :, :k] @ weights.t()
        assert torch.equal(before, after)


def test_samples_of_the_last_patch_play_no_part_in_the_loss_of_codes():
    made, tensors = model(), random_grain()
    loss = made(tensors)["loss"]
    tensors["signal_uv"][..., 400:] = torch.randn_like(tensors["signal_uv"][..., 400:])
    assert torch.equal(made(tensors)["loss"], loss)
    tensors["codes"][:, :, 0] = (tensors["codes"][:, :, 0] + 1) % 6  # nothing predicts the first
    assert torch.equal(made(tensors)["loss"], loss)


@pytest.mark.parametrize("target", TARGETS)
def test_gradients_are_those_of_finite_differences(target):
    by_gradients, by_differences = slopes(model(target), random_grain())
    assert by_differences == pytest.approx(by_gradients, rel=1e-4)


def test_what_the_past_tells_of_the_next_code_is_learned():
    """Rhythms take turns; the code is the rhythm's, so that the last one tells the next."""
    made = model()
    optimiser = torch.optim.AdamW(made.parameters(), lr=3e-3)
    g, t, accuracy = torch.Generator().manual_seed(0), torch.arange(200) / 200, []
    for k in range(60):
        tensors = random_grain(k, patches=4)
        codes = (torch.randint(3, (4, 1, 1), generator=g) + torch.arange(4)) % 3
        codes = codes.expand(4, 5, 4)
        hz = torch.tensor([3.0, 10.0, 25.0])[codes]
        rhythm = 20 * torch.sin(2 * torch.pi * hz[..., None] * t).flatten(2)
        tensors |= {"signal_uv": rhythm + 0.2 * tensors["signal_uv"], "codes": codes.contiguous()}
        output = made(tensors)
        optimiser.zero_grad()
        output["loss"].backward()
        optimiser.step()
        accuracy.append(output["accuracy"].item())
    assert np.mean(accuracy[-10:]) > 0.9


@pytest.mark.parametrize("target", TARGETS)
def test_validation_tells_what_a_constant_and_the_last_patch_reach(target):
    made, tensors = model(target), random_grain(patches=5)
    scorer = made.objectives["autoregressive"].scorer()
    groups = {name: np.ones((4, 5, 5), dtype=bool) for name in ("frontal", *BANDS_HZ)}
    with torch.no_grad():
        scorer.add(Grain(made.encoder, tensors), groups)
        output = made(tensors)
    scores = scorer.numbers("")
    assert scores["loss"] == pytest.approx(output["loss"].item(), rel=1e-5)
    if target == "patch":
        assert scores["constant_loss"] == pytest.approx(output["constant_loss"].item(), rel=1e-5)
        assert scores.keys() >= {"repeat_loss", "r2", "constant_r2", "r2_alpha"}
        return
    counts = np.bincount(tensors["codes"][:, :, 1:].flatten(), minlength=6)
    known = (KNOWN.code_counts + 1) / (KNOWN.code_counts + 1).sum()
    assert scores["constant_loss"] == pytest.approx(-(counts / counts.sum()) @ np.log(known))
    assert scores["repeat_accuracy"] == pytest.approx(output["repeat_accuracy"].item())
    assert scores["accuracy_frontal"] == scores["accuracy"]
