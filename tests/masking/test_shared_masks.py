"""Masks of a batch are those of its windows one by one, whatever they share."""

import numpy as np
import pytest

from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_mask, draw_masks
from eegssl.signal.channels.electrodes import Geometry, geometry

MONTAGES = (
    ("FP1-F7", "F7-T7", "T7-P7", "FZ-CZ", "CZ-PZ", "P4-O2"),
    ("Fp1", "F7", "T7", "O1", "Fp2", "F8"),
    ("Fp1", "F7", "ECG", "O1", "Fp2", "X1"),  # two that no region reaches
    ("Fp1",) * 6,  # one unit
)


@pytest.mark.parametrize("kind", ["region", "region-time", "block", "random", "entropy", "mixed"])
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("ratio", [0.1, 0.3, 0.5, 0.9])
def test_a_batch_of_several_montages_has_the_masks_of_its_windows(
    kind: str, exact: bool, ratio: float
) -> None:
    config, rng = MaskingConfig(kind=kind, exact=exact, ratio=ratio), np.random.default_rng(1)
    placed = [geometry(MONTAGES[k]) for k in rng.integers(0, len(MONTAGES), 20)]
    for n_patches in (1, 4, 10):
        weights, samples = rng.random((20, 6, n_patches)), rng.integers(0, 10**7, 20)
        together = Geometry(*(np.stack(fields) for fields in zip(*placed, strict=True)))
        options = {"seed": 3, "step": 7}
        masks = draw_masks(config, together, n_patches, samples=samples, weights=weights, **options)
        for mask, one, sample, weight in zip(masks, placed, samples.tolist(), weights, strict=True):
            alone = draw_mask(config, one, n_patches, sample=sample, weights=weight, **options)
            np.testing.assert_array_equal(mask, alone)
