"""Visible patches embedded alone are those of a window that has no others."""

import pytest
import torch
from smallencoders import given, small
from torch import Tensor

from eegssl.encoder.encoder import flat_places


def exact_mask(shape: tuple[int, ...], share: float = 0.4) -> Tensor:
    order = torch.rand(shape, generator=torch.Generator().manual_seed(1)).flatten(1)
    n = max(int(share * order.shape[1]), 1)
    mask = torch.zeros_like(order, dtype=torch.bool)
    return mask.scatter(1, order.argsort(dim=1)[:, :n], True).view(shape)


CHANGES = [{}, {"summary": True}, {"normalise": "zscore", "clip_sigma": 30.0}, {"causal": True}]
CHANGES += [{"causal": True, "summary": True}, {"temporal": False}]
CHANGES += [{"identity": False, "position": False, "region": False}]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_they_are_what_whole_windows_of_them_give(changes: dict[str, object]) -> None:
    """Channels hidden altogether: the others are a window of fewer channels."""
    encoder = small(**changes).eval()
    signal_uv, placed, mask = given(batch=3)
    mask = torch.zeros_like(mask)
    mask[:, ::2] = True
    kept = flat_places(~mask)
    shown = encoder.visible(signal_uv, *placed, mask, kept)
    rest = encoder(signal_uv[:, 1::2], *(part[:, 1::2] for part in placed))
    torch.testing.assert_close(shown, rest.flatten(1, 2))


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_nothing_hidden_is_in_them_and_with_none_hidden_they_are_all(
    changes: dict[str, object],
) -> None:
    encoder = small(**changes).eval()
    signal_uv, placed, mask = given(batch=3)
    mask = exact_mask(mask.shape)
    kept = flat_places(~mask)
    shown = encoder.visible(signal_uv, *placed, mask, kept)
    assert shown.shape == (3, int((~mask[0]).sum()), encoder.config.width)
    noise = torch.where(mask.repeat_interleave(encoder.config.patch_samples, -1), 1e4, signal_uv)
    assert torch.equal(encoder.visible(noise, *placed, mask, kept), shown)
    every = torch.zeros_like(mask)
    whole = encoder.visible(signal_uv, *placed, every, flat_places(~every))
    torch.testing.assert_close(whole, encoder(signal_uv, *placed).flatten(1, 2))


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_beside_whole_windows_both_are_what_they_are_apart(changes: dict[str, object]) -> None:
    encoder = small(**changes).eval()
    signal_uv, placed, mask = given(batch=3)
    mask = exact_mask(mask.shape)
    kept = flat_places(~mask)
    whole, shown = encoder.whole_and_visible(signal_uv, *placed, mask, kept)
    torch.testing.assert_close(whole, encoder(signal_uv, *placed))
    torch.testing.assert_close(shown, encoder.visible(signal_uv, *placed, mask, kept))
    noise = torch.where(mask.repeat_interleave(encoder.config.patch_samples, -1), 1e4, signal_uv)
    other, again = encoder.whole_and_visible(noise, *placed, mask, kept)
    assert torch.equal(again, shown)
    assert not torch.equal(other, whole)
