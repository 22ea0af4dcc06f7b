"""The tokenizer: learns, uses its codebook, and codes a patch by that patch alone."""

import math

import pytest
import torch
from sklearn.cluster import KMeans
from torch.nn.functional import normalize

from eegssl.tokenizer import tokenizer as model_module
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.diagnostics import codebook_usage, starving_message
from eegssl.tokenizer.spectrum import amplitude_of, patches_of, spectrum_of
from eegssl.tokenizer.tokenizer import build_tokenizer

SMALL = TokenizerConfig(n_codes=64, width=32, code_dim=16)


def mixed_sines(seed, batch=4, channels=8, patches=10, sfreq_hz=200, noise_uv=2.0):
    """Two sines per patch, 5 to 60 µV, 1 to 20 Hz, any phase, in a little noise: [B, C, T]."""
    g = torch.Generator().manual_seed(seed)
    shape = (batch, channels, patches, 2, 1)
    t = torch.arange(200) / sfreq_hz
    hz = torch.randint(1, 21, shape, generator=g)
    phase = 2 * math.pi * torch.rand(shape, generator=g)
    amplitude = 5 * torch.exp(2.5 * torch.rand(shape, generator=g))
    signal = (amplitude * torch.sin(2 * math.pi * hz * t + phase)).sum(-2)
    return (signal + noise_uv * torch.randn(signal.shape, generator=g)).flatten(-2)


@pytest.fixture(scope="module")
def trained():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small work: threads only wait for each other on a busy machine
    tokenizer = build_tokenizer(SMALL, 0)
    tokenizer.start_codebook(mixed_sines(10_000, batch=16), seed=0)
    optimiser = torch.optim.AdamW(tokenizer.parameters(), lr=2e-3)
    losses = []
    for step in range(300):
        for group in optimiser.param_groups:  # to zero, as the training loop does
            group["lr"] = 1e-3 * (1 + math.cos(math.pi * step / 300))
        output = tokenizer(mixed_sines(step, batch=8))
        optimiser.zero_grad()
        output.loss.backward()
        optimiser.step()
        tokenizer.settle()
        losses.append(output.loss.item())
    torch.set_num_threads(threads)
    return tokenizer.eval(), losses


def test_training_lowers_the_loss_of_unseen_patches(trained):
    tokenizer, losses = trained
    assert sum(losses[-20:]) < 0.85 * sum(losses[:20])
    fresh = build_tokenizer(SMALL, 0)
    fresh.start_codebook(mixed_sines(10_000, batch=16), seed=0)
    held_out = mixed_sines(20_000, batch=16)
    before, after = (t.eval()(held_out).terms for t in (fresh, tokenizer))
    assert after["amplitude"] < before["amplitude"]
    assert after["phase"] < 0.75 * before["phase"]


def test_most_codes_are_used_by_unseen_patches(trained):
    codes = trained[0].encode(mixed_sines(20_000, batch=32))
    usage = codebook_usage(torch.bincount(codes.flatten(), minlength=64).numpy())
    assert usage.used > 32
    assert usage.perplexity > 16
    assert starving_message(usage) is None


def test_the_codebook_is_no_worse_than_kmeans_of_as_many_codes_on_held_out_patches(trained):
    tokenizer = trained[0]

    def unit(seed, batch):
        patches = mixed_sines(seed, batch).unflatten(-1, (-1, 200)).flatten(0, 2)
        with torch.no_grad():
            return normalize(tokenizer.encoder(patches / SMALL.scale_uv), dim=-1)

    held_out = unit(20_000, 16)
    peer = KMeans(64, n_init=4, random_state=0).fit(unit(30_000, 64).numpy())
    centres = normalize(torch.from_numpy(peer.cluster_centers_), dim=-1)
    theirs = (held_out - centres[(held_out @ centres.t()).argmax(-1)]).square().sum(-1).mean()
    codes = tokenizer.quantizer.encode(held_out)
    ours = (held_out - tokenizer.quantizer.codebook[codes]).square().sum(-1).mean()
    assert ours <= theirs


def test_codes_tell_the_dominant_frequency_of_unseen_patches(trained):
    signal_uv = mixed_sines(20_000, batch=16)
    truth = spectrum_of(signal_uv.unflatten(-1, (-1, 200)), SMALL.n_bins).log_amplitude.argmax(-1)
    codes = trained[0].encode(signal_uv)

    def share_within_2_hz(codes):
        peaks = trained[0].decode_spectrum(codes).log_amplitude.argmax(-1)
        return ((peaks - truth).abs() <= 2).float().mean().item()

    # against the codes of other patches
    assert share_within_2_hz(codes) > 1.5 * share_within_2_hz(codes.roll(1, 0))


def test_reconstructed_signals_in_uv_have_the_spectrum_that_the_codes_tell(trained):
    codes = torch.arange(64)
    told = trained[0].decode_spectrum(codes)
    signal_uv = trained[0].reconstruct(codes)
    assert signal_uv.shape == (64, 200)
    bins = torch.fft.rfft(signal_uv / SMALL.scale_uv, norm="forward")[:, : SMALL.n_bins]
    expected = amplitude_of(told.log_amplitude) * trained[0].decoder.gain
    amplitudes, sine, cosine = 2 * bins.abs(), bins.imag / bins.abs(), bins.real / bins.abs()
    torch.testing.assert_close(amplitudes[:, 1:], expected[:, 1:], rtol=1e-3, atol=1e-4)
    loud = expected[:, 3:] > 0.01
    cosine_of_error = sine[:, 3:] * told.sine + cosine[:, 3:] * told.cosine
    length = (told.sine.square() + told.cosine.square()).sqrt()
    assert (cosine_of_error / length)[loud].min() > 0.999


def test_reconstructed_signals_are_as_loud_as_the_unseen_ones_that_they_stand_for(trained):
    signal_uv = mixed_sines(20_000, batch=32)
    back = trained[0].reconstruct(trained[0].encode(signal_uv)).flatten(-2)
    assert back.shape == signal_uv.shape
    loudness = (back.square().mean() / signal_uv.square().mean()).sqrt().item()
    assert loudness == pytest.approx(1, abs=0.1)
    geometric = patches_of(trained[0].decode_spectrum(trained[0].encode(signal_uv)), 200) * 100
    assert geometric.square().mean() < 0.25 * signal_uv.square().mean()  # the test can fail


def test_a_code_depends_on_its_own_patch_only(trained):
    signal_uv = mixed_sines(1)
    codes = trained[0].encode(signal_uv)
    assert codes.dtype == torch.int64
    assert codes.shape == (4, 8, 10)
    changed = signal_uv.clone()
    changed[:, :, 400:600] = 1e3
    changed[:, 3] = 0
    same = trained[0].encode(changed) == codes
    kept = torch.ones_like(same)
    kept[:, :, 2] = False
    kept[:, 3] = False
    assert same[kept].all()
    assert not same.all()
    assert torch.equal(trained[0].encode(signal_uv[1:2, 2:3, 600:800]), codes[1:2, 2:3, 3:4])


def test_encoding_in_chunks_gives_the_same_codes(trained, monkeypatch):
    codes = trained[0].encode(mixed_sines(2))
    monkeypatch.setattr(model_module, "_PATCHES_AT_ONCE", 37)
    assert torch.equal(trained[0].encode(mixed_sines(2)), codes)


def test_encoding_learns_nothing_even_in_training_mode(trained):
    tokenizer = build_tokenizer(SMALL, 0)
    tokenizer.load_state_dict(trained[0].state_dict())
    codes = tokenizer.train().encode(mixed_sines(2))
    assert torch.equal(codes, trained[0].encode(mixed_sines(2)))
    for name, value in tokenizer.state_dict().items():
        assert torch.equal(value, trained[0].state_dict()[name]), name


@pytest.mark.parametrize("settings", [{}, {"quantizer": "residual", "waveform_weight": 1.0}])
def test_gradient_reaches_every_parameter(settings):
    tokenizer = build_tokenizer(SMALL.model_copy(update=settings), 0)
    tokenizer(mixed_sines(0)).loss.backward()
    for name, parameter in tokenizer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_same_seed_same_start_and_the_global_generator_is_left_alone():
    state = torch.random.get_rng_state()
    first, same, other = (build_tokenizer(SMALL, seed) for seed in (1, 1, 2))
    for tokenizer in (first, same):
        tokenizer.start_codebook(mixed_sines(0), seed=5)
        tokenizer(mixed_sines(1))
    assert torch.equal(state, torch.random.get_rng_state())
    for name, value in first.state_dict().items():
        assert torch.equal(value, same.state_dict()[name]), name
    assert not torch.equal(first.quantizer.codebook, other.quantizer.codebook)


@pytest.mark.parametrize("settings", [{}, {"quantizer": "residual", "waveform_weight": 1.0}])
def test_flat_and_huge_patches_cost_finite_losses(settings):
    tokenizer = build_tokenizer(SMALL.model_copy(update=settings), 0)
    signal_uv = mixed_sines(0)
    signal_uv[0] = 0
    signal_uv[1] *= 1e4
    output = tokenizer(signal_uv)
    output.loss.backward()
    assert output.loss.isfinite()
    assert all(p.grad.isfinite().all() for p in tokenizer.parameters())


def test_parts_of_patches_are_refused():
    with pytest.raises(ValueError, match=r"multiple of patch_samples=200.*got \(1, 1, 300\)"):
        build_tokenizer(SMALL, 0).encode(torch.zeros(1, 1, 300))
