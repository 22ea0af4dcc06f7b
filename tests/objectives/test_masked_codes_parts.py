"""Parts of a batch, weighed by their hidden patches, teach what the joined batch teaches."""

import pytest
import torch
from objective_grains import codes_model, counted, grain

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig

PARTS = (slice(0, 1), slice(1, 4))
TINY = EncoderConfig(layers=1, width=16, heads=2, ffn=32)


def batch():
    g = torch.Generator().manual_seed(0)
    positions = torch.nn.functional.normalize(torch.randn(4, 5, 2, 3, generator=g), dim=-1)
    located = torch.ones(4, 5, 2, dtype=torch.bool)
    regions = torch.nn.functional.one_hot(torch.arange(5), 8).float().expand(4, 5, 8)
    signal_uv = 30 * torch.randn(4, 5, 600, generator=g)
    share = torch.tensor([0.9, 0.2, 0.3, 0.0])[:, None, None]  # parts hide unequally many
    mask = torch.rand(4, 5, 3, generator=g) < share
    codes = torch.randint(6, (4, 5, 3), generator=g)
    return signal_uv, positions, located, regions, mask, codes


def learned(symmetric, parts):
    """Loss, terms and gradients of a batch in parts, each weighed by what its means are over."""
    encoder = build_encoder(TINY, 0)
    model = codes_model(encoder, 6, symmetric=symmetric)
    pieces = [[tensor[part] for tensor in batch()] for part in parts]
    counts = [counted(model, piece[4]) for piece in pieces]
    sums = {}
    for piece, count in zip(pieces, counts, strict=True):
        output = model(grain(*piece))
        (output["loss"] * count / sum(counts)).backward()
        for name in ("accuracy", "top5"):
            share = output[name].detach() * count / sum(counts)
            sums[name] = sums.get(name, 0) + share
        sums["loss"] = sums.get("loss", 0) + output["loss"].detach() * count / sum(counts)
    return sums, {n: p.grad for n, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_weighed_mean_of_parts_is_that_of_the_joined_batch(symmetric):
    terms, gradients = learned(symmetric, PARTS)
    joined, expected = learned(symmetric, [slice(None)])
    assert expected
    for name, value in joined.items():
        torch.testing.assert_close(terms[name], value, msg=name)
    for name, gradient in expected.items():
        torch.testing.assert_close(gradients[name], gradient, atol=1e-6, rtol=1e-4, msg=name)


def test_a_part_in_which_nothing_is_hidden_teaches_nothing():
    encoder = build_encoder(TINY, 0)
    model = codes_model(encoder, 6)
    *args, mask, codes = [tensor[3:] for tensor in batch()]
    assert not mask.any()
    assert counted(model, mask) == 0
    assert model(grain(*args, mask, codes))["loss"].item() == 0
