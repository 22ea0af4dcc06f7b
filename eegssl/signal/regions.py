"""Which part of the head an electrode belongs to: eight regions, for region masking.

That EpilepsyFM maps channels to 8 regions is known (survey arXiv 2601.17883); which electrodes
each holds is not, so the sets, and the rule for all other electrodes, are ours.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from eegssl.signal.positions import electrode_name, positions

REGIONS = ("LF", "RF", "LT", "RT", "LC", "RC", "O", "M")
"""Left and right frontal, temporal, central; occipital; midline."""

MEMBERS: dict[str, tuple[str, ...]] = {
    "LF": ("Fp1", "F7", "F3"),
    "RF": ("Fp2", "F8", "F4"),
    "LT": ("T7", "P7"),
    "RT": ("T8", "P8"),
    "LC": ("C3", "P3"),
    "RC": ("C4", "P4"),
    "O": ("O1", "O2"),
    "M": ("Fz", "Cz", "Pz"),
}
"""The electrodes of the 10-20 system by region."""


@cache
def _centroids() -> dict[str, npt.NDArray[np.float32]]:
    """Region -> direction of the mean of its members, [3]."""
    means = {r: np.mean([positions()[e] for e in MEMBERS[r]], axis=0) for r in REGIONS}
    return {region: mean / np.linalg.norm(mean) for region, mean in means.items()}


def _candidates(electrode: str) -> list[str]:
    """The regions on the electrode's side: an odd number is left, an even one right, z midline."""
    number = electrode.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxy")
    if number == "z":
        return ["O", "M"]
    side = "L" if int(number) % 2 else "R"
    return [region for region in REGIONS if region.startswith(side) or region in ("O", "M")]


@cache
def region_of(electrode: str) -> str | None:
    """The region of an electrode; None where its name isn't known.

    Members as listed; any other electrode joins the nearest region centroid of its own side.
    """
    name = electrode_name(electrode)
    if name is None:
        return None
    for region, members in MEMBERS.items():
        if name in members:
            return region
    place = positions()[name]
    return max(_candidates(name), key=lambda region: float(_centroids()[region] @ place))
