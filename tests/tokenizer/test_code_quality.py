"""The quality of codes, by planted rhythms: codes that tell them win, codes that do not lose."""

import math

import pytest
import torch
from torch import Tensor

from eegssl.tokenizer.code_quality import CodeQuality, kmeans_wins_message, measure_codes
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer

SETTINGS = TokenizerConfig(n_codes=16, width=32, code_dim=16, phase_weight=0.0)
BANDS = ("delta", "theta", "alpha", "beta", "gamma")


def rhythms(seed: int, windows: int, patches: int = 4, noise_uv: float = 1.0) -> Tensor:
    """Alpha of 9, 10 or 11 Hz, always as loud, at any phase, and noise: windows [B, 3, T]."""
    g = torch.Generator().manual_seed(seed)
    hz = torch.randint(9, 12, (windows, 3, patches, 1), generator=g)
    phase = 2 * math.pi * torch.rand(hz.shape, generator=g)
    wave = 40 * torch.sin(2 * math.pi * hz * torch.arange(200) / 200 + phase)
    return (wave + noise_uv * torch.randn(wave.shape, generator=g)).flatten(-2)


@pytest.fixture(scope="module")
def trained() -> Tokenizer:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small work: threads only wait for each other on a busy machine
    tokenizer = build_tokenizer(SETTINGS, 0)
    tokenizer.start_codebook(rhythms(10_000, 200), seed=0)
    optimizer = torch.optim.AdamW(tokenizer.parameters(), lr=2e-3)
    for step in range(150):
        loss = tokenizer(rhythms(step, 24)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        tokenizer.settle()
    torch.set_num_threads(threads)
    return tokenizer.eval()


def measured(tokenizer: Tokenizer) -> CodeQuality:
    return measure_codes(tokenizer, [[rhythms(20_000, 100)]], [[rhythms(30_000, 60)]], seed=0)


def test_codes_that_tell_rhythms_of_one_band_beat_kmeans_of_band_amplitudes(trained):
    quality = measured(trained)
    assert quality.r2["alpha"] > 0.9 > 0.05 > quality.kmeans_r2["alpha"]
    assert quality.r2["all"] > quality.kmeans_r2["all"]
    assert kmeans_wins_message(quality) is None


def test_codes_that_tell_nothing_lose_and_the_warning_names_both_and_what_helps(trained):
    blind = build_tokenizer(SETTINGS, 0).eval()
    blind.decoder.load_state_dict(trained.decoder.state_dict())
    loudness = 4 * torch.rand(100, 1, 1, generator=torch.Generator().manual_seed(1))
    signals = ([[rhythms(seed, 100) * loudness]] for seed in (20_000, 20_001))
    quality = measure_codes(blind, *signals, seed=0)
    r2, peer = quality.r2["all"], quality.kmeans_r2["all"]
    message = kmeans_wins_message(quality)
    assert r2 < peer
    assert f"R² {r2:.3f}" in message
    assert f"R² {peer:.3f}" in message
    assert "training.steps" in message
    assert "tokenizer.n_codes" in message


def test_a_decoder_in_another_unit_is_no_worse(trained):
    twin = build_tokenizer(SETTINGS, 0).eval()
    twin.load_state_dict(trained.state_dict())
    with torch.no_grad():
        twin.decoder.out.bias[: SETTINGS.n_bins] += 0.3
    assert measured(twin).r2["alpha"] == pytest.approx(measured(trained).r2["alpha"], abs=0.05)


def test_stability_is_the_share_of_patches_that_keep_their_code(trained, monkeypatch):
    quality = measured(trained)
    signal_uv = rhythms(30_000, 60)
    later = trained.encode(signal_uv[..., 10:610])
    same = (later == trained.encode(signal_uv)[..., :3]).float().mean().item()
    assert quality.keep_shifted == pytest.approx(same)
    assert 0.1 < quality.keep_shifted < 1
    assert 0.1 < quality.keep_noisy < 1
    monkeypatch.setattr("eegssl.tokenizer.code_quality.NOISE_UV", 0.0)
    assert measured(trained).keep_noisy == 1


def test_windows_of_one_patch_have_no_shifted_neighbour(trained):
    quality = measure_codes(trained, [[rhythms(1, 50, 1)]], [[rhythms(2, 50, 1)]], seed=0)
    assert quality.keep_shifted is None
    assert quality.facts()["keep_shifted_50ms"] is None


def test_the_same_seed_measures_the_same_and_facts_have_every_band(trained):
    first, second = measured(trained), measured(trained)
    assert first == second
    facts = first.facts()
    assert tuple(facts["r2"]) == tuple(facts["kmeans_r2"]) == (*BANDS, "all")
    assert facts["n_patches"] == 60 * 3 * 4


def test_flat_signals_and_patches_too_short_for_bands_have_finite_numbers():
    flat = torch.zeros(2, 3, 800)
    quality = measure_codes(build_tokenizer(SETTINGS, 0).eval(), [[flat]], [[flat]], seed=0)
    assert set(quality.r2.values()) == {0.0}
    short = SETTINGS.model_copy(update={"patch_samples": 16, "sfreq_hz": 2000.0})
    noise = 20 * torch.randn(2, 3, 800, generator=torch.Generator().manual_seed(0))
    quality = measure_codes(build_tokenizer(short, 0).eval(), [[noise]], [[noise]], seed=0)
    assert tuple(quality.r2) == ("all",)
