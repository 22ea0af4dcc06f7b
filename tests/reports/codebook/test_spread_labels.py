"""No label of a figure lies on another one, and each is near its dot."""

from itertools import combinations

import numpy as np
import pytest

from eegssl.reports.codebook.codebook_figures import odds_and_shares


@pytest.mark.parametrize("crowd", [0.0, 0.02, 1.0])
def test_labels_of_codes_do_not_collide(crowd: float) -> None:
    rng, n = np.random.default_rng(0), 12
    codes, near = np.arange(100, 100 + n), crowd * rng.normal(size=n)
    shares = (0.02 * np.exp(near), 0.02 * np.exp(-near))
    bands = ["theta"] * n
    named = codes[:8].tolist()
    figure = odds_and_shares(codes, near, np.full(n, 0.9), shares, bands, named, 0.05)
    figure.canvas.draw()
    for ax in figure.axes:
        labels = [text for text in ax.texts if text.get_text().isdecimal()]
        assert sorted(int(text.get_text()) for text in labels) == named
        for text in labels:
            text.arrowprops = text.arrow_patch = None  # the line is no part of it
        boxes = [text.get_window_extent() for text in labels]
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
        frame = ax.get_window_extent()
        assert all(frame.x0 - 4 <= b.x0 and b.x1 <= frame.x1 + 4 for b in boxes)
