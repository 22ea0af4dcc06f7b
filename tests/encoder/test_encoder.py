"""The encoder's promises: equivariance, no mask leak, any size, exactness, strict weights."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from eegssl.encoder.config import EncoderConfig
from eegssl.encoder.model import Encoder, build_encoder
from eegssl.errors import InputError

TINY = EncoderConfig(layers=2, width=16, heads=2, ffn=32)


def inputs(batch=2, channels=5, patches=3, seed=0, patch_samples=200):
    g = torch.Generator().manual_seed(seed)
    positions = torch.nn.functional.normalize(
        torch.randn(batch, channels, 2, 3, generator=g), dim=-1
    )
    located = torch.rand(batch, channels, 2, generator=g) < 0.7
    regions = (torch.rand(batch, channels, 8, generator=g) < 0.2).float()
    signal_uv = 30 * torch.randn(batch, channels, patches * patch_samples, generator=g)
    return [signal_uv, positions * located[..., None], located, regions]


def some_mask(batch=2, channels=5, patches=3, seed=1):
    g = torch.Generator().manual_seed(seed)
    return torch.rand(batch, channels, patches, generator=g) < 0.5


def test_permuting_channels_with_their_geometry_permutes_the_output():
    encoder = build_encoder(TINY, 0).eval()
    args, mask = inputs(), some_mask()
    order = torch.randperm(5, generator=torch.Generator().manual_seed(3))
    out = encoder(*args, mask)
    permuted = encoder(*[a[:, order] for a in args], mask[:, order])
    torch.testing.assert_close(permuted, out[:, order], rtol=1e-5, atol=1e-5)


def test_a_channel_is_told_apart_by_where_it_lies():
    encoder = build_encoder(TINY, 0).eval()
    signal_uv, positions, located, regions = inputs()
    located[:] = True
    out = encoder(signal_uv, positions, located, regions)
    assert (encoder(signal_uv, -positions, located, regions) - out).abs().max() > 1e-3
    assert (encoder(signal_uv, positions, ~located, regions) - out).abs().max() > 1e-3
    assert (encoder(signal_uv, positions, located, 1 - regions) - out).abs().max() > 1e-3


def test_the_position_of_an_absent_electrode_means_nothing():
    encoder = build_encoder(TINY, 0).eval()
    signal_uv, positions, located, regions = inputs()
    located[..., 1] = False
    elsewhere = positions.clone()
    elsewhere[..., 1, :] = 7.0
    same = encoder(signal_uv, elsewhere, located, regions)
    assert torch.equal(encoder(signal_uv, positions, located, regions), same)


def test_hidden_samples_reach_no_output_bit_by_bit():
    encoder = build_encoder(TINY, 0).eval()
    args, mask = inputs(), some_mask()
    out = encoder(*args, mask)
    hidden = mask.repeat_interleave(200, dim=-1)
    for replacement in (torch.zeros(()), 1e4 * torch.randn_like(args[0])):
        changed = torch.where(hidden, replacement, args[0])
        assert torch.equal(encoder(changed, *args[1:], mask), out)
    assert not torch.equal(encoder(torch.where(hidden, args[0], 0 * args[0]), *args[1:], mask), out)


def test_no_sample_crosses_a_patch_border_before_the_transformer():
    encoder = build_encoder(TINY, 0).eval()
    signal_uv = inputs()[0]
    changed = signal_uv.clone()
    changed[:, :, 200:400] = 5.0
    before, after = encoder.embed_patches(signal_uv), encoder.embed_patches(changed)
    assert torch.equal(before[:, :, [0, 2]], after[:, :, [0, 2]])
    assert not torch.equal(before[:, :, 1], after[:, :, 1])


@settings(deadline=None, max_examples=25)
@given(st.integers(1, 64), st.integers(1, 40))
def test_any_number_of_channels_and_patches_goes_through(channels, patches):
    encoder = build_encoder(EncoderConfig(layers=1, width=4, heads=1, ffn=4), 0).eval()
    with torch.inference_mode():
        out = encoder(*inputs(1, channels, patches), some_mask(1, channels, patches))
    assert out.shape == (1, channels, patches, 4)
    assert out.isfinite().all()


@pytest.mark.parametrize(("patch_samples", "sfreq_hz"), [(100, 200), (256, 256), (33, 100)])
def test_other_patches_and_rates_fit(patch_samples, sfreq_hz):
    config = TINY.model_copy(
        update={"patch_samples": patch_samples, "sfreq_hz": sfreq_hz, "top_hz": 45}
    )
    out = build_encoder(config, 0)(*inputs(patch_samples=patch_samples))
    assert out.shape == (2, 5, 3, 16)


def test_float32_agrees_with_float64():
    encoder = build_encoder(TINY, 0).eval()
    args, mask = inputs(), some_mask()
    single = encoder(*args, mask)
    doubles = [a.double() if a.is_floating_point() else a for a in args]
    double = encoder.double()(*doubles, mask)
    assert double.dtype == torch.float64
    assert (single - double).norm() / double.norm() < 1e-5


def test_flat_and_huge_patches_stay_finite_with_finite_gradients():
    encoder = build_encoder(TINY, 0)
    args = inputs()
    args[0][:, 0] = 0
    args[0][:, 1] = 3.0
    args[0][:, 2] *= 1e4
    out = encoder(*args)
    out.square().sum().backward()
    assert out.isfinite().all()
    assert all(p.grad.isfinite().all() for n, p in encoder.named_parameters() if n != "mask_token")


def test_gradient_reaches_every_parameter():
    encoder = build_encoder(TINY, 0)
    weights = torch.randn(2, 5, 3, 16, generator=torch.Generator().manual_seed(0))
    (encoder(*inputs(), some_mask()) * weights).sum().backward()
    for name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_same_seed_same_weights_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    first, same, other = (build_encoder(TINY, seed).state_dict() for seed in (1, 1, 2))
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["mask_token"], other["mask_token"])


def test_weights_load_strictly():
    weights = build_encoder(TINY, 0).state_dict()
    other = Encoder(TINY)
    other.load_state_dict(weights)
    assert torch.equal(other.eval()(*inputs()), build_encoder(TINY, 0).eval()(*inputs()))
    weights.pop("mask_token")
    with pytest.raises(RuntimeError, match="mask_token"):
        other.load_state_dict(weights)


def test_wrong_shapes_are_told_with_what_was_expected():
    encoder = build_encoder(TINY, 0)
    signal_uv, *geometry = inputs()
    with pytest.raises(ValueError, match=r"multiple of patch_samples=200.*got \(2, 5, 599\)"):
        encoder(signal_uv[..., :-1], *geometry)
    with pytest.raises(InputError, match=r"expected a bool mask .* \(2, 5, 3\)"):
        encoder(signal_uv, *geometry, some_mask(2, 5, 4))
    with pytest.raises(InputError, match=r"regions \[B, C, 8\]"):
        encoder(signal_uv, *geometry[:2], geometry[2][..., :7])
    with pytest.raises(ValueError, match="multiple of heads"):
        EncoderConfig(width=30, heads=4)
