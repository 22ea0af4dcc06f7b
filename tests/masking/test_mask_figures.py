"""Figures of masks: drawn for any montage, the same bytes each time."""

import io

import numpy as np
import pytest
from mask_figure import MaskPanel, mask_figure
from montage_names import MONTAGES


def png(names, n_panels=3):
    rng = np.random.default_rng(0)
    panels = [
        MaskPanel(f"mask {k}", "half <b>$x$</b>", rng.random((len(names), 7)) < 0.5)
        for k in range(n_panels)
    ]
    buffer = io.BytesIO()
    mask_figure(panels, names, patch_s=0.5).savefig(buffer, dpi=40, metadata={"Software": None})
    return buffer.getvalue()


@pytest.mark.parametrize("name", sorted(MONTAGES))
def test_masks_of_any_montage_are_drawn(name):
    assert png(MONTAGES[name]).startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_same_masks_give_the_same_bytes():
    assert png(MONTAGES["bipolar"]) == png(MONTAGES["bipolar"])


def test_what_is_hidden_at_the_framed_moment_is_blue_on_the_head():
    names = MONTAGES["10-20"]
    mask = np.zeros((19, 4), bool)
    mask[:9, 2] = True
    figure = mask_figure([MaskPanel("one", "", mask)], names)
    head = next(ax for ax in figure.axes if ax.get_title(loc="left") == "one")
    faces = head.collections[-1].get_facecolors()
    blue = (faces[:, 2] > faces[:, 0] + 0.2).tolist()
    assert blue == mask[:, 2].tolist()


def test_masks_of_other_channels_are_refused():
    with pytest.raises(ValueError, match=r"\(3, 4\).* for 19 channels"):
        mask_figure([MaskPanel("x", "", np.zeros((3, 4), bool))], MONTAGES["10-20"])
