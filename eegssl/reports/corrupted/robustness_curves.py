"""Show scores over the severity of corruptions."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eegssl.reports import style
from eegssl.reports.cells import NO_INTERVAL, Footnotes, heads, interval_text, number_cell
from eegssl.reports.embed import svg_uri
from eegssl.reports.method_tables import score_cells
from eegssl.reports.sections import Cell, ReportFigure, Table
from eegssl.scoring.corrupted.robustness import AREA, Point

Lines = Mapping[str, Mapping[str, Sequence[Point]]]
"""Kind of corruption -> system -> points of one score, severities ascending."""
Titles = Mapping[str, str]
"""Kind of corruption -> its name in words."""
_COLUMNS = 3
_PANEL_IN = 2.5
_COLOURS = (style.MODEL, style.THIRD, style.TRUTH, style.SECOND, style.INK, style.MUTED)


def severity_figure(lines: Lines, titles: Titles, words: str, chance: float | None) -> ReportFigure:
    """A panel for each kind of corruption, a line for each system."""
    return ReportFigure(
        title=f"{words} by severity",
        caption="0 are the clean recordings. Shaded: 95 % interval by a bootstrap over subjects, "
        "where there is one; dotted: chance.",
        alt=f"{words} over the severity of {len(lines)} corruptions",
        uri=svg_uri(severity_curves(lines, titles, words, chance)),
    )


@style.house_style()
def severity_curves(lines: Lines, titles: Titles, words: str, chance: float | None) -> Figure:
    """Draw them; raises ValueError without any kind."""
    if not lines:
        raise ValueError("got no corruption to draw")
    n_rows = -(-len(lines) // _COLUMNS)
    columns = min(_COLUMNS, len(lines))
    figure = style.new_figure(_PANEL_IN * n_rows + 0.4, style.PAGE_IN * columns / _COLUMNS)
    axes = figure.subplots(n_rows, columns, squeeze=False, sharey=True)
    for ax, (kind, systems) in zip(axes.flat, lines.items(), strict=False):
        ax.set_title(titles[kind])
        for k, points in enumerate(systems.values()):
            _draw(ax, [one for one in points if one.severity != AREA], k)
        if chance is not None:
            ax.axhline(chance, color=style.SECOND, linewidth=1.0, linestyle=":")
        ax.set_xlabel("severity")
        ax.set_xticks(sorted({int(p.severity) for some in systems.values() for p in some
                              if p.severity != AREA}))  # fmt: skip
        style.with_grid(ax)
    for ax in list(axes.flat)[len(lines) :]:
        ax.set_visible(False)
    for row in axes:
        row[0].set_ylabel(words)
    names = list(dict.fromkeys(name for systems in lines.values() for name in systems))
    if len(names) > 1:
        figure.legend(
            axes.flat[0].get_lines()[: len(names)],
            [style.plain(name) for name in names],
            loc="outside lower center",
            ncols=3,
        )
    return figure


def _draw(ax: Axes, points: Sequence[Point], place: int) -> None:
    known = [(int(p.severity), p.score, p.low, p.high) for p in points if p.score is not None]
    colour = _COLOURS[place % len(_COLOURS)]
    dashes = "-" if place < len(_COLOURS) else style.DASHED
    ax.plot(
        [one[0] for one in known],
        [one[1] for one in known],
        color=colour,
        marker="o",
        markersize=3.5,
        linestyle=dashes,
    )
    spans = [(x, low, high) for x, _, low, high in known if low is not None and high is not None]
    if spans:
        x, low, high = zip(*spans, strict=True)
        ax.fill_between(x, low, high, color=colour, alpha=0.12, linewidth=0)


def severity_table(
    points: Mapping[str, Sequence[Point]], titles: Titles, levels: Mapping[str, str], words: str
) -> Table:
    """A row for each kind of corruption: the score at each severity, and the area."""
    notes, rows = Footnotes(), []
    severities = sorted({p.severity for some in points.values() for p in some} - {AREA})
    for kind, own in points.items():
        by_severity = {one.severity: one for one in own}
        rows.append(
            (
                Cell(titles[kind], small=levels[kind]),
                *(
                    number_cell(
                        by_severity[severity].score,
                        notes,
                        "undefined on these test data",
                        small=interval_text(by_severity[severity].low, by_severity[severity].high),
                    )
                    for severity in (*severities, AREA)
                ),
                Cell(f"{own[0].subjects:,}", mark=_why(own, notes)),
            )
        )
    numbers = (*("clean" if s == "0" else s for s in severities), "Mean", "Subjects")
    return Table(
        f"{words} by severity",
        heads(("Corruption",), *numbers),
        tuple(rows),
        "Levels of severity 1 to 5 stand below each name. Mean: the area under the curve, over the "
        "severities. In small print 95 % intervals (percentiles of a bootstrap over subjects).",
        notes.listed(),
    )


def severity_grid(rows: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Columns and rows of a terminal, a row a kind and score; given the rows of a TSV."""
    severities = list(dict.fromkeys(row["severity"] for row in rows))
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        lines.setdefault((row["kind"], row["metric"]), {})[row["severity"]] = row["score"]
    names = ["clean" if s == "0" else "mean" if s == AREA else s for s in severities]
    return ["corruption", "score", *names], [
        [*place, *(scores[severity] for severity in severities)] for place, scores in lines.items()
    ]


def area_table(lines: Lines, titles: Titles, words: str, *, lower_is_better: bool) -> Table:
    """A row for each system: the area under its curve of each kind, the best in bold."""
    notes, systems = Footnotes(), list(next(iter(lines.values())))
    columns = []
    for of_systems in lines.values():
        areas = [next(one for one in of_systems[name] if one.severity == AREA) for name in systems]
        columns.append(
            score_cells(
                [one.score for one in areas],
                notes,
                higher=not lower_is_better,
                smalls=[interval_text(one.low, one.high) for one in areas],
                reasons=["undefined on these test data"] * len(areas),
            )
        )
    first = next(iter(lines.values()))
    rows = [
        (Cell(name, mark=_why(first[name], notes)), *cells)
        for name, *cells in zip(systems, *columns, strict=True)
    ]
    return Table(
        f"{words}, mean over severities",
        heads(("System",), *(titles[kind] for kind in lines)),
        tuple(rows),
        "The area under each curve over the severities, the clean recordings included. In small "
        "print 95 % intervals (percentiles of a bootstrap over subjects).",
        notes.listed(),
    )


def _why(points: Sequence[Point], notes: Footnotes) -> str:
    """The mark of the reason why there is no interval."""
    reason = next((one.note for one in points if one.low is None and one.note), "")
    return notes.mark(f"{NO_INTERVAL}{reason}") if reason else ""
