"""The packet transform against PyWavelets, and what the spectral module makes of it."""

import numpy as np
import pytest
import pywt
import torch

from eegssl.encoder.spectral import WaveletPacketEmbedding
from eegssl.encoder.wavelets import HIGH_PASS, LOW_PASS, packet_matrix


def test_the_filters_are_those_of_pywavelets():
    wavelet = pywt.Wavelet("db8")
    np.testing.assert_allclose(LOW_PASS, wavelet.dec_lo, rtol=0, atol=1e-15)
    np.testing.assert_allclose(HIGH_PASS, wavelet.dec_hi, rtol=0, atol=1e-15)


def by_pywavelets(patch, depth):
    """Leaves in order of frequency, of the patch mirrored to a multiple of 2^depth."""
    missing = -len(patch) % 2**depth
    whole = np.pad(patch, (missing // 2, missing - missing // 2), mode="symmetric")
    tree = pywt.WaveletPacket(whole, "db8", mode="periodization", maxlevel=depth)
    return np.stack([node.data for node in tree.get_level(depth, order="freq")])


@pytest.mark.parametrize(
    ("n_samples", "depth"), [(200, 5), (200, 3), (200, 1), (256, 5), (33, 5), (17, 4), (100, 8)]
)
def test_leaves_are_those_of_pywavelets_in_order_of_frequency(n_samples, depth):
    patch = np.random.default_rng(n_samples).standard_normal(n_samples)
    np.testing.assert_allclose(
        packet_matrix(n_samples, depth) @ patch, by_pywavelets(patch, depth), atol=1e-12
    )


def test_the_module_gives_the_same_coefficients_up_to_its_top_frequency():
    module = WaveletPacketEmbedding(200, 8, 200.0, 75.0, depth=5)
    patches = torch.randn(7, 200, generator=torch.Generator().manual_seed(0))
    leaves = module.packets(patches)
    assert leaves.shape == (7, 24, 7)  # 24 leaves of 3.125 Hz
    for patch, own in zip(patches.numpy(), leaves.numpy(), strict=True):
        np.testing.assert_allclose(own, by_pywavelets(patch.astype(float), 5)[:24], atol=1e-5)


def test_the_transform_keeps_energy_where_nothing_is_mirrored():
    matrix = packet_matrix(224, 5).reshape(224, 224)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(224), atol=1e-12)


@pytest.mark.parametrize("hz", np.linspace(2, 68, 34))
def test_a_sine_is_strongest_in_the_leaf_of_its_frequency_or_next_to_it(hz):
    module = WaveletPacketEmbedding(200, 8, 200.0, 75.0, depth=5)
    angle = 2 * np.pi * hz * torch.arange(200) / 200 + torch.linspace(0, 6, 9)[:, None]
    power = module.packets(torch.sin(angle)).square().sum(dim=-1)
    leaf = int(hz / module.band_hz)
    assert ((power.argmax(dim=-1) - leaf).abs() <= 1).all()
    share = power[:, max(leaf - 1, 0) : leaf + 2].sum(dim=-1) / power.sum(dim=-1)
    assert share.mean() > 0.6  # db8 leaks most across the first split, at 50 Hz


def test_no_features_of_a_patch_see_another():
    module = WaveletPacketEmbedding(200, 8, 200.0, 75.0, depth=5)
    patches = torch.randn(3, 200, generator=torch.Generator().manual_seed(0))
    changed = patches.clone()
    changed[1] = 5.0
    before, after = module(patches), module(changed)
    assert torch.equal(before[[0, 2]], after[[0, 2]])
    assert not torch.equal(before[1], after[1])


def test_loudness_shows_in_the_energies_and_not_in_the_coefficients():
    module = WaveletPacketEmbedding(200, 24 * 8, 200.0, 75.0, depth=5)
    torch.nn.init.eye_(module.coefficients.weight)
    torch.nn.init.zeros_(module.energies.bias)
    with torch.no_grad():
        module.energies.weight.copy_(torch.eye(24 * 8)[:, 24 * 7 :])
    patch = torch.randn(1, 200, generator=torch.Generator().manual_seed(0))
    quiet, loud = module(patch)[0], module(10 * patch)[0]
    torch.testing.assert_close(loud[: 24 * 7], quiet[: 24 * 7], rtol=1e-4, atol=1e-4)
    steps = loud[24 * 7 :] - quiet[24 * 7 :]
    torch.testing.assert_close(steps, torch.full((24,), np.log(10)), rtol=0, atol=1e-2)
