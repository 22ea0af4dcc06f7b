"""Targets of reconstruction: known waves, standardised numbers, bands of equal weight."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ConfigError
from eegssl.objectives.targets.signal_targets import EDGES_HZ, SignalTargets

CONFIG = EncoderConfig(layers=1, width=8, heads=2, ffn=8)


def wave(hz: float, amplitude_uv: float = 20.0, phase: float = 0.3) -> torch.Tensor:
    t = torch.arange(200) / 200
    return amplitude_uv * torch.cos(2 * torch.pi * hz * t + phase)


@pytest.mark.parametrize(("hz", "band"), [(1, 0), (5, 2), (11, 5), (43, 10), (70, 11)])
def test_a_wave_is_in_its_band(hz: float, band: int) -> None:
    measured = SignalTargets("bands", CONFIG).measure(wave(hz))
    assert measured.shape == (12,)
    assert int(measured.argmax()) == band


def test_log_amplitudes_are_those_of_the_wave() -> None:
    spectrum = SignalTargets("spectrum", CONFIG).measure(wave(10))
    assert spectrum.shape == (70,)
    assert spectrum[9].item() == pytest.approx(np.log1p(0.2 / 1e-3), rel=1e-4)


def test_the_waveform_can_be_made_of_its_numbers() -> None:
    patch = wave(3) + wave(21, 5.0, 1.0) + wave(60, 2.0, 2.0)
    real, imaginary = SignalTargets("waveform", CONFIG).measure(patch).chunk(2)
    bins = torch.zeros(101, dtype=torch.complex64)
    bins[1:71] = torch.complex(real, imaginary)
    restored = 100 * torch.fft.irfft(bins, n=200, norm="forward")
    torch.testing.assert_close(restored, patch, atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", ["waveform", "spectrum", "bands"])
def test_training_windows_are_standardised_and_every_band_counts_equally(kind: str) -> None:
    targets = SignalTargets(kind, CONFIG)
    signals = [torch.randn(30, 4, 600).cumsum(-1), 50 * torch.randn(30, 7, 600)]
    targets.begin(signals)
    numbers = torch.cat([targets(s.unflatten(-1, (3, 200))).flatten(0, 2) for s in signals])
    assert numbers.mean(dim=0).abs().max() < 1e-3
    torch.testing.assert_close(numbers.std(dim=0), torch.ones(targets.size), atol=1e-3, rtol=0)
    assert targets.share.sum().item() == pytest.approx(1)
    hz = {"bands": None, "spectrum": np.arange(1, 71), "waveform": np.tile(np.arange(1, 71), 2)}
    if (bins := hz[kind]) is not None:
        for low, high in pairwise(EDGES_HZ):
            inside = torch.from_numpy((bins >= low) & (bins < high))
            assert targets.share[inside].sum().item() == pytest.approx(1 / 12)


def test_an_artefact_is_cut_at_fifteen_deviations() -> None:
    targets = SignalTargets("waveform", CONFIG)
    targets.begin([torch.randn(20, 3, 600)])
    assert targets(wave(10, 1e5)).abs().max().item() == 15


def test_a_flat_signal_has_finite_targets() -> None:
    targets = SignalTargets("bands", CONFIG)
    targets.begin([torch.zeros(2, 3, 600)])
    assert targets(torch.zeros(200)).isfinite().all()


def test_other_rates_have_fewer_bands_and_none_is_refused() -> None:
    slow = SignalTargets("bands", CONFIG.model_copy(update={"sfreq_hz": 50.0}))
    assert slow.size == 9  # up to 25 Hz
    assert "gamma" not in slow.members
    fast = CONFIG.model_copy(update={"sfreq_hz": 2000.0, "patch_samples": 16})
    with pytest.raises(ConfigError, match=r"encoder\.patch_samples higher"):
        SignalTargets("bands", fast)
