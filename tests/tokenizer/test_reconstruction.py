"""Eight residual codebooks and a waveform: held-out sines, chirps, spike-and-wave come back.

That training brings signals back at all is shown quickly by ``test_tokenizer.py``, and that each
further codebook brings them nearer by ``test_residual.py``.
"""

import math

import numpy as np
import pytest
import torch
from scipy.signal import hilbert
from torch import Tensor

from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.shape_and_size import read_size, size_features
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer

SETTINGS = TokenizerConfig(
    quantizer="residual",
    n_codebooks=8,
    n_codes=1024,
    code_dim=96,
    width=128,
    decay=0.99,
    waveform_weight=1.0,
    phase_weight=0.1,
)
SFREQ_HZ = 200
STEPS = 500


def between(g: torch.Generator, n: int, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(n, 1, generator=g)


def seconds(duration_s: int) -> Tensor:
    return torch.arange(duration_s * SFREQ_HZ)[None] / SFREQ_HZ


def sines(seed: int, n: int, duration_s: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Signals [n, T] of 10 to 200 µV, and their frequencies, phases and amplitudes [n, 1]."""
    g = torch.Generator().manual_seed(seed)
    hz, phase = between(g, n, 2, 40), between(g, n, -math.pi, math.pi)
    hz = torch.where(torch.rand(n, 1, generator=g) < 0.5, hz, 2 * 20 ** ((hz - 2) / 38))
    amplitude = torch.exp(between(g, n, math.log(10), math.log(200)))
    signal = amplitude * torch.cos(2 * math.pi * hz * seconds(duration_s) + phase)
    return signal, hz, phase, amplitude


def chirps(seed: int, n: int, duration_s: int = 1) -> Tensor:
    """Sines that glide from one frequency of 2 to 40 Hz to another: [n, T]."""
    g = torch.Generator().manual_seed(seed)
    first, last = between(g, n, 2, 40), between(g, n, 2, 40)
    t = seconds(duration_s)
    turns = first * t + (last - first) * t.square() / (2 * duration_s) + between(g, n, 0, 1)
    return torch.exp(between(g, n, 2.3, 5.3)) * torch.cos(2 * math.pi * turns)


def spike_and_wave(seed: int, n: int, duration_s: int = 1) -> tuple[Tensor, Tensor]:
    """A spike and a slow wave of the other sign, 2 to 4 times a second: [n, T], and the rates."""
    g = torch.Generator().manual_seed(seed)
    hz, start = between(g, n, 2, 4), between(g, n, 0, 1)
    place = (seconds(duration_s) * hz + start) % 1
    shape = torch.exp(-((place - 0.2) / 0.04).square())
    shape = shape - 0.6 * torch.exp(-((place - 0.6) / 0.17).square())
    return torch.exp(between(g, n, 2.3, 5.3)) * shape, hz


def mixture(seed: int, n: int) -> Tensor:
    parts = [sines(seed, 3 * n // 5)[0], chirps(seed, n // 5), spike_and_wave(seed, n // 5)[0]]
    return torch.cat(parts)[:, None]


@pytest.fixture(scope="module")
def trained() -> Tokenizer:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # small work: threads only wait for each other on a busy machine
    tokenizer = build_tokenizer(SETTINGS, 0)
    tokenizer.start_codebook(mixture(10**6, 16_000), seed=0)
    optimizer = torch.optim.AdamW(tokenizer.parameters(), lr=2e-3)
    for step in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * min(1, (step + 1) / 50) * (1 + math.cos(math.pi * step / STEPS))
        loss = tokenizer(mixture(step, 250)).loss
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tokenizer.parameters(), 3.0)
        optimizer.step()
        tokenizer.settle()
    torch.set_num_threads(threads)
    return tokenizer.eval()


def back(tokenizer: Tokenizer, signal_uv: Tensor) -> Tensor:
    """What codes tell of signals [n, T]: [n, T]."""
    return tokenizer.reconstruct(tokenizer.encode(signal_uv[:, None])[:, 0]).flatten(-2)


def fitted(signal: Tensor, hz: Tensor) -> tuple[Tensor, Tensor]:
    """Phase and amplitude [n] of the sine of ``hz`` [n, 1] that fits signals [n, T] best."""
    angle = 2 * math.pi * hz.double() * seconds(signal.shape[1] // SFREQ_HZ)
    waves = torch.stack([angle.cos(), angle.sin()], dim=-1)
    weights = torch.linalg.lstsq(waves, signal.double()[..., None]).solution[..., 0]
    return torch.atan2(-weights[:, 1], weights[:, 0]), weights.norm(dim=-1)


def fitted_hz(signal: Tensor, hz: Tensor) -> Tensor:
    """The frequency within ± 1 Hz of ``hz`` [n, 1] whose sine fits signals [n, T] best: [n]."""
    near = torch.linspace(-1, 1, 81)
    power = torch.stack([fitted(signal, hz + step)[1] for step in near])
    return hz[:, 0] + near[power.argmax(dim=0)]


@pytest.mark.slow
@pytest.mark.parametrize(("duration_s", "share"), [(1, 0.99), (4, 1.0)])
def test_sines_keep_frequency_phase_and_amplitude(trained, duration_s, share):
    signal, hz, phase, amplitude = sines(99, 300, duration_s)
    told = back(trained, signal)
    told_phase, told_amplitude = fitted(told, hz)
    degrees = torch.rad2deg(torch.remainder(told_phase - phase[:, 0] + math.pi, 2 * math.pi))
    good = (fitted_hz(told, hz) - hz[:, 0]).abs() <= 0.5
    good &= (degrees - 180).abs() <= 20
    good &= (told_amplitude / amplitude[:, 0] - 1).abs() <= 0.15
    assert good.float().mean() >= share


@pytest.mark.slow
def test_chirps_keep_their_phase_and_size_along_the_way(trained):
    signal = chirps(99, 200, 4)
    told, true = (hilbert(s.double().numpy())[:, 40:-40] for s in (back(trained, signal), signal))
    degrees = np.abs(np.rad2deg(np.angle(told * true.conj())))
    assert np.quantile(np.median(degrees, axis=1), 0.95) <= 20
    loudness = np.sqrt((np.abs(told) ** 2).mean(axis=1) / (np.abs(true) ** 2).mean(axis=1))
    assert np.abs(loudness - 1).max() <= 0.15


@pytest.mark.slow
def test_spike_and_wave_comes_back_at_its_rate(trained):
    signal, hz = spike_and_wave(99, 200, 4)
    told = back(trained, signal)
    assert (fitted_hz(told, hz) - hz[:, 0]).abs().max() <= 0.1
    told_phase, told_size = fitted(told - told.mean(dim=1, keepdim=True), hz)
    phase, size = fitted(signal - signal.mean(dim=1, keepdim=True), hz)
    assert (1 - torch.cos(told_phase - phase)).max() <= 1 - math.cos(math.radians(20))
    assert (told_size / size - 1).abs().max() <= 0.15


@pytest.mark.slow
def test_more_codebooks_tell_more_and_one_is_the_token(trained):
    signal = mixture(77, 500)
    codes = trained.encode(signal)
    assert codes.shape == (500, 1, 1, 8)
    assert torch.equal(trained.tokens_of(codes), codes[..., 0])
    first = trained.codes_of(trained.tokens_of(codes))
    missed = [
        (trained.reconstruct(some)[:, 0] - signal).square().sum() / signal.square().sum()
        for some in (first, codes[..., :4], codes)
    ]
    assert missed[0] > missed[1] > missed[2]


@pytest.mark.slow
def test_other_codes_of_other_tokens_would_not_pass(trained):
    signal, hz, _, _ = sines(99, 300)
    told = back(trained, signal).roll(1, 0)
    assert ((fitted_hz(told, hz) - hz[:, 0]).abs() <= 0.5).float().mean() < 0.6


def test_sizes_are_read_back_within_a_percent_and_end_where_the_span_does():
    log_size = torch.linspace(-6.8, 4.8, 500)[:, None]
    told = read_size(size_features(log_size, 12))
    assert (told - log_size).abs().max() < 0.01
    assert read_size(size_features(torch.tensor([[20.0], [-20.0]]), 12)).tolist() == [
        [pytest.approx(math.log(1e-3) + 0.99 * 12, abs=0.01)],
        [pytest.approx(math.log(1e-3), abs=0.01)],
    ]
