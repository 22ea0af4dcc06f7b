"""Mixed masks: each window is of one kind, all kinds come equally often."""

import numpy as np
import pytest
from montage_names import TEN_TWENTY

from eegssl.masking.config import MaskingConfig
from eegssl.masking.draw import draw_masks
from eegssl.signal.channels.electrodes import Geometry, geometry

WINDOWS, PATCHES = 600, 10
MIXED = MaskingConfig(kind="mixed", radius_cm=9.0, span_s=5.0)


def masks(config: MaskingConfig, step: int = 0) -> np.ndarray:
    """Masks [B, C, N] of windows of the 10-20 system."""
    placed = Geometry(*(np.stack([part] * WINDOWS) for part in geometry(TEN_TWENTY)))
    return draw_masks(config, placed, PATCHES, seed=0, step=step, samples=np.arange(WINDOWS))


def changes(drawn: np.ndarray) -> np.ndarray:
    """How often a channel turns from hidden to visible or back in a window, as a mean: [B]."""
    return (drawn[:, :, 1:] != drawn[:, :, :-1]).sum(axis=2).mean(axis=1)


def test_kinds_come_equally_often_and_each_window_is_of_one() -> None:
    """Regions never change within a window; blocks of half of it seldom do; patches often."""
    alone = {k: changes(masks(MIXED.model_copy(update={"kind": k}))) for k in ("block", "random")}
    assert alone["block"].min() > 0
    assert alone["block"].max() < 2.5 < 3 < alone["random"].min()  # told apart without exception
    turns = changes(masks(MIXED))
    shares = (turns == 0).mean(), ((turns > 0) & (turns < 2.5)).mean(), (turns > 3).mean()
    assert sum(shares) == 1
    for share in shares:
        assert share == pytest.approx(1 / 3, abs=0.06)  # three standard errors


def test_a_window_draws_its_kind_anew_at_each_step() -> None:
    first, second = (changes(masks(MIXED, step)) == 0 for step in (0, 1))
    assert (first & second).mean() == pytest.approx(1 / 9, abs=0.04)


def test_the_ratio_is_met_as_by_the_kinds_alone() -> None:
    exact = masks(MIXED.model_copy(update={"exact": True}))
    assert (exact.sum(axis=(1, 2)) == round(0.5 * exact[0].size)).all()
    assert masks(MIXED).mean() == pytest.approx(0.5, abs=0.02)
