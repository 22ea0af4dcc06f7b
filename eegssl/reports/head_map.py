"""Draw a head from above, its regions coloured by a value."""

from collections.abc import Mapping
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.patches import Circle, Polygon
from numpy.typing import NDArray

from eegssl.reports.style import INK, MUTED
from eegssl.signal.channels.positions import positions
from eegssl.signal.channels.regions import REGIONS, region_set

_RIM = np.deg2rad(108)  # how far from the vertex the outline of the head lies
_PIXELS = 100


def on_head(xyz: NDArray[np.floating]) -> NDArray[np.float64]:
    """Points [..., 3] on the unit sphere seen from above, nose up, [..., 2] within the unit circle.

    Azimuthal equidistant: distances from the vertex are kept.
    """
    x, y, z = np.moveaxis(np.asarray(xyz, dtype=np.float64), -1, 0)
    radius = np.arccos(np.clip(z, -1, 1)) / _RIM
    across = np.hypot(x, y)
    scale = np.divide(radius, across, out=np.zeros_like(radius), where=across > 0)
    return np.stack([x * scale, y * scale], axis=-1)


def draw_head(
    ax: Axes,
    values: Mapping[str, float],
    colours: Colormap,
    norm: Normalize,
    *,
    names: bool = False,
) -> None:
    """Colour each of the eight regions by its value; what has none stays blank.

    A place belongs to the region of the nearest electrode of the 10-20 system; between regions
    runs a white line.
    """
    owner = _owners()
    picture = np.full(owner.shape, np.nan)
    for k, region in enumerate(REGIONS):
        picture[owner == k] = values.get(region, np.nan)
    extent = (-1.0, 1.0, -1.0, 1.0)
    options = {"extent": extent, "origin": "lower", "interpolation": "nearest"}
    image = ax.imshow(picture, cmap=colours, norm=norm, **options)  # type: ignore[arg-type]
    rim = Circle((0, 0), 1, facecolor="none", edgecolor=INK, linewidth=0.9, clip_on=False, zorder=5)
    ax.add_patch(rim)
    image.set_clip_path(rim)
    nose = Polygon([(-0.12, 0.99), (0, 1.14), (0.12, 0.99)], closed=False, fill=False)
    nose.set(edgecolor=INK, linewidth=0.9, clip_on=False)
    ax.add_patch(nose)
    if names:
        for region, members in _members().items():
            x, y = np.mean([on_head(positions()[e]) for e in members], axis=0).tolist()
            ax.text(x, y, region, ha="center", va="center", fontsize=6, color=MUTED)
    ax.set(xlim=(-1.12, 1.12), ylim=(-1.06, 1.2), aspect="equal")
    ax.set_axis_off()


def _members() -> dict[str, tuple[str, ...]]:
    eight = region_set()
    return dict(zip(eight.names, eight.members, strict=True))


@cache
def _owners() -> NDArray[np.int64]:
    """The region of each pixel of the unit square, as an index into REGIONS; -1 outside and on the
    borders."""
    line = np.linspace(-1, 1, _PIXELS)
    x, y = np.meshgrid(line, line)
    points = np.stack([x, y], axis=-1)
    places = [(k, on_head(positions()[e])) for k, r in enumerate(REGIONS) for e in _members()[r]]
    far = np.stack([((points - place) ** 2).sum(axis=-1) for _, place in places])
    owner = np.array([k for k, _ in places])[far.argmin(axis=0)]
    border = np.zeros(owner.shape, dtype=np.bool_)
    border[:, 1:] |= owner[:, 1:] != owner[:, :-1]
    border[1:] |= owner[1:] != owner[:-1]
    return np.where((np.hypot(x, y) <= 1.02) & ~border, owner, -1)
