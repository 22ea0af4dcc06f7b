"""Draw phase errors over lead time, and waves with forecasts."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eegssl.reports import style
from eegssl.scoring.forecasts.circular import phase_error_deg
from eegssl.tasks.phase.phase_rows import PhasePredictions

Floats = NDArray[np.float64]

CHANCE_DEG = 90.0
COLOURS = {"rotation": style.SECOND, "ar": style.THIRD, "model": style.MODEL}
_LEADS_DRAWN = 60
_WAVE_HZ = 200.0


@style.house_style()
def error_over_lead(table: PhasePredictions, words: Mapping[str, str]) -> Figure:
    """Mean absolute phase error of each method by lead time, a panel a band; dotted is chance."""
    bands, of_band = list(table.bands), np.array(table.band)
    rows = -(-len(bands) // 2)
    figure = style.new_figure(2.5 * rows)
    axes = figure.subplots(rows, 2, squeeze=False, sharex=True, sharey=True).ravel()
    edges = _edges(len(table.lead_s))
    for ax, band in zip(axes, bands, strict=False):
        part = table.subset(of_band == band)
        _draw_errors(ax, part, edges, words)
        low, high = table.bands[band]
        ax.set_title(f"{style.plain(band)}, {low:g} to {high:g} Hz")
    for ax in axes[len(bands) :]:
        ax.set_visible(False)
    axes[0].legend(loc="lower right")
    for ax in axes[::2]:
        ax.set_ylabel("mean absolute error (°)")
    for ax in axes[max(0, len(bands) - 2) : len(bands)]:
        ax.set_xlabel("lead time (s)")
    return figure


def _edges(n: int) -> NDArray[np.int64]:
    """Edges of the stretches that have a point each: single lead times first, then wider ones."""
    spread = np.geomspace(1, n + 1, min(n, _LEADS_DRAWN) + 1) - 1
    return np.unique(np.round(spread)).astype(np.int64)


def _draw_errors(
    ax: Axes, part: PhasePredictions, edges: NDArray[np.int64], words: Mapping[str, str]
) -> None:
    centre_s = np.array([part.lead_s[a:b].mean() for a, b in pairwise(edges)])
    for name, forecast in part.methods.items():
        error = np.abs(phase_error_deg(part.true_rad, forecast.rad)).mean(axis=0)
        mean = np.add.reduceat(error, edges[:-1]) / np.diff(edges)
        width = 2.2 if name == "model" else 1.5
        ax.plot(
            centre_s,
            mean,
            color=COLOURS.get(name, style.MUTED),
            label=words.get(name, name),
            lw=width,
        )
    ax.axhline(CHANCE_DEG, color=style.INK, linewidth=0.9, linestyle=":")
    ax.set_xscale("symlog", linthresh=0.1, linscale=0.6)
    ticks = [s for s in (0, 0.1, 0.5, 1, 2, 5, 12, 20) if s <= part.lead_s[-1] * 1.05]
    ax.set_xticks(ticks, [f"{s:g}" for s in ticks])
    ax.minorticks_off()
    ax.set_ylim(0, 105)
    ax.set_yticks([0, 30, 60, 90])
    style.with_grid(ax)


@style.house_style()
def waves(
    table: PhasePredictions, rows: Sequence[int], words: Mapping[str, str], seconds: float
) -> Figure:
    """Rows of a table as waves: the true narrow band (its amplitude times the cosine of its phase)
    and, on the same amplitude, the cosine of each forecast phase; below, the model's error."""
    figure = style.new_figure(1.75 * len(rows))
    axes = figure.subplots(len(rows), 1, squeeze=False, sharex=True).ravel()
    for ax, row in zip(axes, rows, strict=True):
        _draw_wave(ax, table, row, words, seconds)
    axes[0].legend(loc="lower right", ncols=1 + len(table.methods), bbox_to_anchor=(1, 1.0))
    axes[-1].set_xlabel("lead time (s)")
    return figure


def _draw_wave(
    ax: Axes, table: PhasePredictions, row: int, words: Mapping[str, str], seconds: float
) -> None:
    lead_s, hz = table.lead_s, float(table.context_hz[row])
    fine_s = np.arange(0, min(seconds, lead_s[-1]), 1 / _WAVE_HZ)
    size_uv = np.interp(fine_s, lead_s, table.true_uv[row])
    level = float(size_uv.max()) or 1.0
    true = size_uv * np.cos(unrolled(table.true_rad[row], lead_s, hz, fine_s))
    ax.plot(fine_s, true, color=style.INK, linewidth=1.3, label="truth")
    ax.fill_between(fine_s, -size_uv, size_uv, color=style.FAINT, alpha=0.18, linewidth=0)
    for k, (name, forecast) in enumerate(table.methods.items()):
        wave = level * np.cos(unrolled(forecast.rad[row], lead_s, hz, fine_s))
        ax.plot(
            fine_s,
            wave,
            color=COLOURS.get(name, style.TRUTH),
            linewidth=0.9,
            alpha=0.9,
            linestyle=("--", ":", "-")[k % 3],
            label=words.get(name, name),
        )
    ax.set_ylim(-1.15 * level, 1.15 * level)
    ax.set_ylabel("µV")
    ax.tick_params(length=0)
    where = f"{style.plain(table.channel[row])}, {style.plain(table.band[row])} around {hz:.1f} Hz"
    subject = f"subject {style.plain(table.subject[row])}, t = {table.t_s[row]:.0f} s"
    ax.set_title(f"{where}; {subject}", fontsize=8.5, fontweight="normal")
    ax.grid(True, axis="x")


def unrolled(rad: Floats, lead_s: Floats, hz: float, at_s: Floats) -> Floats:
    """A phase [L] around ``hz`` at other times: what it has beyond 2 pi f t changes slowly."""
    slow = np.unwrap(rad - 2 * np.pi * hz * lead_s)
    return np.asarray(np.interp(at_s, lead_s, slow) + 2 * np.pi * hz * at_s)
