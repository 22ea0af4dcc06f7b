"""Draw a cohort: each patient's probability, and calibration."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eegssl.reports import style

_COLOURS = (style.MUTED, style.SECOND, style.MODEL, style.THIRD, style.TRUTH, style.INK)


@style.house_style()
def probability_figure(
    truth: NDArray[np.integer], probabilities: Mapping[str, NDArray[np.float64]]
) -> Figure:
    """Draw each patient's probability of a good outcome, mean over repeats, by true outcome."""
    columns = min(3, len(probabilities))
    lines = -(-len(probabilities) // columns)
    figure = style.new_figure(0.5 + 1.55 * lines)
    axes = figure.subplots(lines, columns, squeeze=False, sharex=True).ravel()
    for ax, (name, p) in zip(axes, probabilities.items(), strict=False):
        for side, colour in ((0, style.TRUTH), (1, style.MODEL)):
            mine = np.sort(p[truth == side])
            ax.scatter(mine, _stacked(mine) + (1 - side), s=17, color=colour, alpha=0.75, lw=0)
            ax.plot(
                [np.median(mine)] * 2, (0.62 - side, 1.38 - side), color=style.INK, linewidth=1.1
            )
        ax.set_yticks((1, 0), ("poor", "good"))
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.55, 1.55))
        ax.set_title(style.plain(name))
        style.with_grid(ax, "x")
    for ax in axes[len(probabilities) :]:
        ax.set_axis_off()
    for ax in axes[max(0, len(probabilities) - columns) : len(probabilities)]:
        ax.set_xlabel("probability of a good outcome")
        ax.tick_params(labelbottom=True)
    return figure


@style.house_style()
def calibration_figure(
    truth: NDArray[np.integer], probabilities: Mapping[str, NDArray[np.float64]], n_bins: int
) -> Figure:
    """Draw the share of good outcomes against the mean probability of equally large bins."""
    figure = style.new_figure(3.6)
    ax, histogram = figure.subplots(1, 2)
    ax.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=":")
    for (name, p), colour in zip(probabilities.items(), _COLOURS, strict=False):
        bins = np.array_split(np.argsort(p, kind="stable"), min(n_bins, len(p)))
        predicted = [float(p[b].mean()) for b in bins]
        observed = [float(truth[b].mean()) for b in bins]
        ax.plot(predicted, observed, "o-", color=colour, markersize=4.5, label=style.plain(name))
    ax.set(xlabel="probability given", ylabel="share that fared well")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    ax.set_title("Calibration")
    ax.legend(loc="upper left")
    style.with_grid(ax)
    _spread(histogram, probabilities)
    return figure


def _spread(ax: Axes, probabilities: Mapping[str, NDArray[np.float64]]) -> None:
    """Draw the histogram of each input's probabilities."""
    edges = np.linspace(0, 1, 21)
    for (name, p), colour in zip(probabilities.items(), _COLOURS, strict=False):
        ax.stairs(np.histogram(p, edges)[0], edges, color=colour, label=style.plain(name))
    ax.set(xlabel="probability given", ylabel="patients", xlim=(-0.02, 1.02))
    ax.set_title("How far patients are set apart")
    style.with_grid(ax)


def _stacked(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Offsets [n] of sorted values, so that dots that lie close stand above each other."""
    offsets = np.zeros(len(values))
    for k in range(1, len(values)):
        step = round(offsets[k - 1] / 0.12) + 1
        offsets[k] = 0.12 * (step if values[k] - values[k - 1] < 0.018 and step < 4 else 0)
    return offsets - 0.15
