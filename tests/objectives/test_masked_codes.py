"""Masked codes: the loss sees hidden patches only, can be learned, and counts what it says."""

import pytest
import torch
from objective_grains import codes_model, counted, grain

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import InputError

TINY = EncoderConfig(layers=2, width=32, heads=2, ffn=64)


def batch(seed=0, n_codes=6):
    g = torch.Generator().manual_seed(seed)
    positions = torch.nn.functional.normalize(torch.randn(4, 5, 2, 3, generator=g), dim=-1)
    located = torch.ones(4, 5, 2, dtype=torch.bool)
    regions = torch.nn.functional.one_hot(torch.arange(5), 8).float().expand(4, 5, 8)
    signal_uv = 30 * torch.randn(4, 5, 600, generator=g)
    mask = torch.rand(4, 5, 3, generator=g) < 0.5
    codes = torch.randint(n_codes, (4, 5, 3), generator=g)
    return [signal_uv, positions, located, regions], mask, codes


def objective(n_codes=6, **settings):
    return codes_model(build_encoder(TINY, 0), n_codes, **settings)


def test_loss_and_terms_are_those_of_the_hidden_patches():
    args, mask, codes = batch()
    model = objective()
    output = model(grain(*args, mask, codes))
    logits = model.objectives["codes"].head(model.encoder(*args, mask))
    hidden = [(logits[i, j, k], codes[i, j, k]) for i, j, k in mask.nonzero().tolist()]
    losses = [-torch.log_softmax(one, 0)[truth] for one, truth in hidden]
    top5 = [truth in one.argsort(descending=True)[:5] for one, truth in hidden]
    torch.testing.assert_close(output["loss"], torch.stack(losses).mean())
    assert counted(model, mask) == len(hidden)
    accuracy = sum(one.argmax() == truth for one, truth in hidden) / len(hidden)
    assert output["accuracy"].item() == pytest.approx(float(accuracy))
    assert output["top5"].item() == pytest.approx(sum(top5) / len(top5))
    common = codes[mask].bincount().max() / mask.sum()
    assert output["most_frequent_accuracy"].item() == pytest.approx(float(common))
    assert output["ratio"].item() == pytest.approx(mask.float().mean().item())


def test_codes_of_visible_patches_and_samples_of_hidden_ones_play_no_part():
    args, mask, codes = batch()
    model = objective()
    loss = model(grain(*args, mask, codes))["loss"]
    other = torch.where(mask, codes, (codes + 1) % 6)
    noise = 1e3 * torch.randn_like(args[0])
    args[0] = torch.where(mask.repeat_interleave(200, -1), noise, args[0])
    assert torch.equal(model(grain(*args, mask, other))["loss"], loss)


def test_the_symmetric_pass_counts_every_patch_once():
    args, mask, codes = batch()
    symmetric = objective(symmetric=True)
    both = symmetric(grain(*args, mask, codes))
    one, complement = (objective()(grain(*args, m, codes)) for m in (mask, ~mask))
    assert counted(symmetric, mask) == mask.numel()
    n = mask.sum()
    mean = (one["loss"] * n + complement["loss"] * (~mask).sum()) / mask.numel()
    torch.testing.assert_close(both["loss"], mean)


def test_what_visible_channels_tell_of_hidden_ones_is_learned():
    """Each window has one rhythm everywhere; its code is the rhythm's."""
    g = torch.Generator().manual_seed(0)
    model = objective(n_codes=3)
    optimiser = torch.optim.AdamW(model.parameters(), lr=2e-3)
    t = torch.arange(600) / 200
    accuracy = []
    for _ in range(60):
        (_, *geometry), mask, _ = batch(int(torch.randint(10**6, (), generator=g)))
        kind = torch.randint(3, (4,), generator=g)
        hz = torch.tensor([3.0, 10.0, 25.0])[kind]
        rhythm = torch.sin(2 * torch.pi * hz[:, None, None] * t)
        signal_uv = 20 * rhythm + 5 * torch.randn(4, 5, 600, generator=g)
        output = model(grain(signal_uv, *geometry, mask, kind[:, None, None].expand(4, 5, 3)))
        optimiser.zero_grad()
        output["loss"].backward()
        optimiser.step()
        accuracy.append(output["accuracy"].item())
    assert sum(accuracy[-10:]) / 10 > 0.9


def test_gradient_reaches_every_parameter():
    args, mask, codes = batch()
    model = objective()
    torch.nn.init.ones_(model.encoder.spectral.gate)  # at the start it lets no gradient through
    model(grain(*args, mask, codes))["loss"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_codes_of_another_tiling_are_refused():
    args, mask, codes = batch()
    with pytest.raises(InputError, match=r"\(4, 5, 2\) and \(4, 5, 3\)"):
        objective()(grain(*args, mask, codes[..., :2]))
