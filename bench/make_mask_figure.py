"""Draw the kinds of masks into ``docs/_static/masks*.png``: the same bytes each time.

Run ``python bench/make_mask_figure.py [FOLDER]``. The window is made up: noise in the lower
channels, where patches are irregular, a rhythm in the upper, so that entropy masks show what they
prefer.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from mask_figure import MaskPanel, mask_figure

from eegssl.masking.config import MaskingConfig
from eegssl.masking.determined import determined, electrode_pairs
from eegssl.masking.draw import draw_mask
from eegssl.masking.entropy import patch_entropy
from eegssl.signal.channels.electrodes import geometry

# fmt: off
REFERENTIAL = (
    "Fp1", "F7", "F3", "T7", "P7", "C3", "P3", "O1", "O2", "Fz", "Cz", "Pz", "C4", "P4", "T8",
    "P8", "Fp2", "F8", "F4",
)
CHB_MIT = (
    "FP1-F7", "FP1-F3", "F7-T7", "T7-FT9", "T7-P7", "P7-T7", "P7-O1", "F3-C3", "C3-P3", "P3-O1",
    "FZ-CZ", "CZ-PZ", "FT9-FT10", "P4-O2", "C4-P4", "F4-C4", "P8-O2", "T8-P8", "T8-P8", "FT10-T8",
    "F8-T8", "FP2-F4", "FP2-F8",
)
# fmt: on
MONTAGES = {"masks.png": REFERENTIAL, "masks-bipolar.png": CHB_MIT}
KINDS = ("random", "entropy", "block", "region-time", "region")
N_PATCHES = 12


def signal_uv(n_channels: int) -> np.ndarray:
    """Noise in the lower half of the channels (the right side), a rhythm in the upper."""
    t = np.arange(200 * N_PATCHES) / 200
    noise = np.random.default_rng(0).standard_normal((n_channels, len(t)))
    irregular = np.arange(n_channels)[:, None] >= n_channels / 2
    return np.where(irregular, noise, np.sin(2 * np.pi * 3 * t) + 0.01 * noise)


def panels(channels: Sequence[str]) -> Iterator[MaskPanel]:
    where, pairs = geometry(channels), electrode_pairs(channels)
    weights = patch_entropy(signal_uv(len(channels)), 200)
    for kind in KINDS:
        config = MaskingConfig(kind=kind)
        mask = draw_mask(config, where, N_PATCHES, seed=2, step=0, sample=0, weights=weights)
        yield MaskPanel(kind, note(pairs, mask), mask)
    yield MaskPanel("region, complement", note(pairs, ~mask), ~mask)


def note(pairs: np.ndarray, mask: np.ndarray) -> str:
    share = determined(pairs, mask).sum() / mask.sum()
    return f"{mask.mean():.1%} hidden, {share:.1%} of it determined"


def main() -> None:
    there = Path(__file__).parent.parent / "docs" / "_static"
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else there
    for name, channels in MONTAGES.items():
        path = folder / name
        figure = mask_figure(list(panels(channels)), channels)
        figure.savefig(path, dpi=100, metadata={"Software": None})
        print(f"wrote {name}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
