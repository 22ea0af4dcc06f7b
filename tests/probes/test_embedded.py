"""Embeddings of the probes are those of the encoder, whole, by layer and without a region."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from corpora import corpus, recording, write_signal
from smallencoders import small

from eegssl.corpus.windows import Windows, tile
from eegssl.encoder.architectures import build_encoder
from eegssl.errors import InputError
from eegssl.probes.embedded import ENCODER, POWER, RANDOM, Embedder, band_powers
from eegssl.probes.probed_signals import COMMON, OWN, without_aperiodic
from eegssl.signal.aperiodic import line_of
from eegssl.signal.channels.regions import REGIONS

SFREQ_HZ = 200.0
MONTAGES = (("Fp1", "F7", "T7", "Cz"), ("Fp2", "F8", "T8"))


@pytest.fixture
def windows(tmp_path: Path) -> Windows:
    """Two recordings of other montages and of other spectra, six windows of 4 s."""
    ones = []
    for k, channels in enumerate(MONTAGES):
        plain = recording(k, 12, sfreq_hz=SFREQ_HZ, folder=tmp_path)
        white = np.random.default_rng(k).standard_normal((len(channels), 2400))
        hz = np.fft.rfftfreq(2400, 1 / SFREQ_HZ).clip(0.5)
        pink = 20 * np.fft.irfft(np.fft.rfft(white) / hz ** (0.5 + 0.4 * k), 2400)
        write_signal(plain.path, pink.astype(np.float32))
        ones.append(replace(plain, channels=channels))
    return tile(corpus(*ones), ones, 4.0)


@pytest.fixture
def embedder() -> Embedder:
    encoder = small()
    return Embedder(encoder, build_encoder(encoder.config, 1).eval(), 4)


def test_the_last_layer_is_the_pooled_embedding(embedder: Embedder, windows: Windows) -> None:
    layers, untrained = embedder.layers(windows)
    spaces = embedder.spaces(windows, lambda signal_uv: signal_uv)
    assert layers.shape == untrained.shape == (3, len(windows), 16)
    np.testing.assert_allclose(spaces[ENCODER], layers[-1], atol=1e-6)
    np.testing.assert_allclose(spaces[RANDOM], untrained[-1], atol=1e-6)
    np.testing.assert_allclose(spaces[POWER], band_powers(windows, 4)[0])


def test_without_a_region_is_the_montage_without_its_channels(
    embedder: Embedder, windows: Windows
) -> None:
    lost = embedder.without_region(windows, REGIONS.index("LF"), 0)
    assert lost.places.tolist() == [0, 1, 2]  # the other recording has no channel there
    assert lost.n_left_out.tolist() == [2, 2, 2]
    rest = tile(windows.corpus, windows.recordings[:1], 4.0).of_channels(("T7", "Cz"))
    np.testing.assert_allclose(lost.embeddings, embedder.layers(rest)[0][-1], atol=1e-5)


def test_as_many_other_channels_are_left_out_drawn_anew_for_each_window(
    embedder: Embedder, windows: Windows
) -> None:
    """Of four channels one is in the region, so that one of three others goes."""
    region, first = REGIONS.index("LT"), tile(windows.corpus, windows.recordings[:1], 4.0)
    pairs = {
        name: embedder.layers(first.of_channels(rest))[0][-1]
        for name, rest in (
            ("Fp1", ("F7", "T7", "Cz")),
            ("F7", ("Fp1", "T7", "Cz")),
            ("Cz", ("Fp1", "F7", "T7")),
        )
    }
    drawn = set()
    for seed in range(8):
        lost = embedder.without_region(windows, region, seed)
        again = replace(embedder, batch_size=1).without_region(windows, region, seed)
        np.testing.assert_allclose(again.without_others, lost.without_others, atol=1e-5)
        for place, row in zip(lost.places, lost.without_others, strict=True):
            near = {n: float(np.abs(row - pair[place]).max()) for n, pair in pairs.items()}
            name = min(near, key=lambda n: near[n])
            assert near[name] < 1e-5
            drawn.add((int(place), name))
    assert {name for _, name in drawn} == set(pairs)
    assert len({name for place, name in drawn if place == 0}) > 1


@pytest.mark.parametrize("kept", [("Fp1", "F7"), ("Fp1", "F7", "T7")], ids=["all", "most"])
def test_a_region_without_as_many_channels_elsewhere_gives_nothing(
    embedder: Embedder, windows: Windows, kept: tuple[str, ...]
) -> None:
    assert not len(embedder.without_region(windows, REGIONS.index("O"), 0).places)
    one = tile(windows.corpus, windows.recordings[:1], 4.0).of_channels(kept)
    lost = embedder.without_region(one, REGIONS.index("LF"), 0)
    assert lost.embeddings.shape == lost.without_others.shape == (0, 16)


def test_less_the_mean_line_they_keep_their_differences_and_less_their_own_none(
    windows: Windows,
) -> None:
    changes = without_aperiodic(windows, 4, 70.0)
    slopes = {}
    for name in (COMMON, OWN):
        lines = [
            line_of(changes[name](windows.batch(index).signal_uv), SFREQ_HZ)
            for index in windows.in_order(3)
        ]
        slopes[name] = sorted(float(line.slope_db.mean()) for line in lines)
    apart = slopes[COMMON][1] - slopes[COMMON][0]
    assert apart == pytest.approx(8.0, abs=2.5)  # 10 dB × the difference of exponents, 0.8
    assert np.abs(slopes[OWN]).max() < 0.7


def test_an_encoder_that_gives_no_numbers_is_refused(windows: Windows) -> None:
    encoder = small()
    with torch.no_grad():
        encoder.norm.weight.fill_(torch.nan)
    with pytest.raises(InputError, match="not finite"):
        Embedder(encoder, small(), 4).layers(windows)
