"""Draw masks: each on a head at one moment, and over channels and time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from numpy.typing import NDArray

from eegssl.reports.style import FAINT, GRID, INK, MODEL, MUTED, house_style, new_figure, plain
from eegssl.signal.channels.electrodes import geometry

_HIDDEN = MODEL
_VISIBLE = "#eef1f4"
_ROW_IN = 2.75


@dataclass(frozen=True)
class MaskPanel:
    """One mask: bool [C, N], True = hidden, and what to say of it."""

    title: str
    note: str
    mask: NDArray[np.bool_]


@house_style()
def mask_figure(
    panels: Sequence[MaskPanel], channels: Sequence[str], patch_s: float = 1.0
) -> Figure:
    """Draw masks of windows with these C channels, two in a row.

    Left the head from above, nose up: electrodes, or lines between two, blue where hidden at the
    moment that is framed on the right (the one nearest to half hidden). Right channels by time.
    Raises ValueError for a mask of other channels.
    """
    if any(panel.mask.ndim != 2 or len(panel.mask) != len(channels) for panel in panels):
        shapes = [panel.mask.shape for panel in panels]
        raise ValueError(f"got masks of shapes {shapes} for {len(channels)} channels.")
    lines = -(-len(panels) // 2)
    figure = new_figure(_ROW_IN * lines)
    cells = figure.subfigures(lines, 2, squeeze=False).ravel()
    for cell, panel in zip(cells, panels, strict=False):
        head, grid = cell.subplots(1, 2, width_ratios=[1, 1.25])
        moment = int(np.abs(panel.mask.mean(axis=0) - 0.5).argmin())
        _draw_head(head, panel.mask[:, moment], channels)
        head.set_title(panel.title, fontsize=10.5)
        grid.set_title(panel.note, fontsize=8.5, fontweight="normal", color=MUTED)
        _draw_grid(grid, panel.mask, moment, channels, patch_s)
    return figure


def _draw_head(ax: Axes, hidden: NDArray[np.bool_], channels: Sequence[str]) -> None:
    """The head from above: hidden channels blue."""
    where = geometry(channels)
    flat = _flattened(where.positions)
    ax.add_patch(Circle((0, 0), 1.12, facecolor="white", edgecolor=FAINT, linewidth=1.1))
    ax.plot([-0.13, 0, 0.13], [1.11, 1.27, 1.11], color=FAINT, linewidth=1.1)
    pairs = where.located.all(axis=1)
    for state, colour, order in ((False, FAINT, 2), (True, _HIDDEN, 3)):
        width = 3.0 if state else 1.2
        segments = list(flat[pairs & (hidden == state)])
        ax.add_collection(LineCollection(segments, colors=colour, linewidths=width, zorder=order))
    if pairs.any():
        ends = flat[where.located]
        ax.scatter(ends[:, 0], ends[:, 1], s=9, color=MUTED, zorder=4, linewidths=0)
    single = where.located[:, 0] & ~pairs
    colours = [_HIDDEN if h else "white" for h in hidden[single]]
    edges = [_HIDDEN if h else FAINT for h in hidden[single]]
    x, y = flat[single, 0].T
    ax.scatter(x, y, s=70, c=colours, edgecolors=edges, linewidths=1.2, zorder=5)
    ax.set(xlim=(-1.3, 1.3), ylim=(-1.22, 1.36), aspect="equal")
    ax.set_axis_off()


def _flattened(places: NDArray[np.float32]) -> NDArray[np.floating]:
    """Places on the sphere [..., 3] as seen from above [..., 2]; the equator lies at radius 1."""
    level = np.linalg.norm(places[..., :2], axis=-1)
    down = np.arctan2(level, places[..., 2]) / (np.pi / 2)
    scale = np.divide(down, level, out=np.zeros_like(level), where=level > 0)
    flat: NDArray[np.floating] = places[..., :2] * scale[..., None]
    return flat


def _draw_grid(
    ax: Axes, mask: NDArray[np.bool_], moment: int, channels: Sequence[str], patch_s: float
) -> None:
    """Channels by time, hidden patches blue, the moment of the head framed."""
    n_channels, n_patches = mask.shape
    edges = np.arange(n_patches + 1) * patch_s
    tints = ListedColormap([_VISIBLE, _HIDDEN])
    ax.pcolormesh(
        edges,
        np.arange(n_channels + 1),
        mask.astype(int),
        cmap=tints,
        vmin=0,
        vmax=1,
        edgecolor="white",
        linewidth=0.6,
    )
    frame = Rectangle((edges[moment], 0), patch_s, n_channels, fill=False, clip_on=False)
    frame.set(edgecolor=INK, linewidth=1.6, zorder=5)
    ax.add_patch(frame)
    ax.set_ylim(n_channels, 0)
    step = -(-n_channels // 24)
    rows = range(0, n_channels, step)
    ax.set_yticks([row + 0.5 for row in rows], [plain(channels[row], 10) for row in rows])
    ax.tick_params(length=0, labelsize=7)
    ax.set_xlabel("time (s)", fontsize=8)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(GRID)
