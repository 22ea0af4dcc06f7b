"""Hidden derivations that visible ones determine: by rank, and how many each kind of mask has."""

import numpy as np
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st
from montage_names import CHBMIT, TEN_TEN, TEN_TWENTY

from eegssl.masking.config import MaskingConfig
from eegssl.masking.determined import determined, electrode_pairs
from eegssl.masking.draw import draw_mask
from eegssl.signal.channels.electrodes import geometry


def by_rank(pairs, mask):
    """A hidden row of the incidence matrix is determined if it adds nothing to the rank."""
    incidence = np.zeros((len(pairs), pairs.max() + 1))
    rows = np.arange(len(pairs))
    incidence[rows, pairs[:, 0]] += 1
    incidence[rows, pairs[:, 1]] -= 1
    found = np.zeros_like(mask)
    for n in range(mask.shape[1]):
        visible = incidence[~mask[:, n]]
        rank = np.linalg.matrix_rank(visible) if len(visible) else 0
        for c in np.flatnonzero(mask[:, n]):
            found[c, n] = np.linalg.matrix_rank(np.vstack([visible, incidence[c]])) == rank
    return found


@examples(60)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(1, 14), st.floats(0, 1))
def test_determined_is_what_adds_nothing_to_the_rank(seed, n_ends, n_channels, ratio):
    rng = np.random.default_rng(seed)
    pairs = np.array([rng.choice(n_ends, 2, replace=False) for _ in range(n_channels)])
    mask = rng.random((n_channels, 4)) < ratio
    assert np.array_equal(determined(pairs, mask), by_rank(pairs, mask))


def test_the_montage_of_chb_mit_has_rank_19():
    pairs = electrode_pairs(CHBMIT)
    incidence = np.zeros((23, pairs.max() + 1))
    np.add.at(incidence, (np.arange(23), pairs[:, 0]), 1)
    np.add.at(incidence, (np.arange(23), pairs[:, 1]), -1)
    assert np.linalg.matrix_rank(incidence) == 19


def share(kind, names, **choices):
    config = MaskingConfig(kind=kind, **choices)
    where = geometry(names)
    weights = np.ones((len(names), 10))
    masks = [
        draw_mask(config, where, 10, seed=0, step=k, sample=0, weights=weights) for k in range(300)
    ]
    return determined(electrode_pairs(names), np.stack(masks)).sum() / np.sum(masks)


def test_random_masks_on_chb_mit_leak_and_masks_of_places_do_not():
    assert share("random", CHBMIT) == pytest.approx(0.093, abs=0.006)
    assert share("entropy", CHBMIT) == pytest.approx(0.093, abs=0.006)
    for kind in ("region", "region-time", "block"):
        assert share(kind, CHBMIT) == 0
        assert share(kind, CHBMIT, exact=True) < 0.006  # some of the channels at one moment


def test_channels_against_one_reference_determine_each_other_only_with_their_derivations():
    assert share("random", TEN_TWENTY) == 0
    assert share("random", TEN_TEN) == 0
    pairs = electrode_pairs(["Fp1-REF", "F7-REF", "FP1-F7", "ECG", "F7-LE"])
    mask = np.array([[False], [False], [True], [True], [True]])
    assert determined(pairs, mask).ravel().tolist() == [False, False, True, False, False]


def test_a_doubled_derivation_is_determined_by_its_double_either_way_round():
    pairs = electrode_pairs(["T8-P8", "T8-P8", "P8-T8"])
    for hidden in range(3):
        mask = np.zeros((3, 2), bool)
        mask[hidden, 0] = True
        assert np.array_equal(determined(pairs, mask), mask)
    assert not determined(pairs, np.ones((3, 2), bool)).any()
    assert not determined(pairs, np.zeros((3, 2), bool)).any()
