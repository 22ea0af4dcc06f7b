"""Draw scores of systems by the number of labelled subjects."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports import style
from eegssl.reports.benchmark.leaderboard_row import LeaderboardRow
from eegssl.reports.benchmark.score_columns import ScoreColumn
from eegssl.reports.embed import svg_uri
from eegssl.reports.sections import ReportFigure

Groups = Mapping[str, Sequence[LeaderboardRow]]
"""Number of labelled subjects -> the systems."""
_COLOURS = (style.MODEL, style.THIRD, style.TRUTH, style.SECOND, style.INK, style.MUTED)
_APART = 0.04  # of the way to the next number: bars of two systems do not hide each other


def labels_figure(task: str, groups: Groups, column: ScoreColumn) -> ReportFigure | None:
    """The ranking score by the number of labelled subjects; None if no system has a value."""
    names = {row.name for rows in groups.values() for row in rows if row.values(column.name)}
    if not names:
        return None
    return ReportFigure(
        title=f"{column.words} by labelled subjects, {task}",
        caption="Lines: mean over draws and seeds, dashed of baselines; dotted: chance. Bars: "
        "standard deviation over draws and seeds. Draws of more subjects have more of them in "
        "common, and differ less for that reason too.",
        alt=f"{column.words} of {len(names)} systems by the number of labelled subjects",
        uri=svg_uri(label_curve(groups, column)),
    )


@style.house_style()
def label_curve(groups: Groups, column: ScoreColumn) -> Figure:
    """One line a system, with mean and standard deviation over runs; numbers in their order."""
    lines: dict[str, dict[int, LeaderboardRow]] = {}
    for place, rows in enumerate(groups.values()):
        for row in rows:
            if row.values(column.name):
                lines.setdefault(row.name, {})[place] = row
    figure = style.new_figure(3.6)
    ax = figure.subplots()
    for k, (name, line) in enumerate(lines.items()):
        runs = [row.values(column.name) for row in line.values()]
        ax.errorbar(
            [place + _APART * (k - (len(lines) - 1) / 2) for place in line],
            [float(np.mean(values)) for values in runs],
            [float(np.std(values, ddof=1)) if len(values) > 1 else 0.0 for values in runs],
            color=_COLOURS[k % len(_COLOURS)],
            linestyle=style.DASHED if next(iter(line.values())).is_baseline else "-",
            marker="o",
            markersize=4,
            label=style.plain(name),
        )
    if column.chance is not None:
        ax.axhline(column.chance, color=style.SECOND, linewidth=1.2, linestyle=":")
    ax.set_xticks(range(len(groups)), [style.plain(labels) for labels in groups])
    ax.set_xlabel("Training subjects with labels")
    ax.set_ylabel(style.plain(column.words))
    ax.legend()
    style.with_grid(ax)
    return figure
