"""Draw what probes measured: similarity of layers, depths, regions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from eegssl.probes.embedded import ENCODER, RANDOM
from eegssl.probes.region_measures import LESS
from eegssl.reports import style
from eegssl.reports.head_map import draw_head

_HEAT = LinearSegmentedColormap.from_list(
    "likeness", ["#f4f7fa", "#8db6d6", style.MODEL, "#0b2f50"]
)
_NUMBERS = 9  # layers up to which each cell has its number
_PANELS = (("subjects", "windows named rightly"), ("labels", "AUROC of seizures"))


@style.house_style()
def similarity_figure(own: Mapping[str, Any]) -> Figure:
    """The matrix of layers × layers, and each layer beside that of random weights."""
    matrix = np.array(own["similarity"], dtype=np.float64)
    beside = np.array(own["beside_random"], dtype=np.float64)[:, None]
    depth = len(matrix)
    figure = style.new_figure(1.6 + min(0.42 * depth, 3.4), style.PAGE_IN * 0.62)
    axes = figure.subplots(1, 2, width_ratios=[depth, 1])
    for ax, values in zip(axes, (matrix, beside), strict=True):
        image = ax.imshow(values, cmap=_HEAT, vmin=0, vmax=1, aspect="auto")
        for (y, x), value in np.ndenumerate(values):
            if depth <= _NUMBERS and np.isfinite(value):
                colour = "white" if value > 0.55 else style.INK
                ax.text(x, y, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
        ax.set_yticks(range(depth), [str(k) for k in range(depth)])
        ax.tick_params(length=0)
        ax.spines[:].set_visible(False)
    axes[0].set_xticks(range(depth), [str(k) for k in range(depth)])
    axes[1].set_xticks([])
    axes[0].set(xlabel="layer", ylabel="layer", title="Layer beside layer")
    axes[1].set_title("random\nweights", fontsize=8.5)
    figure.colorbar(image, ax=axes, label="linear CKA", aspect=14, pad=0.02)
    return figure


@style.house_style()
def depth_figure(own: Mapping[str, Any]) -> Figure | None:
    """What probes read at every depth, of the encoder and with random weights; None for nothing."""
    panels = [(name, label) for name, label in _PANELS if _defined(own[name])]
    if not panels:
        return None
    figure = style.new_figure(2.9, style.PAGE_IN * (0.5 if len(panels) == 1 else 1))
    for ax, (name, label) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        for space, colour, words in (
            (RANDOM, style.FAINT, "random weights"),
            (ENCODER, style.MODEL, "this encoder"),
        ):
            values = [one[space]["value"] for one in own[name]]
            ax.plot(range(len(values)), values, "o-", color=colour, markersize=4, label=words)
        ax.axhline(
            own[name][0][ENCODER]["chance"], color=style.SECOND, linewidth=1.2, linestyle=":"
        )
        ax.set(xlabel="layer (0: below the first block)", ylabel=label)
        ax.set_title({"subjects": "Who is recorded", "labels": "Seizures in other subjects"}[name])
        ax.set_xticks(range(len(values)))
        style.with_grid(ax)
        ax.legend()
    return figure


@style.house_style()
def region_figure(own: Mapping[str, Any]) -> Figure | None:
    """Two heads, of what is lost without a region beyond as many other channels: how far embeddings
    move, and the AUROC of the label probe."""
    parts = {
        name: {r: v for r, o in own.items() if (v := o[name][LESS]["value"]) is not None}
        for name in ("moved", "labels")
    }
    shown = [(name, values) for name, values in parts.items() if values]
    if not shown:
        return None
    titles = {"moved": "Distance moved", "labels": "Change of the AUROC of seizures"}
    figure = style.new_figure(3.2, style.PAGE_IN * 0.5 * len(shown))
    for ax, (name, values) in zip(
        figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True
    ):
        most = max(max(abs(v) for v in values.values()), 1e-6)
        colours = _CHANGE.reversed() if name == "moved" else _CHANGE
        draw_head(ax, values, colours, Normalize(-most, most), names=True)
        ax.set_title(titles[name])
        mappable = ax.images[0]
        figure.colorbar(mappable, ax=ax, aspect=14, shrink=0.8)
    return figure


_CHANGE = LinearSegmentedColormap.from_list("change", ["#e58a98", "#f6f6f6", "#8cc0ab"])
"""Light enough for the names of regions to be read on them."""


def _defined(depths: Sequence[Mapping[str, Any]]) -> bool:
    return all(one["value"] is not None for own in depths for one in own.values())
