"""Reconstruction: known losses, nothing of hidden samples in a prediction, learned waves."""

import pytest
import torch
from objective_grains import counted, grain, model_of, random_grain
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from eegssl.encoder import epilepsyfm
from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.objectives.grain import Grain
from eegssl.objectives.weighted_sum import WeightedSum

TINY = EncoderConfig(layers=2, width=32, heads=2, ffn=64)
KINDS = ("waveform", "spectrum", "bands")


def model(target: str = "bands", pooled: float = 0.1) -> WeightedSum:
    made = model_of(build_encoder(TINY, 0), reconstruct={"target": target, "pooled": pooled})
    for each in made.objectives.values():
        each.begin([random_grain(seed)["signal_uv"] for seed in range(3)])
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_the_loss_is_0_at_the_truth_and_the_mean_deviation_where_nothing_is_known(
    kind: str,
) -> None:
    objective = model(kind).objectives["reconstruct"]
    batch = Grain(build_encoder(TINY, 0), random_grain(7))
    truth = objective.target(batch)
    both = {"patch_loss": truth, "pooled_loss": truth}
    assert objective.loss_of(truth, both)[0].item() == 0
    nothing = {name: torch.zeros_like(truth) for name in both}
    chance = objective.loss_of(truth, nothing)[0].item()
    if kind == "waveform":  # of standard normal numbers: 0.8 of a deviation
        assert chance == pytest.approx(1.1 * (2 / torch.pi) ** 0.5, rel=0.05)
    reference = [
        sum(abs(float(v)) * float(w) for v, w in zip(row, objective.targets.share, strict=True))
        for row in truth
    ]
    assert chance == pytest.approx(1.1 * sum(reference) / len(reference), rel=1e-4)


def test_the_pooled_vector_counts_a_tenth() -> None:
    output = model()(random_grain())
    whole = output["patch_loss"] + 0.1 * output["pooled_loss"]
    torch.testing.assert_close(output["loss"], whole)
    alone = model(pooled=0.0)(random_grain())
    assert "pooled_loss" not in alone
    torch.testing.assert_close(alone["loss"], alone["patch_loss"])


@pytest.mark.parametrize("pooled", [0.0, 0.1])
def test_samples_of_hidden_patches_are_in_no_prediction(pooled: float) -> None:
    """Every hidden sample becomes noise: patches that overlapped would carry it over."""
    made, tensors = model(pooled=pooled), random_grain()
    noise = 1e3 * torch.randn_like(tensors["signal_uv"])
    hidden = tensors["mask"].repeat_interleave(200, -1)
    other = tensors | {"signal_uv": torch.where(hidden, noise, tensors["signal_uv"])}
    objective = made.objectives["reconstruct"]
    before, after = (objective.predictions(Grain(made.encoder, t)) for t in (tensors, other))
    assert not torch.equal(*(objective.target(Grain(made.encoder, t)) for t in (tensors, other)))
    for name, numbers in before.items():
        assert torch.equal(numbers, after[name]), name


def test_the_pooled_vector_is_made_of_visible_patches_alone() -> None:
    pooling = model().objectives["reconstruct"].pooled
    embeddings, mask = torch.randn(4, 5, 3, 32), torch.rand(4, 5, 3) < 0.5
    other = torch.where(mask[..., None], 1e3, embeddings)
    assert torch.equal(pooling.pool(embeddings, mask), pooling.pool(other, mask))
    order = torch.randperm(5)
    shuffled = pooling.pool(embeddings[:, order], mask[:, order])
    torch.testing.assert_close(shuffled, pooling.pool(embeddings, mask))


@pytest.mark.parametrize("pooled", [0.0, 0.1])
def test_parts_give_what_the_joined_batch_gives(pooled: float) -> None:
    tensors = {n: t for n, t in random_grain().items() if n not in ("hidden", "codes.visible")}
    names = ("signal_uv", "positions", "located", "regions", "mask")

    def learned(parts: list[slice]) -> tuple[Tensor, dict[str, Tensor]]:
        made = model(pooled=pooled).double()
        pieces = [[tensors[n][part] for n in names] for part in parts]
        pieces = [[t.double() if t.is_floating_point() else t for t in each] for each in pieces]
        counts = [counted(made, piece[4]) for piece in pieces]
        total = 0
        for piece, n in zip(pieces, counts, strict=True):
            loss = made(grain(*piece))["loss"] * n / sum(counts)
            loss.backward()
            total = total + loss.detach()
        return total, {n: p.grad for n, p in made.named_parameters() if p.grad is not None}

    loss, gradients = learned([slice(0, 1), slice(1, 4)])
    joined, expected = learned([slice(None)])
    torch.testing.assert_close(loss, joined, atol=1e-6, rtol=1e-6)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=1e-5, msg=name)


def test_gradients_reach_every_parameter() -> None:
    made = model()
    torch.nn.init.ones_(made.encoder.spectral.gate)
    made(random_grain())["loss"].backward()
    for name, parameter in made.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_what_visible_patches_tell_is_learned_and_explained_by_band() -> None:
    """Each window has one rhythm of one size everywhere."""
    made = model_of(build_encoder(TINY, 0), reconstruct={})
    g, t = torch.Generator().manual_seed(0), torch.arange(600) / 200

    def tensors(seed: int) -> dict[str, Tensor]:
        named = random_grain(seed)
        size = 40 * torch.rand(4, 1, 1, generator=g)
        noise = torch.randn(4, 5, 600, generator=g)
        return named | {"signal_uv": size * torch.sin(2 * torch.pi * 10 * t) + noise}

    objective = made.objectives["reconstruct"]
    objective.begin([tensors(seed)["signal_uv"] for seed in range(20)])
    optimiser = torch.optim.AdamW(made.parameters(), lr=2e-3)

    def scored() -> dict[str, float]:
        scorer = objective.eval().scorer()
        with torch.no_grad():
            for seed in range(100, 108):
                scorer.add(Grain(made.encoder.eval(), tensors(seed)), {})
        made.train()
        return scorer.numbers("_random")

    before = scored()
    for step in range(80):
        optimiser.zero_grad()
        made(tensors(step))["loss"].backward()
        optimiser.step()
    after = scored()
    assert after["loss_random"] < before["loss_random"]
    assert after["loss_random"] < after["constant_loss_random"]
    assert after["r2_alpha_random"] > 0.5 > after["r2_gamma_random"]
    assert after["constant_r2_random"] <= 0


@pytest.mark.parametrize("pooled", [0.0, 0.1])
def test_operations_are_those_that_torch_counts(
    pooled: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a GPU, which embeds hidden patches too."""
    monkeypatch.setattr(epilepsyfm, "_COUNTING", ())
    made, tensors = model(pooled=pooled), random_grain()
    with torch.no_grad(), sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        made(tensors)
    flops = made.flops(tuple(tensors["mask"].shape), int(tensors["mask"].sum()))
    assert flops == pytest.approx(counter.get_total_flops(), rel=0.03)


def test_a_reference_of_the_pooled_vector() -> None:
    pooling = model().objectives["reconstruct"].pooled
    embeddings, mask = torch.randn(1, 2, 3, 32), torch.tensor([[[True, False, False], [True] * 3]])
    rows = embeddings[0, 0, 1:]
    weights = F.softmax(rows @ pooling.query / 32**0.5, dim=0)
    torch.testing.assert_close(pooling.pool(embeddings, mask)[0], weights @ rows)
