"""Write short labels beside dots so that none lies on another."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from eegssl.reports import style

_FONT_PT = 7.0
_WIDE_PT, _HIGH_PT = 4.6, 8.5  # of a digit in that font, with some air
_RINGS_PT = (6.0, 13.0, 21.0, 30.0, 42.0, 56.0)
_TURNS = 12
Box = tuple[float, float, float, float]


def label_apart(
    ax: Axes, points: Sequence[tuple[float, float]], names: Sequence[str], size_in: Sequence[float]
) -> None:
    """Write each name near its point, the first ones nearest; a line leads to one further away.

    Limits and scales of the axes must be set, which are about ``size_in`` (width, height) large. A
    name for which there is no room is left out.
    """
    size_pt = 72 * np.asarray(size_in, dtype=np.float64)
    taken: list[Box] = []
    for point, name in zip(points, names, strict=True):
        at = ax.transLimits.transform(ax.transScale.transform(point)) * size_pt
        width = _WIDE_PT * len(name)
        for ring, turn in ((r, t) for r in _RINGS_PT for t in range(_TURNS)):
            angle = np.pi / 4 + 2 * np.pi * turn / _TURNS  # first above at the right
            away = np.array([np.cos(angle) * (ring + width / 2), np.sin(angle) * (ring + 2)])
            box = _box(at + away, width)
            if _inside(box, size_pt) and not any(_overlap(box, other) for other in taken):
                taken.append(box)
                _write(ax, name, point, away, leads=ring > _RINGS_PT[0])
                break


def _write(
    ax: Axes, name: str, point: tuple[float, float], away_pt: np.ndarray, *, leads: bool
) -> None:
    line = {"arrowstyle": "-", "color": style.FAINT, "lw": 0.6, "shrinkA": 0, "shrinkB": 1}
    ax.annotate(
        name,
        point,
        (float(away_pt[0]), float(away_pt[1])),
        textcoords="offset points",
        fontsize=_FONT_PT,
        ha="center",
        va="center",
        arrowprops=line if leads else None,
    )


def _box(centre: np.ndarray, width: float) -> Box:
    x, y = float(centre[0]), float(centre[1])
    return x - width / 2, y - _HIGH_PT / 2, x + width / 2, y + _HIGH_PT / 2


def _inside(box: Box, size_pt: np.ndarray) -> bool:
    return box[0] >= 0 and box[1] >= 0 and box[2] <= size_pt[0] and box[3] <= size_pt[1]


def _overlap(one: Box, other: Box) -> bool:
    apart = one[2] < other[0] or other[2] < one[0] or one[3] < other[1] or other[3] < one[1]
    return not apart
