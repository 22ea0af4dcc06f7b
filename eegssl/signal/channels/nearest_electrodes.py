"""Take places on the head for the electrodes that lie nearest.

The rule and its bound are ours: 10-10 electrodes lie some 30 mm apart, so that 20 mm away another
electrode would be as near.
"""

from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt

from eegssl.signal.channels.positions import BEHIND_EARS, EARS, positions

FARTHEST_DEG = float(np.degrees(20 / 95))
"""How far an electrode may lie from a place: 20 mm on a head of 95 mm radius."""

_EQUAL_DEG = 1.5  # as far as our electrodes are from lying alike on both sides
_BESIDE = 0.03
_SAME_PLACE = {"T1", "T2"}  # stand-ins at FT9 and FT10

Places = Mapping[str, npt.NDArray[np.floating]]
"""Name -> place [3], x to the right ear, y to the nose, z up."""


def scalp_electrodes() -> dict[str, npt.NDArray[np.float32]]:
    """Electrode -> its place on the unit sphere, of those that a place may be taken for."""
    others = EARS | BEHIND_EARS.keys() | _SAME_PLACE
    return {name: place for name, place in positions().items() if name not in others}


def sphere_centre(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """The centre [3] of the least-squares sphere through points [n,3]."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    solution = np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)[0]
    return np.asarray(solution[:3], dtype=np.float64)


def angles_deg(
    points: npt.NDArray[np.floating], others: npt.NDArray[np.floating]
) -> npt.NDArray[np.float64]:
    """Angles [P,E] between points [P,3] and others [E,3], seen from the centre of the head."""
    return np.degrees(np.arccos(np.clip(_units(points) @ _units(others).T, -1, 1)))


def nearest_electrodes(
    places: Places, electrodes: Places, named: Collection[str] = frozenset()
) -> dict[str, str]:
    """Label -> electrode, of the labels that one lies near: seen from the head's centre.

    A label is the electrode nearest to it, at most `FARTHEST_DEG` away, and each electrode is that
    of the label nearest to it (the first of equals), unless a channel is ``named`` so; the other
    labels are none. An electrode of the midline is not that of one of two labels beside it.
    """
    if not places:
        return {}
    names = list(electrodes)
    points, others = (np.array(list(some.values())) for some in (places, electrodes))
    angles = np.round(angles_deg(points, others), 2)
    near: dict[str, list[tuple[float, str]]] = {}
    for row, label in zip(angles, places, strict=True):
        if row.min() <= FARTHEST_DEG:
            near.setdefault(names[int(row.argmin())], []).append((float(row.min()), label))
    electrode_of = {}
    for name, candidates in near.items():
        least, label = min(candidates, key=lambda candidate: candidate[0])
        equals = [other for angle, other in candidates if angle - least <= _EQUAL_DEG]
        if name not in named and not (name.endswith("z") and _a_pair(places, label, equals)):
            electrode_of[label] = name
    return {label: electrode_of[label] for label in places if label in electrode_of}


def _a_pair(places: Places, label: str, others: Iterable[str]) -> bool:
    """Whether another place lies on the other side of the midline than that of a label."""
    side = {name: float(_units(places[name][None])[0, 0]) for name in (label, *others)}
    return any(side[label] * side[other] < 0 and abs(side[other]) > _BESIDE for other in others)


def _units(points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    points = np.asarray(points, dtype=np.float64)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True))
