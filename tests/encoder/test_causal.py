"""A causal encoder: no embedding depends on later patches, in any way that it is used."""

import pytest
import torch
from pydantic import ValidationError
from smallencoders import NAMES, given, small

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.encoder import flat_places

VARIANTS = [{}, {"spectral": "fourier"}, {"summary": True}, {"qk_norm": True, "layer_scale": 0.1}]
PATCHES = 6


def changed_after(signal_uv, n):
    """The signal with other samples in all patches after n."""
    other = signal_uv.clone()
    other[..., (n + 1) * 200 :] = 500 * torch.randn_like(other[..., (n + 1) * 200 :])
    return other


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
@pytest.mark.parametrize("bf16", [False, True])
def test_later_samples_change_no_embedding(changes, bf16):
    encoder = small(causal=True, **changes)
    signal_uv, placed, mask = given(patches=PATCHES)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        out, masked = encoder(signal_uv, *placed), encoder(signal_uv, *placed, mask)
        for n in range(PATCHES - 1):
            other = changed_after(signal_uv, n)
            again = encoder(other, *placed)
            assert torch.equal(again[:, :, : n + 1], out[:, :, : n + 1])  # bit for bit
            assert (again[:, :, n + 1] != out[:, :, n + 1]).any(dim=-1).all()
            again = encoder(other, *placed, mask)
            assert torch.equal(again[:, :, : n + 1], masked[:, :, : n + 1])


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_a_window_cut_short_has_the_same_embeddings(changes):
    encoder = small(causal=True, **changes)
    signal_uv, placed, _ = given(patches=PATCHES)
    with torch.no_grad():
        whole, begun = encoder(signal_uv, *placed), encoder(signal_uv[..., :600], *placed)
    torch.testing.assert_close(begun, whole[:, :, :3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_gradients_reach_the_past_of_all_channels_and_no_later_patch(changes):
    encoder = small(causal=True, **changes)
    signal_uv, placed, _ = given(patches=PATCHES)
    signal_uv.requires_grad_()
    weights = torch.randn(16, generator=torch.Generator().manual_seed(1))
    (encoder(signal_uv, *placed)[:, 1, 2] * weights).sum().backward()
    moved = signal_uv.grad.unflatten(-1, (-1, 200)).abs().amax(dim=-1) > 0
    assert moved[:, :, :3].all()
    assert not moved[:, :, 3:].any()


def test_the_same_weights_without_the_mask_give_other_embeddings():
    causal, plain = small(causal=True), small()
    plain.load_state_dict(causal.state_dict())
    signal_uv, placed, _ = given(patches=PATCHES)
    ours, theirs = causal(signal_uv, *placed), plain(signal_uv, *placed)
    assert (ours[:, :, :-1] != theirs[:, :, :-1]).any(dim=-1).all()


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_hidden_rows_layers_and_padding_go_on_as_elsewhere(changes):
    encoder = small(causal=True, **changes)
    signal_uv, placed, mask = given(patches=PATCHES)
    present = torch.arange(len(NAMES)).expand(2, -1) < len(NAMES) - 1
    with torch.no_grad():
        out = encoder(signal_uv, *placed)
        rows = encoder.hidden(signal_uv, *placed, mask)
        masked = encoder(signal_uv, *placed, mask).flatten(0, 2)[flat_places(mask)]
        last = list(encoder.layers(signal_uv, *placed))[-1]
        padded = encoder(signal_uv, *placed, None, present)
        fewer = encoder(*[part[:, :-1] for part in (signal_uv, *placed)])
    torch.testing.assert_close(rows, masked, rtol=1e-5, atol=1e-5)
    assert torch.equal(last, out)
    torch.testing.assert_close(padded[:, :-1], fewer, rtol=1e-5, atol=1e-5)


def test_the_summary_token_reads_all_patches():
    encoder = small(causal=True, summary=True)
    signal_uv, placed, _ = given(patches=PATCHES)
    signal_uv.requires_grad_()
    weights = torch.randn(2, 16, generator=torch.Generator().manual_seed(1))
    (encoder.summarise(signal_uv, *placed) * weights).sum().backward()
    assert (signal_uv.grad.unflatten(-1, (-1, 200)).abs().amax(dim=-1) > 0).all()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"normalise": "zscore"}, "normalise is zscore"),
        ({"normalise": "robust", "clip_sigma": 30.0}, "normalise is robust"),
        ({"clip_sigma": 30.0}, "clip_sigma is 30"),
    ],
)
def test_statistics_of_the_window_are_refused(settings, told):
    with pytest.raises(ValidationError, match=told):
        EncoderConfig(causal=True, **settings)
