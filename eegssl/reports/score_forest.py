"""Scores side by side: subjects of one evaluation, systems of a benchmark."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports.style import (
    FAINT,
    INK,
    MODEL,
    MUTED,
    SECOND,
    house_style,
    new_figure,
    plain,
    with_grid,
)
from eegssl.scoring.statistics.intervals import mean_interval


@dataclass(frozen=True)
class ComparedSystem:
    """One system of a benchmark: its name and its score at each seed."""

    name: str
    values: tuple[float, ...]
    is_baseline: bool


@house_style()
def per_subject_bars(
    subjects: Sequence[str],
    values: Sequence[float | None],
    label: str,
    chance: float | None = None,
) -> Figure:
    """One bar per subject, best first; a subject without a value says ``n/a``.

    The dashed line is the mean of those with a value, the dotted one chance.
    Raises ValueError if there is no subject.
    """
    if not subjects or len(subjects) != len(values):
        raise ValueError(f"got {len(subjects)} subjects and {len(values)} values.")
    order = sorted(
        range(len(subjects)), key=lambda i: (values[i] is None, -(values[i] or 0), subjects[i])
    )
    figure = new_figure(0.9 + 0.24 * len(order))
    ax = figure.subplots()
    for row, i in enumerate(order):
        ax.barh(row, values[i] or 0.0, height=0.62, color=MODEL, alpha=0.85)
    found = [value for value in values if value is not None]
    if found:
        ax.axvline(float(np.mean(found)), color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    if chance is not None:
        ax.axvline(chance, color=SECOND, linewidth=1.2, linestyle=":")
    labels = [f"{plain(subjects[i], 22)}   {_three_decimals(values[i])}" for i in order]
    ax.set_yticks(range(len(order)), labels)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.set_ylim(len(order) - 0.4, -0.6)
    ax.set_xlim(0, max([1.0, *found]))
    ax.set_xlabel(plain(label))
    with_grid(ax, "x")
    ax.spines["left"].set_visible(False)
    return figure


@house_style()
def benchmark_comparison(
    systems: Sequence[ComparedSystem], label: str, chance: float | None = None
) -> Figure:
    """Each system's score: small dots are seeds, the large one their mean, the bar its interval.

    The interval is Student's 95 % over seeds. Best mean first. Raises ValueError if there is no
    system.
    """
    if not systems:
        raise ValueError("got no system to compare.")
    ranked = sorted(systems, key=lambda s: (-float(np.mean(s.values)), s.name))
    figure = new_figure(0.95 + 0.34 * len(ranked))
    ax = figure.subplots()
    for row, system in enumerate(ranked):
        colour = MUTED if system.is_baseline else MODEL
        interval = mean_interval(system.values)
        if interval.low is not None and interval.high is not None:
            ax.plot([interval.low, interval.high], [row, row], color=colour, linewidth=2.2)
        ax.plot(system.values, [row] * len(system.values), "o", color=FAINT, markersize=3.5)
        ax.plot([interval.mean], [row], "o", color=colour, markersize=7.5)
    if chance is not None:
        ax.axvline(chance, color=SECOND, linewidth=1.2, linestyle=":")
        ax.text(chance, -0.62, " chance", fontsize=8, color=MUTED, va="bottom")
    names = [plain(s.name) + (" (baseline)" if s.is_baseline else "") for s in ranked]
    ax.set_yticks(range(len(ranked)), names)
    ax.tick_params(axis="y", labelcolor=INK)
    ax.set_ylim(len(ranked) - 0.4, -0.6)
    ax.set_xlabel(plain(label))
    with_grid(ax, "both")
    ax.spines["left"].set_visible(False)
    return figure


def _three_decimals(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"
