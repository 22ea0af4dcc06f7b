"""Padding: channels that aren't there change nothing, in the encoder and in what pools it."""

import pytest
import torch
from smallencoders import NAMES, given, small

from eegssl.encoder.pooling import pool
from eegssl.errors import InputError


def padded(tensor, value):
    """Two more channels, full of ``value``."""
    extra = torch.full((tensor.shape[0], 2, *tensor.shape[2:]), value).to(tensor.dtype)
    return torch.cat([tensor, extra], dim=1)


@pytest.mark.parametrize("normalise", ["scale", "zscore", "robust"])
@pytest.mark.parametrize("value", [0.0, 300.0, float("nan")])
def test_padding_changes_nothing(normalise, value):
    encoder = small(normalise=normalise)
    signal_uv, placed, mask = given()
    present = torch.arange(len(NAMES) + 2).expand(2, -1) < len(NAMES)
    more = [padded(part, 1) for part in placed]
    with torch.no_grad():
        out = encoder(signal_uv, *placed, mask)
        wide = encoder(padded(signal_uv, value), *more, padded(mask, 1), present)
    torch.testing.assert_close(wide[:, : len(NAMES)], out, rtol=1e-5, atol=1e-5)
    assert (wide[:, len(NAMES) :] == 0).all()
    for kind in ("mean", "max", "mean_max"):
        torch.testing.assert_close(
            pool(wide, kind, present=present), pool(out, kind), rtol=1e-5, atol=1e-5
        )


def test_padding_gets_no_gradient():
    encoder = small()
    signal_uv, placed, _ = given()
    present = torch.ones(2, len(NAMES), dtype=torch.bool)
    present[0, 3] = False
    signal_uv.requires_grad_()
    pool(encoder(signal_uv, *placed, present=present), "mean_max", present=present).sum().backward()
    assert (signal_uv.grad[0, 3] == 0).all()
    assert (signal_uv.grad[1, 3] != 0).any()


def test_windows_of_a_batch_do_not_touch_each_other():
    encoder = small(normalise="zscore")
    signal_uv, placed, _ = given()
    present = torch.ones(2, len(NAMES), dtype=torch.bool)
    present[0, 3] = False
    with torch.no_grad():
        both = encoder(signal_uv, *placed, present=present)
        alone = encoder(signal_uv[1:], *[part[1:] for part in placed])
    torch.testing.assert_close(both[1:], alone, rtol=1e-5, atol=1e-5)


def test_a_wrong_mask_of_padding_is_told_with_what_was_expected():
    signal_uv, placed, _ = given()
    with pytest.raises(InputError, match=r"bool present \[B, C\] of shape \(2, 5\)"):
        small()(signal_uv, *placed, present=torch.ones(2, 4, dtype=torch.bool))
