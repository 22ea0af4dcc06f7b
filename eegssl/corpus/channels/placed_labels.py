"""Name labels after the electrode nearest to their position.

The checks of positions, and their bounds, are ours: a table whose axes or unit are not those that
it says must not name channels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from eegssl.io.tables.electrode_positions import ElectrodePositions
from eegssl.signal.channels.electrodes import parse_channels
from eegssl.signal.channels.nearest_electrodes import (
    FARTHEST_DEG,
    Places,
    angles_deg,
    nearest_electrodes,
    scalp_electrodes,
    sphere_centre,
)

_FEWEST, _MOST = 12, 1024
_FARTHEST_MM = 10_000.0
_RADIUS_MM = (40.0, 130.0)
_LARGEST_SPREAD = 0.15
_ONE_SIDED = 0.8
_ASTRAY = 0.25
_AXES_DEG = 5.0


@dataclass(frozen=True)
class PlacedLabels:
    """Label -> the electrode that it is, empty where none is near; or why positions don't count.

    ``unread`` are the labels whose positions were not used.
    """

    electrodes: Mapping[str, str] = field(default_factory=dict)
    unread: tuple[str, ...] = ()
    problem: str = ""


def place_labels(
    positions: ElectrodePositions, unknown: Sequence[str], taken: frozenset[str]
) -> PlacedLabels:
    """The electrodes of labels that name none, by their positions.

    Electrodes that are ``taken`` by a channel's own name are not given away.
    """
    placed = tuple(label for label in dict.fromkeys(unknown) if label in positions.places)
    if not placed:
        return PlacedLabels()
    if positions.problem:
        return PlacedLabels(unread=placed, problem=positions.problem)
    points = np.array(list(positions.places.values()))
    problem = _no_head(points)
    if not problem:
        centre = sphere_centre(points)
        seen = {name: place - centre for name, place in positions.places.items()}
        problem = _odd_axes(points - centre) or _misplaced(seen)
    if problem:
        return PlacedLabels(unread=placed, problem=problem)
    places = {label: seen[label] for label in placed}
    near = nearest_electrodes(places, scalp_electrodes(), taken)
    return PlacedLabels({label: near.get(label, "") for label in placed})


def _no_head(points: npt.NDArray[np.float64]) -> str:
    """Why points [n,3] in mm don't lie around a head; empty where they do."""
    if len(points) < _FEWEST:
        return f"{len(points)} positions are too few to find the head's centre (expected {_FEWEST})"
    if len(points) > _MOST:
        return f"{len(points)} positions are more than a cap has (expected {_MOST} at most)"
    if np.abs(points).max() > _FARTHEST_MM:
        return "they lie metres away: is the unit right?"
    from_centre = points - sphere_centre(points)
    radii = np.linalg.norm(from_centre, axis=1)
    radius = float(radii.mean())
    spread = float(radii.std() / max(radius, 1e-9))
    least, most = _RADIUS_MM
    if not (least <= radius <= most and spread <= _LARGEST_SPREAD and radii.min() > least / 4):
        return (
            f"they lie around no head: {radius:.0f} mm from their centre, give or take "
            f"{100 * spread:.0f} % (expected {least:.0f} to {most:.0f} mm, 15 %): wrong unit?"
        )
    mean = (from_centre / radii[:, None]).mean(axis=0)
    if np.linalg.norm(mean) > _ONE_SIDED:
        return "they cover too small a part of the head to find its centre"
    if mean[2] < 0:
        return "most lie below the head's centre, so that z does not point up"
    return ""


def _odd_axes(points: npt.NDArray[np.float64]) -> str:
    """Whether points are alike on both sides of y rather than of x: a cap is left and right."""
    sides = [_unlike(points, points * flip) for flip in ((-1, 1, 1), (1, -1, 1))]
    if sides[0] > sides[1] + _AXES_DEG:
        return "left and right are less alike than front and back: are the axes right?"
    return ""


def _unlike(points: npt.NDArray[np.float64], mirrored: npt.NDArray[np.float64]) -> float:
    """How far mirrored points lie from the nearest point, in degrees, on average."""
    return float(angles_deg(points, mirrored).min(axis=0).mean())


def _misplaced(seen: Places) -> str:
    """Why named electrodes don't lie where they should, empty where they do or none is named.

    Labels are read together: a cap's own ``C3``, beside ``C7`` or ``C32``, is no electrode.
    """
    electrodes = scalp_electrodes()
    named = {
        channel.name: place
        for channel, place in zip(parse_channels(list(seen)), seen.values(), strict=True)
        if channel.kind == "eeg" and channel.name in electrodes
    }
    far = [
        name
        for name, place in named.items()
        if angles_deg(place[None], electrodes[name][None])[0, 0] > FARTHEST_DEG
    ]
    if len(far) <= _ASTRAY * len(named):
        return ""
    some = ", ".join(far[:4])
    return f"{len(far)} of {len(named)} electrodes that it names lie elsewhere ({some}): wrong axes"
