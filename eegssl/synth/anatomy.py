"""Model the synthetic head: electrodes, cortical sources, regions and neighbours.

One dipole lies under each electrode of the 10-20 system, two more in the eyes. The regions are
those of the brain-region masks; which regions are neighbours is ours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eegssl.io import head_model

SCALP: tuple[str, ...] = (
    *("Fp1", "Fp2", "F7", "F3", "Fz", "F4", "F8"),
    *("T7", "C3", "Cz", "C4", "T8"),
    *("P7", "P3", "Pz", "P4", "P8", "O1", "O2"),
)
"""The 19 electrodes of the 10-20 system; a cortical source lies under each."""

ELECTRODES = (*SCALP, "A1", "A2")
"""All simulated electrodes: the ears serve as reference."""

REGION_ELECTRODES = {
    "LF": ("F7", "F3", "Fp1"),
    "RF": ("F8", "F4", "Fp2"),
    "LT": ("T7", "P7"),
    "RT": ("T8", "P8"),
    "LC": ("C3", "P3"),
    "RC": ("C4", "P4"),
    "O": ("O1", "O2"),
    "M": ("Fz", "Cz", "Pz"),
}
"""Region to its electrodes, the one that dominates first."""

SPREAD = {
    "LF": ("LT", "M", "RF"),
    "RF": ("RT", "M", "LF"),
    "LT": ("LF", "LC", "RT"),
    "RT": ("RF", "RC", "LT"),
    "LC": ("LT", "M", "RC"),
    "RC": ("RT", "M", "LC"),
    "O": ("LT", "RT", "M"),
    "M": ("LF", "RF", "LC"),
}
"""Region to those a seizure spreads to: neighbours first, other hemisphere last (ours)."""

DEPTH = 0.78
"""Distance of the cortical sources from the centre, in units of the head's radius (ours)."""

_EYES = ((-0.28, 0.72, -0.26), (0.28, 0.72, -0.26))


@dataclass(frozen=True)
class Head:
    """Potentials at ``ELECTRODES`` (E = 21): ``cortex`` [E,S,3] by axis, eyes [E]."""

    cortex: NDArray[np.float64]
    radial: NDArray[np.float64]
    blink: NDArray[np.float64]
    gaze: NDArray[np.float64]

    def topographies(self, tilts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Potentials [E,S] of dipoles tilted [S,3] from the radial direction, largest value 1."""
        moments = self.radial + tilts
        moments /= np.linalg.norm(moments, axis=1, keepdims=True)
        return peak_one(np.einsum("esd,sd->es", self.cortex, moments))


def build_head() -> Head:
    """The head model of the corpus, from the spherical lead field."""
    radial = head_model.electrode_positions(SCALP)
    places = np.repeat(radial * DEPTH, 3, axis=0)
    axes = np.tile(np.eye(3), (len(SCALP), 1))
    # The cornea is positive: a blink turns the eyes up and forward, a gaze turns both sideways.
    eyes = np.repeat(np.array(_EYES), 2, axis=0)
    turns = np.tile(np.array([[0.0, 0.8, 0.6], [1.0, 0.0, 0.0]]), (2, 1))
    field = head_model.lead_field(
        ELECTRODES, _points(np.vstack([places, eyes])), _points(np.vstack([axes, turns]))
    )
    count = len(places)
    cortex = field[:, :count].reshape(len(ELECTRODES), len(SCALP), 3)
    blink, gaze = (field[:, count + i] + field[:, count + 2 + i] for i in (0, 1))
    return Head(cortex, radial, peak_one(blink), peak_one(gaze))


def peak_one(potentials: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale so that the largest absolute potential against the scalp's average is 1."""
    scalp = potentials[: len(SCALP)]
    return potentials / np.abs(scalp - scalp.mean(axis=0)).max(axis=0)


def weights_of(shares: dict[str, float]) -> NDArray[np.float64]:
    """A vector [S] over the cortical sources from electrode names."""
    return np.array([shares.get(name, 0.0) for name in SCALP])


def region_weights(region: str) -> NDArray[np.float64]:
    """Source weights [S] of activity in one region: its first electrode dominates."""
    names = REGION_ELECTRODES[region]
    return weights_of({name: 1.0 if i == 0 else 0.45 for i, name in enumerate(names)})


def _points(rows: NDArray[np.float64]) -> head_model.Points:
    return tuple((float(x), float(y), float(z)) for x, y, z in rows)
