"""Draw scores row by row with their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports import style
from eegssl.reports.cells import number_text

Span = tuple[float, float]
SHARE: Span = (0.0, 1.0)


@dataclass(frozen=True)
class ForestRow:
    """A name with its score and what surrounds it: its interval, single values, the chance range.

    A score of None leaves the row empty.
    """

    name: str
    score: float | None
    interval: Span | None = None
    values: tuple[float, ...] = ()
    chance: Span | None = None
    is_baseline: bool = False


@style.house_style()
def score_forest(
    rows: Sequence[ForestRow],
    label: str,
    *,
    chance: float | None = None,
    bounds: Span = SHARE,
    whole: bool = False,
    mean: bool = False,
) -> Figure:
    """One line a row: large dot the score, bar its interval, small dots values, grey the chance.

    Nothing is drawn beyond ``bounds``, which the axis spans where ``whole``. The dotted line is
    ``chance``; with ``mean`` a dashed one is the mean score. Raises ValueError without rows.
    """
    if not rows:
        raise ValueError(f"got no row to draw of {label}.")
    figure = style.new_figure(0.9 + 0.32 * len(rows))
    ax = figure.subplots()
    for place, row in enumerate(rows):
        colour = style.MUTED if row.is_baseline else style.MODEL
        if row.chance is not None:
            low, high = row.chance
            ax.barh(place, high - low, left=low, height=0.62, color=style.GRID, zorder=1)
        if row.interval is not None:
            interval = np.clip(row.interval, *bounds)
            ax.plot(interval, (place, place), color=colour, linewidth=2.2, clip_on=False)
        ax.plot(
            row.values, [place] * len(row.values), "o", color=style.FAINT, ms=3.5, clip_on=False
        )
        if row.score is not None:
            ax.plot([row.score], [place], "o", color=colour, markersize=7, clip_on=False)
    scores = [row.score for row in rows if row.score is not None]
    if mean and scores:
        ax.axvline(float(np.mean(scores)), color=style.INK, linewidth=0.9, linestyle=style.DASHED)
    if chance is not None:
        ax.axvline(chance, color=style.SECOND, linewidth=1.2, linestyle=":")
        ax.text(chance, -0.62, " chance", fontsize=8, color=style.MUTED, va="bottom")
    ax.set_yticks(range(len(rows)), [style.plain(row.name) for row in rows])
    ax.tick_params(axis="y", labelcolor=style.INK)
    ax.set_ylim(len(rows) - 0.4, -0.6)
    left, right = bounds if whole else ax.get_xlim()
    ax.set_xlim(max(left, bounds[0]), min(right, bounds[1]))
    ax.set_xlabel(style.plain(label))
    style.with_grid(ax)
    ax.spines["left"].set_visible(False)
    return figure


def subject_rows(subjects: Sequence[str], scores: Sequence[float | None]) -> list[ForestRow]:
    """One row a subject with its score beside the name, the best first, n/a last.

    Raises ValueError where they are not equally many.
    """
    if len(subjects) != len(scores):
        raise ValueError(f"got {len(subjects)} subjects and {len(scores)} scores.")
    pairs = sorted(
        zip(subjects, scores, strict=True),
        key=lambda pair: (pair[1] is None, -(pair[1] or 0), pair[0]),
    )
    return [ForestRow(f"{style.plain(name, 22)}   {number_text(s)}", s) for name, s in pairs]
