"""The page of a benchmark: every system on every task, with its seeds, beside the baselines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.score_columns import ScoreColumn
from eegssl.reports.content import (
    NOT_AVAILABLE,
    RESEARCH_USE,
    Banner,
    Cell,
    Column,
    Footnotes,
    ReportFigure,
    Table,
    count_cell,
    number_cell,
)
from eegssl.reports.embed import svg_uri
from eegssl.reports.html import render
from eegssl.reports.score_forest import ComparedSystem, benchmark_comparison
from eegssl.scoring.statistics.intervals import mean_interval

_HEADS = ("Difference", "95 % interval", "p", "p, Holm")
_OF_FOLDS = (
    " Recordings were split within subjects, so folds are compared in place of subjects (ours): "
    "how sure this is for other recordings of the same people, not for other people."
)


@dataclass(frozen=True)
class LeaderboardRow:
    """One system on one task: metric -> its value at each seed, None where undefined.

    ``not_run`` says why a system has no value at all.
    """

    task: str
    encoder: str
    adaptation: str
    is_baseline: bool
    scores: Mapping[str, tuple[float | None, ...]]
    not_run: str = ""


@dataclass(frozen=True)
class LeaderboardContent:
    """All that the page shows; the scores of a task's rows are its columns, and the first ranks.

    ``columns`` describes the scores, and those of comparisons, by name.
    """

    title: str
    banners: tuple[Banner, ...]
    counts: tuple[tuple[str, str], ...]
    rows: tuple[LeaderboardRow, ...]
    columns: Mapping[str, ScoreColumn] = field(default_factory=dict)
    comparisons: tuple[Comparison, ...] = ()
    limits: tuple[str, ...] = ()
    version: str = ""


def render_leaderboard(content: LeaderboardContent) -> str:
    """The benchmark as one self-contained HTML page; same content, same bytes."""
    tasks = list(dict.fromkeys(row.task for row in content.rows))
    sections = [
        (task, _table(content, task), figure, comparison_table(content, task))
        for task in tasks
        for figure in [_figure(content, task)]
    ]
    return render(
        "leaderboard.html.j2",
        content=content,
        research_use=RESEARCH_USE,
        sections=sections,
    )


def _table(content: LeaderboardContent, task: str) -> Table:
    """One task: systems in the order of the ranking metric, the best of each metric in bold."""
    metrics = _metrics(content, task)
    scores = [_column(content, metric) for metric in metrics]
    rows = _ranked([row for row in content.rows if row.task == task], scores[0])
    best = {column.name: _best(rows, column) for column in scores}
    notes = Footnotes()
    body = []
    for rank, row in enumerate(rows, start=1):
        kind = "baseline" if row.is_baseline else ""
        cells = [count_cell(rank), Cell(row.encoder, small=kind), Cell(row.adaptation)]
        for metric in metrics:
            cells.append(_score_cell(row, metric, best[metric], notes))
        cells.append(count_cell(max((len(v) for v in row.scores.values()), default=0)))
        body.append(tuple(cells))
    columns = (
        Column("Rank"),
        Column("Encoder", numeric=False),
        Column("Adaptation", numeric=False),
        *(Column(column.words) for column in scores),
        Column("Seeds"),
    )
    ranked = f"Ranked by {_in_a_sentence(scores[0].words)}, mean over seeds."
    return Table(task, columns, tuple(body), ranked, notes.listed())


def comparison_table(content: LeaderboardContent, task: str) -> Table | None:
    """Each system less the one it is compared with; None where there is nothing to compare."""
    mine = [one for one in content.comparisons if one.task == task]
    if not mine:
        return None
    notes = Footnotes()
    rows = []
    for one in mine:
        interval = NOT_AVAILABLE if one.low is None else f"{one.low:+.3f} to {one.high:+.3f}"
        mark = notes.mark(one.note) if one.note else ""
        rows.append(
            (
                Cell(one.system),
                Cell(_column(content, one.metric).words),
                count_cell(one.n),
                Cell(NOT_AVAILABLE if one.difference is None else f"{one.difference:+.3f}"),
                Cell(interval, mark=mark),
                number_cell(one.p, notes, f"no {one.unit} has both scores"),
                number_cell(one.p_holm, notes, f"no {one.unit} has both scores"),
            )
        )
    unit = mine[0].unit
    heads = ("System", "Score", f"{unit.capitalize()}s", *_HEADS)
    return Table(
        title=f"Compared with {mine[0].against}",
        columns=tuple(Column(head, numeric=k > 1) for k, head in enumerate(heads)),
        rows=tuple(rows),
        caption=f"Each system less {mine[0].against}, {unit} by {unit} (mean over seeds), by a "
        f"paired permutation over {unit}s; p adjusted by Holm for the systems of a row's score. "
        f"Of an error, less is better.{_OF_FOLDS if unit == 'fold' else ''}",
        footnotes=notes.listed(),
    )


def _score_cell(row: LeaderboardRow, metric: str, best: float | None, notes: Footnotes) -> Cell:
    """Mean over seeds with its standard deviation."""
    mean = _mean(row, metric)
    if mean is None:
        reason = f"not run: {row.not_run}" if row.not_run else "undefined on these test data"
        return number_cell(None, notes, reason)
    values = [v for v in row.scores[metric] if v is not None]
    sd = mean_interval(values).sd
    small = f"SD {sd:.3f}" if sd is not None else "one seed"
    if len(values) < len(row.scores[metric]):
        small += f", {len(values)} of {len(row.scores[metric])} seeds"
    return Cell(f"{mean:.3f}", small=small, strong=mean == best)


def _figure(content: LeaderboardContent, task: str) -> ReportFigure | None:
    """The ranking metric of every system of a task; None if no system has a value."""
    column = _column(content, _metrics(content, task)[0])
    label = column.words
    rows = [row for row in content.rows if row.task == task and _mean(row, column.name) is not None]
    if not rows:
        return None
    return ReportFigure(
        title=f"{label}, {task}",
        caption="Small dots: single seeds. Large dots: their mean. Bars: Student's 95 % interval "
        "over seeds, within what the score can be, which shows how much training varies, not how "
        "sure the result is for other patients.",
        alt=f"{label} of {len(rows)} systems on the task {task}",
        uri=svg_uri(ranking_figure(rows, column)),
    )


def ranking_figure(rows: Sequence[LeaderboardRow], column: ScoreColumn) -> Figure:
    """One metric of the systems that have it; bars and axis end where the score does."""
    systems = [
        ComparedSystem(
            f"{row.encoder}, {row.adaptation}" if row.adaptation else row.encoder,
            tuple(v for v in row.scores[column.name] if v is not None),
            row.is_baseline,
        )
        for row in rows
    ]
    figure = benchmark_comparison(systems, column.words, column.chance)
    low, high = column.bounds
    axes = figure.axes[0]
    for line in axes.lines:
        line.set_xdata(np.clip(np.asarray(line.get_xdata(), dtype=np.float64), low, high))
        line.set_clip_on(False)
    axes.relim()
    axes.autoscale_view(scaley=False)
    left, right = axes.get_xlim()
    axes.set_xlim(max(left, low), min(right, high))
    return figure


def _ranked(rows: list[LeaderboardRow], column: ScoreColumn) -> list[LeaderboardRow]:
    """Best mean first, systems without a value last, names break ties."""
    sign = 1 if column.lower_is_better else -1

    def key(row: LeaderboardRow) -> tuple[bool, float, str, str]:
        mean = _mean(row, column.name)
        return (mean is None, sign * (mean or 0.0), row.encoder, row.adaptation)

    return sorted(rows, key=key)


def _best(rows: list[LeaderboardRow], column: ScoreColumn) -> float | None:
    """The best mean among the rows; None if there is nothing to choose between."""
    means = [mean for row in rows if (mean := _mean(row, column.name)) is not None]
    choose = min if column.lower_is_better else max
    return choose(means) if len(set(means)) > 1 else None


def _mean(row: LeaderboardRow, metric: str) -> float | None:
    """The mean over the seeds that have a value."""
    values = [v for v in row.scores.get(metric, ()) if v is not None]
    return float(np.mean(values)) if values else None


def _metrics(content: LeaderboardContent, task: str) -> tuple[str, ...]:
    """The scores of a task's rows, each once."""
    return tuple(dict.fromkeys(m for row in content.rows if row.task == task for m in row.scores))


def _column(content: LeaderboardContent, metric: str) -> ScoreColumn:
    """What a page says of a score."""
    return content.columns.get(metric) or ScoreColumn(metric, metric.replace("_", " "))


def _in_a_sentence(label: str) -> str:
    """A label without its capital, unless that is of an abbreviation or somebody's name."""
    first = label.partition(" ")[0]
    return label if "'" in first or not first[1:].islower() else label[:1].lower() + label[1:]
