"""Entropy of patches: the published measure, blind to amplitude, high where all is irregular."""

import math
from collections import Counter
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.errors import InputError
from eegssl.masking.entropy import patch_entropy


def plainly(x, classes=6, scales=5):
    """Multiscale fluctuation-based dispersion entropy of one patch, as its papers describe it."""
    mean, deviation = (
        sum(x) / len(x),
        math.sqrt(sum((v - sum(x) / len(x)) ** 2 for v in x) / len(x)),
    )
    if deviation == 0:
        return 0.0
    found = []
    for scale in range(1, scales + 1):
        coarse = [sum(x[i * scale : (i + 1) * scale]) / scale for i in range(len(x) // scale)]
        y = [NormalDist(mean, deviation).cdf(v) for v in coarse]
        z = [min(classes, max(1, round(classes * v + 0.5))) for v in y]
        steps = Counter(b - a for a, b in pairwise(z))
        p = [n / (len(z) - 1) for n in steps.values()]
        found.append(-sum(q * math.log(q) for q in p))
    return sum(found) / scales / math.log(2 * classes - 1)


@examples(30)
@given(st.integers(0, 10_000), st.sampled_from([20, 57, 200]), st.floats(0.0, 0.98))
def test_it_is_the_published_measure(seed, patch_samples, memory):
    rng = np.random.default_rng(seed)
    signal = rng.standard_normal((2, 3 * patch_samples + 5))
    for t in range(1, signal.shape[1]):
        signal[:, t] += memory * signal[:, t - 1]
    got = patch_entropy(signal, patch_samples)
    assert got.shape == (2, 3)
    assert got.dtype == np.float32
    for c in range(2):
        for n in range(3):
            patch = signal[c, n * patch_samples : (n + 1) * patch_samples]
            assert got[c, n] == pytest.approx(plainly(patch.tolist()), abs=1e-6)


def test_noise_is_more_irregular_than_a_sine_and_that_than_nothing():
    t = np.arange(2000) / 200
    noise = np.random.default_rng(0).standard_normal(2000)
    signal = np.stack([noise, np.sin(2 * np.pi * 10 * t), np.full(2000, 3e5)])
    white, sine, constant = patch_entropy(signal.astype(np.float32), 200)
    assert white.min() > sine.max() > 0
    assert not constant.any()
    assert white.max() <= 1


@given(st.floats(1e-3, 1e4), st.floats(-1e3, 1e3))
def test_amplitude_and_offset_play_no_part(gain, offset_uv):
    signal = np.random.default_rng(1).standard_normal((3, 400))
    assert np.allclose(
        patch_entropy(gain * signal + offset_uv, 200), patch_entropy(signal, 200), atol=0.02
    )


def test_batches_and_short_patches_work():
    signal = np.random.default_rng(2).standard_normal((2, 3, 100)).astype(np.float32)
    assert patch_entropy(signal, 200).shape == (2, 3, 0)
    assert patch_entropy(signal, 2).shape == (2, 3, 50)
    assert np.array_equal(patch_entropy(signal, 20)[1], patch_entropy(signal[1], 20))


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(InputError, match="finite signal"):
        patch_entropy(np.array([[1.0, np.nan, 2.0, 3.0]]), 4)
    with pytest.raises(InputError, match="got patches of 1 samples; expected 2"):
        patch_entropy(np.ones((1, 4)), 1)
