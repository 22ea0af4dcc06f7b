"""Hidden samples reach no visible token, no prediction and no gradient, bit by bit."""

import itertools

import pytest
import torch
from smallencoders import NAMES, given, small

VARIANTS = [
    {"normalise": normalise, "temporal": temporal, "spectral": spectral}
    for normalise, (temporal, spectral) in itertools.product(
        ("scale", "zscore", "robust"),
        [(True, "wavelet"), (True, "fourier"), (True, "off"), (False, "wavelet")],
    )
]
VARIANTS += [{"identity": False}, {"position": False}, {"region": False}]
VARIANTS += [{"qk_norm": True, "layer_scale": 0.1}, {"summary": True}]
VARIANTS += [{"clip_sigma": 1.0, "normalise": kind} for kind in ("scale", "zscore", "robust")]


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
@pytest.mark.parametrize("bf16", [False, True])
def test_hidden_samples_reach_no_output(changes, bf16):
    encoder = small(**changes)
    signal_uv, placed, mask = given()
    hidden = mask.repeat_interleave(200, dim=-1)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        out = encoder(signal_uv, *placed, mask)
        for replacement in (0.0, 1e4, float("inf"), float("nan")):
            changed = torch.where(hidden, replacement, signal_uv)
            assert torch.equal(encoder(changed, *placed, mask), out)
        seen = torch.where(hidden, signal_uv, 2 * signal_uv + signal_uv.roll(1, -1))
        assert not torch.equal(encoder(seen, *placed, mask), out)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_hidden_samples_have_no_gradient_and_visible_ones_have(changes):
    encoder = small(**changes)
    signal_uv, placed, mask = given()
    signal_uv.requires_grad_()
    weights = torch.randn(2, len(NAMES), 3, 16, generator=torch.Generator().manual_seed(1))
    (encoder(signal_uv, *placed, mask) * weights).sum().backward()
    patches = signal_uv.grad.unflatten(-1, (-1, 200)).abs().amax(dim=-1)
    assert (patches[mask] == 0).all()
    assert (patches[~mask] > 0).all()


def test_a_window_that_hides_everything_stays_finite():
    signal_uv, placed, mask = given()
    for normalise, spectral in itertools.product(
        ("scale", "zscore", "robust"), ("wavelet", "fourier", "off")
    ):
        encoder = small(normalise=normalise, spectral=spectral)
        assert encoder(signal_uv, *placed, torch.ones_like(mask)).isfinite().all()
