"""The encoder's promises: equivariance, no mask leak, any size, exactness, strict weights."""

import numpy as np
import pytest
import torch
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.encoder.architectures import build_encoder
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import InputError
from eegssl.signal.channels.electrodes import geometry
from eegssl.signal.channels.positions import EARS
from eegssl.signal.channels.positions import positions as known_positions

TINY = EncoderConfig(layers=2, width=16, heads=2, ffn=32)


def inputs(batch=2, channels=5, patches=3, seed=0, patch_samples=200):
    g = torch.Generator().manual_seed(seed)
    places = torch.from_numpy(np.stack(list(known_positions().values())))
    positions = places[torch.randint(len(places), (batch, channels, 2), generator=g)]
    positions[:, -1, 0] = torch.tensor([0.6, 0.64, 0.48])  # located, but not in the table
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


def placed(*names, batch=1):
    return [torch.from_numpy(np.stack([part] * batch)) for part in geometry(names)]


def test_an_electrode_is_the_same_in_whatever_derivation_it_stands():
    identity = build_encoder(TINY, 0).spatial.identity
    numbers = identity.numbers(*placed("Fp1-F7", "F7", "F7-T7", "T3")[:2])[0]
    assert numbers[0, 1] == numbers[1, 0] == numbers[2, 0] > 0
    assert numbers[2, 1] == numbers[3, 0] > 0
    assert numbers[1, 1] == numbers[3, 1] == 0


def test_every_electrode_of_the_table_is_known_by_its_place():
    identity = build_encoder(TINY, 0).spatial.identity
    table = known_positions()
    positions, located, _ = placed(*[name for name in table if name not in EARS])
    numbers = identity.numbers(positions, located)[0, :, 0]
    assert (numbers > 0).all()
    places = {tuple(p) for name, p in table.items() if name not in EARS}
    assert len(set(numbers.tolist())) == len({tuple(map(float, p)) for p in places})


def test_an_electrode_that_is_only_located_is_told_by_its_position_alone():
    encoder = build_encoder(TINY, 0).eval()
    positions, located, regions = placed("C3", "C4")
    positions[0, 0, 0] = torch.tensor([0.6, 0.64, 0.48])
    assert encoder.spatial.identity.numbers(positions, located).tolist() == [
        [[0, 0], [encoder.spatial.identity.numbers(*placed("C4")[:2])[0, 0, 0], 0]]
    ]
    out = encoder.spatial(positions, located, regions)
    moved = positions.clone()
    moved[0, 0, 0, 0] += 0.1
    assert not torch.equal(encoder.spatial(moved, located, regions), out)


def test_each_part_of_the_spatial_module_can_be_switched_off():
    args = inputs()
    for part, field in (("identity", 1), ("position", 1), ("region", 3)):
        alone = {name: name == part for name in ("identity", "position", "region")}
        encoder = build_encoder(TINY.model_copy(update=alone), 0).eval()
        others = [(1, -args[1]), (2, ~args[2]), (3, 1 - args[3])]
        for index, other in others:
            changed = [other if k == index else a for k, a in enumerate(args)]
            same = torch.equal(encoder(*changed), encoder(*args))
            assert same == (index != field and not (index == 2 and field == 1)), (part, index)


def test_without_the_spatial_module_channels_are_told_apart_by_their_signal_alone():
    off = {"identity": False, "position": False, "region": False}
    encoder = build_encoder(TINY.model_copy(update=off), 0).eval()
    args, others = inputs(), inputs(seed=9)
    assert torch.equal(encoder(*args), encoder(args[0], *others[1:]))


def test_the_position_of_an_absent_electrode_means_nothing():
    encoder = build_encoder(TINY, 0).eval()
    signal_uv, positions, located, regions = inputs()
    located[..., 1] = False
    elsewhere = positions.clone()
    elsewhere[..., 1, :] = -elsewhere[..., 1, :].flip(0)
    same = encoder(signal_uv, elsewhere, located, regions)
    assert torch.equal(encoder(signal_uv, positions, located, regions), same)


def test_no_sample_crosses_a_patch_border_before_the_transformer():
    encoder = build_encoder(TINY, 0).eval()
    signal_uv, *geometry = inputs()
    changed = signal_uv.clone()
    changed[:, :, 200:400] = 5.0
    tokens = []
    encoder.transformer.register_forward_pre_hook(lambda _, args: tokens.append(args[0]))
    for one in (signal_uv, changed):
        encoder(one, *geometry)
    before, after = (t.unflatten(1, (signal_uv.shape[1], -1)) for t in tokens)
    assert torch.equal(before[:, :, [0, 2]], after[:, :, [0, 2]])
    assert not torch.equal(before[:, :, 1], after[:, :, 1])


@examples(25)
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


@pytest.mark.parametrize("normalise", ["scale", "zscore", "robust"])
def test_float32_agrees_with_float64(normalise):
    encoder = build_encoder(TINY.model_copy(update={"normalise": normalise}), 0).eval()
    args, mask = inputs(), some_mask()
    single = encoder(*args, mask)
    doubles = [a.double() if a.is_floating_point() else a for a in args]
    double = encoder.double()(*doubles, mask)
    assert double.dtype == torch.float64
    assert (single - double).norm() / double.norm() < 1e-5


def test_bfloat16_agrees_with_float32():
    encoder = build_encoder(TINY.model_copy(update={"layers": 12}), 0).eval()
    args, mask = inputs(), some_mask()
    single = encoder(*args, mask)
    with torch.autocast("cpu", torch.bfloat16):
        half = encoder(*args, mask)
    assert not torch.equal(half, single)
    assert (half - single).norm() / single.norm() < 2e-2


def test_checkpointing_changes_no_gradient():
    gradients = []
    for checkpointing in (False, True):
        config = TINY.model_copy(update={"checkpointing": checkpointing, "dropout": 0.1})
        encoder = build_encoder(config, 0).train()
        torch.manual_seed(5)
        encoder(*inputs(), some_mask()).square().sum().backward()
        gradients.append([p.grad for p in encoder.parameters()])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))


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
    torch.nn.init.ones_(encoder.spectral.gate)  # at the start it lets no gradient through
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
    other = build_encoder(TINY, 1)
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
