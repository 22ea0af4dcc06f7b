"""Latent prediction: known losses, no leaks, no gradient to a teacher, parts, collapse."""

from typing import Any

import numpy as np
import pytest
import torch
from objective_grains import drawn, exact_grain, model_of
from torch import Tensor
from torch.nn import functional as F

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import flat_places
from eegssl.errors import ConfigError
from eegssl.masking.config import MaskingConfig
from eegssl.objectives.config import LatentConfig, ObjectiveConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.latent import Latent
from eegssl.objectives.latents.isotropy import epps_pulley, waves
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.training.config import TrainingConfig
from eegssl.training.pretraining.collapse import collapse
from eegssl.training.pretraining.loss_concerns import monitored
from eegssl.training.pretraining.requirements import require_comparable, require_possible

TINY = EncoderConfig(layers=2, width=32, heads=2, ffn=64)
FORMS = ("ema", "none")


def model(teacher: str, **settings: Any) -> WeightedSum:
    return model_of(build_encoder(TINY, 0), latent={"teacher": teacher, **settings})


def objective_of(made: WeightedSum) -> Latent:
    objective = made.objectives["latent"]
    assert isinstance(objective, Latent)
    return objective


def batch(made: WeightedSum, seed: int = 0, channels: int = 5, step: int = 0) -> dict[str, Tensor]:
    tensors = exact_grain(seed, channels)
    return tensors | drawn(made, tensors, step)


def loss_of(made: WeightedSum, *batches: dict[str, Tensor]) -> dict[str, Tensor]:
    return made.together(batches) if made.of_whole_batch else made(*batches)


@pytest.mark.parametrize("form", FORMS)
def test_samples_of_hidden_patches_are_in_no_prediction(form: str) -> None:
    made = model(form)
    tensors = batch(made)
    noise = 1e3 * torch.randn_like(tensors["signal_uv"])
    hidden = tensors["mask"].repeat_interleave(200, -1)
    other = tensors | {"signal_uv": torch.where(hidden, noise, tensors["signal_uv"])}
    objective = objective_of(made)
    grains = [Grain(made.encoder, t) for t in (tensors, other)]
    passes = [objective.passes(grain) for grain in grains]
    both = list(zip(grains, passes, strict=True))
    assert torch.equal(*(objective.predictions(grain, seen) for grain, (_, seen) in both))
    assert not torch.equal(*(objective.targets(whole, grain) for grain, (whole, _) in both))


def test_the_error_is_0_at_the_truth_and_1_for_a_prediction_of_0(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = model("ema")
    tensors, objective = batch(made), objective_of(made)
    grain = Grain(made.encoder, tensors)
    truth = objective.targets(objective.passes(grain)[0], grain)
    for prediction, loss in ((truth, 0.0), (torch.zeros_like(truth), 1.0)):
        monkeypatch.setattr(objective, "predictions", lambda grain, seen, p=prediction: p)
        assert made(tensors)["loss"].item() == pytest.approx(loss, abs=1e-4)


def test_the_teacher_gives_normalised_embeddings_of_whole_windows_without_gradient() -> None:
    made = model("ema")
    grain = Grain(made.encoder, batch(made))
    whole, _ = objective_of(made).passes(grain)
    assert not whole.requires_grad
    torch.testing.assert_close(whole, F.layer_norm(grain.whole.detach(), (32,)))


def test_without_a_teacher_the_loss_is_the_sum_of_its_two_parts() -> None:
    made = model("none", isotropy=0.3)
    tensors = batch(made)
    terms = loss_of(made, tensors)
    objective, grain = objective_of(made), Grain(made.encoder, tensors)
    hidden = tensors["mask"].nonzero()
    whole = made.encoder(*(tensors[n] for n in ("signal_uv", "positions", "located", "regions")))
    target = torch.stack([whole[b, c, n] for b, c, n in hidden.tolist()])
    _, seen = objective.passes(grain)
    error = (objective.predictions(grain, seen) - target).square().mean()
    torch.testing.assert_close(terms["prediction_loss"], error)
    flat, places = whole.flatten(1, 2), tensors["latent.places"]
    directions = tensors["latent.directions"]
    columns = [flat[:, p] @ a for p, a in zip(places, directions, strict=True)]
    statistic = epps_pulley(waves(torch.stack(columns, dim=1)), 4).mean()
    torch.testing.assert_close(terms["isotropy"], statistic)
    torch.testing.assert_close(terms["loss"], 0.7 * error + 0.3 * statistic)
    assert torch.autograd.grad(target.sum(), whole)[0].abs().sum() > 0  # no gradient is stopped


def test_an_encoder_that_writes_place_and_time_alone_is_no_way_out() -> None:
    """Over all places its embeddings are distributed normally; over windows they don't differ."""
    made = model("none")
    objective, g = objective_of(made), torch.Generator().manual_seed(0)
    tensors = batch(made)
    grain = Grain(made.encoder, tensors)
    by_place = torch.randn(1, 5, 3, 32, generator=g).expand(64, 5, 3, 32)
    by_window = torch.randn(64, 5, 3, 32, generator=g)
    far, near = (
        epps_pulley(waves(objective.projections(whole, grain)), 64).mean().item()
        for whole in (by_place, by_window)
    )
    assert near == pytest.approx(1.05, rel=0.15)
    assert far > 20 * near


@pytest.mark.parametrize("form", FORMS)
def test_gradients_reach_every_parameter(form: str) -> None:
    made = model(form)
    torch.nn.init.ones_(made.encoder.spectral.gate)
    loss_of(made, batch(made))["loss"].backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@pytest.mark.parametrize("form", FORMS)
def test_the_gradient_is_that_of_finite_differences(form: str) -> None:
    made = model(form).double()
    tensors = {n: t.double() if t.is_floating_point() else t for n, t in batch(made).items()}
    loss_of(made, tensors)["loss"].backward()
    g = torch.Generator().manual_seed(3)
    learned = [(p, p.grad) for p in made.parameters()]
    ways = [torch.randn(p.shape, generator=g, dtype=p.dtype) * (d != 0) for p, d in learned]
    slope = sum((d * way).sum().item() for (_, d), way in zip(learned, ways, strict=True))
    losses = []
    for size in (1e-6, -2e-6):
        with torch.no_grad():
            for (p, _), way in zip(learned, ways, strict=True):
                p.add_(way, alpha=size)
            losses.append(loss_of(made, tensors)["loss"].item())
    assert (losses[0] - losses[1]) / 2e-6 == pytest.approx(slope, rel=1e-4)


def parts_of(tensors: dict[str, Tensor], *slices: slice) -> list[dict[str, Tensor]]:
    """Windows of a grain as grains of their own."""
    alone = ("latent.directions", "latent.places")
    made = []
    for part in slices:
        some = {n: t[part] for n, t in tensors.items() if n not in (*alone, "hidden")}
        some |= {"hidden": flat_places(some["mask"]), "latent.kept": flat_places(~some["mask"])}
        made.append(some | {n: tensors[n] for n in alone})
    return made


def test_grains_give_what_the_joined_batch_gives() -> None:
    def learned(*slices: slice) -> tuple[Tensor, dict[str, Tensor | None]]:
        made = model("none", isotropy=0.5).double()
        tensors = {n: t.double() if t.is_floating_point() else t for n, t in batch(made).items()}
        loss = loss_of(made, *parts_of(tensors, *slices))["loss"]
        loss.backward()
        return loss.detach(), {n: p.grad for n, p in made.named_parameters()}

    loss, gradients = learned(slice(0, 1), slice(1, 4))
    joined, expected = learned(slice(None))
    torch.testing.assert_close(loss, joined, atol=1e-6, rtol=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=1e-5, msg=name)


def test_grains_of_other_montages_look_along_the_same_directions_at_like_places() -> None:
    made = model("none")
    one, other, later = batch(made), batch(made, 5, 10), batch(made, step=1)
    assert torch.equal(one["latent.directions"], other["latent.directions"])
    assert not torch.equal(one["latent.directions"], later["latent.directions"])
    norms = np.linalg.norm(one["latent.directions"].numpy(), axis=1)
    np.testing.assert_allclose(norms, 1, rtol=1e-5)
    channel, patch = one["latent.places"] // 3, one["latent.places"] % 3
    assert torch.equal(patch, other["latent.places"] % 3)
    assert torch.equal(channel, other["latent.places"] // 3 // 2)
    assert set(one["latent.places"].tolist()) == set(range(15))
    assert loss_of(made, one, other)["loss"].isfinite()


def fitted(form: str, steps: int, **settings: Any) -> tuple[WeightedSum, dict[str, float]]:
    """A model fitted on windows that each have one rhythm, and its scores."""
    made = model(form, **settings).train()
    optimiser = torch.optim.AdamW(made.parameters(), lr=2e-3)
    t = torch.arange(600) / 200

    def tensors(seed: int) -> dict[str, Tensor]:
        g = torch.Generator().manual_seed(seed)
        hz, size = 3 + 20 * torch.rand(4, 1, 1, generator=g), torch.rand(4, 1, 1, generator=g)
        noise = torch.randn(4, 5, 600, generator=g)
        wave = 40 * size * torch.sin(2 * torch.pi * hz * t) + 3 * noise
        return batch(made, seed, step=seed) | {"signal_uv": wave}

    for step in range(steps):
        batches = [tensors(4 * step + k) for k in range(4 if form == "none" else 1)]
        optimiser.zero_grad()
        loss_of(made, *batches)["loss"].backward()
        optimiser.step()
        made.end()
    scorer = made.eval().objectives["latent"].scorer()
    with torch.no_grad():
        for seed in range(10_000, 10_008):
            scorer.add(Grain(made.encoder, tensors(seed)), {})
    return made, scorer.numbers("_block")


def test_without_what_keeps_them_apart_embeddings_collapse_and_a_run_says_so() -> None:
    masking = MaskingConfig(kind="block", exact=True)
    for isotropy, ends in ((0.0, True), (0.5, False)):
        made, scores = fitted("none", 60, isotropy=isotropy)
        words = collapse(made.config, masking, {f"val_{n}": v for n, v in scores.items()})
        assert (words is not None) == ends, scores
        if words:
            assert "objective.latent.isotropy higher" in words


def test_an_effective_rank_of_one_is_a_collapse_for_objectives_that_can_collapse() -> None:
    masking, rank = MaskingConfig(), {"val_effective_rank": 1.2}
    one = ObjectiveConfig.model_validate({"terms": ["latent"], "latent": {"teacher": "ema"}})
    words = collapse(one, masking, rank)
    assert words is not None
    assert "1.20" in words
    assert "momentum" in words
    assert collapse(ObjectiveConfig(), masking, rank) is None
    assert collapse(one, masking, {"val_effective_rank": 5.0}) is None


def test_contradictory_settings_are_refused_by_name() -> None:
    moving = ObjectiveConfig.model_validate({"terms": ["latent"], "latent": {"teacher": "ema"}})
    still = ObjectiveConfig(terms=("latent",))
    assert monitored(moving, MaskingConfig()) is None
    assert monitored(still, MaskingConfig()) == "loss_region"
    for settings in ({"patience": 3}, {"shard": "fsdp2"}):
        training = TrainingConfig(**settings)
        require_comparable(still, training)
        with pytest.raises(ConfigError, match=f"training.{next(iter(settings))}"):
            require_comparable(moving, training)
    with pytest.raises(ConfigError, match=r"masking\.exact=true"):
        require_possible(still, MaskingConfig(), TINY, 4)


@pytest.mark.parametrize(("teacher", "other"), [("ema", "isotropy"), ("none", "momentum")])
def test_settings_of_the_other_form_are_refused(teacher: str, other: str) -> None:
    with pytest.raises(ValueError, match=f"{other} means nothing where teacher is {teacher}"):
        LatentConfig.model_validate({"teacher": teacher, other: 0.5})
