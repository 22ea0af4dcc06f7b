"""What is added to the background is a pure function of time, wherever blocks begin."""

from itertools import pairwise

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.signal.channels.electrodes import parse_channel
from eegssl.synth.anatomy import SCALP
from eegssl.synth.montage import BANANA, build_montage
from eegssl.synth.subject import SETUPS
from eegssl.synth.waves import rows, transients
from eegssl.synth.waves.disturbances import KINDS, draw_disturbance, render_disturbance
from eegssl.synth.waves.rows import Overlay
from eegssl.synth.waves.transients import Train

TRAIN = Train(
    np.array([0.05, 1.31, 1.5, 2.9]),
    np.array([50.0, 80.0, 60.0, 90.0]),
    np.array([0, 2]),
    np.array([1.0, -0.5]),
    transients.spike,
    0.1,
    0.45,
)


def in_blocks(item, cuts, *extra):
    """The state of 3 s at 100 Hz, built from blocks that begin at ``cuts``."""
    edges = [0, *sorted(set(cuts)), 300]
    blocks = []
    for first, stop in pairwise(edges):
        state = np.zeros((4, stop - first), np.float32)
        item.add_to(state, first, *extra)
        blocks.append(state)
    return np.concatenate(blocks, axis=1)


@examples(40)
@given(cuts=st.lists(st.integers(1, 299), max_size=6))
def test_trains_and_overlays_do_not_depend_on_the_blocks(cuts):
    np.testing.assert_array_equal(in_blocks(TRAIN, cuts, 100), in_blocks(TRAIN, [], 100))
    overlay = Overlay(37, np.array([1, 3]), np.arange(400, dtype=np.float32).reshape(2, 200))
    np.testing.assert_array_equal(in_blocks(overlay, cuts), in_blocks(overlay, []))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sfreq_hz", [200, 512])
def test_artifacts_have_their_size_and_stay_within_the_recording(kind, sfreq_hz):
    rng = np.random.default_rng(4)
    for seed in range(10):
        item = draw_disturbance(rng, kind, 95.0 + seed / 2.5, 100.0, seed=seed)
        assert item.onset_s + item.duration_s <= 100.001
        overlay = render_disturbance(item, np.random.default_rng(seed), sfreq_hz)
        assert np.isfinite(overlay.wave).all()
        assert 0 < np.abs(overlay.wave).max() < 8 * item.amplitude_uv
        assert overlay.rows.max() < rows.COUNT


@pytest.mark.parametrize(("reference", "style"), SETUPS)
def test_every_label_is_understood(reference, style):
    montage = build_montage(reference, style)
    channels = [parse_channel(label) for label in montage.labels]
    assert {c.kind for c in channels} == {"eeg"}
    if reference == "banana":
        assert ["-".join(c.electrodes) for c in channels] == list(BANANA)
    else:
        assert [c.electrodes[0] for c in channels] == [
            n for n in SCALP if reference != "cz" or n != "Cz"
        ]


def test_montages_are_differences_of_electrodes():
    for reference, style in SETUPS:
        np.testing.assert_allclose(
            build_montage(reference, style).matrix.sum(axis=1), 0, atol=1e-12
        )
