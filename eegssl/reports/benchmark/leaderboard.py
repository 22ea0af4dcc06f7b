"""Build the page of a benchmark: every system on every task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from matplotlib.figure import Figure

from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.score_columns import ScoreColumn
from eegssl.reports.cells import Footnotes, count_cell, counted, heads
from eegssl.reports.embed import svg_uri
from eegssl.reports.method_tables import difference_table, score_cells
from eegssl.reports.score_forest import ForestRow, score_forest
from eegssl.reports.sections import (
    Banner,
    Cell,
    Column,
    Page,
    Pairs,
    ReportFigure,
    Section,
    Table,
    section,
)
from eegssl.scoring.statistics.intervals import mean_interval

_OF_FOLDS = (
    " Recordings were split within subjects, so folds are compared in place of subjects (ours): "
    "this tells how sure a difference is for other recordings of the same people, not for other "
    "people."
)


@dataclass(frozen=True)
class LeaderboardRow:
    """One system on one task: metric -> its value at each seed, None where undefined.

    ``not_run`` says why a system has no value at all. The scores of a task's rows are its columns,
    and the first ranks.
    """

    task: str
    encoder: str
    adaptation: str
    is_baseline: bool
    scores: Mapping[str, tuple[float | None, ...]]
    not_run: str = ""
    subjects: Mapping[str, int] = field(default_factory=dict)
    """Metric that is a mean over subjects -> of how many."""
    n_pretrainings: int = 0
    """Seeds of pretraining that are among the seeds; 0 for systems without pretrained weights."""

    def mean(self, metric: str) -> float | None:
        """The mean over the seeds that have a value."""
        values = self.values(metric)
        return float(np.mean(values)) if values else None

    def values(self, metric: str) -> list[float]:
        """The value of each seed that has one."""
        return [value for value in self.scores.get(metric, ()) if value is not None]


def leaderboard_page(
    rows: Sequence[LeaderboardRow],
    columns: Mapping[str, ScoreColumn],
    comparisons: Sequence[Comparison] = (),
    banners: tuple[Banner, ...] = (),
    counts: Pairs = (),
) -> Page:
    """The page of a benchmark, task by task; ``columns`` describes scores by name."""
    tasks = dict.fromkeys(row.task for row in rows)
    return Page(
        kicker="Benchmark",
        title="Benchmark",
        lead="All systems of a task were trained and tested on the same splits.",
        banners=banners,
        counts=counts,
        sections=tuple(_task_section(task, rows, columns, comparisons) for task in tasks),
    )


def _task_section(
    task: str,
    rows: Sequence[LeaderboardRow],
    known: Mapping[str, ScoreColumn],
    comparisons: Sequence[Comparison],
) -> Section:
    """One task: its table, the figure of the score that ranks, and comparisons."""
    own = [row for row in rows if row.task == task]
    names = dict.fromkeys(name for row in own for name in row.scores)
    columns = [_column(known, name) for name in names]
    ranked = _ranked(own, columns[0])
    compared = [one for one in comparisons if one.task == task]
    return section(
        task,
        _table(task, ranked, columns),
        _figure(task, ranked, columns[0]),
        _comparison_table(compared, known) if compared else None,
    )


def _table(task: str, rows: Sequence[LeaderboardRow], columns: Sequence[ScoreColumn]) -> Table:
    """Systems in the order of the ranking score, the best of each score in bold."""
    notes = Footnotes()
    undefined = "undefined on these test data"
    scores = [
        score_cells(
            [row.mean(column.name) for row in rows],
            notes,
            higher=not column.lower_is_better,
            smalls=[_spread(row, column.name) for row in rows],
            reasons=[f"not run: {row.not_run}" if row.not_run else undefined for row in rows],
        )
        for column in columns
    ]
    cells = tuple(
        (
            count_cell(rank),
            Cell(row.encoder, small="baseline" if row.is_baseline else ""),
            Cell(row.adaptation),
            *of_row,
            _seeds_cell(row),
        )
        for rank, (row, *of_row) in enumerate(zip(rows, *scores, strict=True), start=1)
    )
    names = heads(("Encoder", "Adaptation"), *(column.words for column in columns), "Seeds")
    ranked_by = (
        f"Ranked by {_in_a_sentence(columns[0].words)}, mean over seeds. Where there are folds, a "
        "score is the mean over folds."
    )
    if any(row.subjects for row in rows):
        ranked_by += (
            " A mean over subjects counts each subject once that has the score (an AUROC needs "
            "both classes); other scores are of all windows, or units, together."
        )
    return Table(task, (Column("Rank"), *names), cells, ranked_by, notes.listed())


def _seeds_cell(row: LeaderboardRow) -> Cell:
    """How many seeds a row has, and how many of pretraining."""
    n = max((len(values) for values in row.scores.values()), default=0)
    pretrainings = counted(row.n_pretrainings, "pretraining") if row.n_pretrainings else ""
    return replace(count_cell(n), small=pretrainings)


def _spread(row: LeaderboardRow, metric: str) -> str:
    """The standard deviation over seeds, and of how many where some have no value."""
    values, n = row.values(metric), len(row.scores.get(metric, ()))
    sd = mean_interval(values).sd if values else None
    small = "one seed" if sd is None else f"SD {sd:.3f}"
    small = small if len(values) == n else f"{small}, {len(values)} of {n} seeds"
    n_subjects = row.subjects.get(metric)
    return f"{small}; {counted(n_subjects, 'subject')}" if n_subjects else small


def _figure(task: str, rows: Sequence[LeaderboardRow], column: ScoreColumn) -> ReportFigure | None:
    """The ranking score of every system of a task; None if no system has a value."""
    drawn, label = [row for row in rows if row.values(column.name)], column.words
    if not drawn:
        return None
    return ReportFigure(
        title=f"{label}, {task}",
        caption="Small dots: single seeds. Large dots: their mean. Bars: Student's 95 % interval "
        "over seeds. It shows how much training varies, not how sure the result is for other "
        "patients.",
        alt=f"{label} of {len(drawn)} systems on the task {task}",
        uri=svg_uri(ranking_figure(drawn, column)),
    )


def ranking_figure(rows: Sequence[LeaderboardRow], column: ScoreColumn) -> Figure:
    """Draw one score of the systems that have it; bars and axis end where the score does."""
    drawn = []
    for row in rows:
        values = row.values(column.name)
        low, high = mean_interval(values).low, mean_interval(values).high
        name = f"{row.encoder}, {row.adaptation}" if row.adaptation else row.encoder
        drawn.append(
            ForestRow(
                f"{name} (baseline)" if row.is_baseline else name,
                row.mean(column.name),
                None if low is None or high is None else (low, high),
                tuple(values),
                is_baseline=row.is_baseline,
            )
        )
    return score_forest(drawn, column.words, chance=column.chance, bounds=column.bounds)


def _comparison_table(comparisons: Sequence[Comparison], known: Mapping[str, ScoreColumn]) -> Table:
    """Show the difference of each system to the one it is compared with."""
    against, unit = comparisons[0].against, comparisons[0].unit
    rows = [
        ((one.system, _column(known, one.metric).words), one.n, one.as_dict())
        for one in comparisons
    ]
    return difference_table(
        f"Compared with {against}",
        ("System", "Score"),
        unit,
        rows,
        f"Each system less {against}, {unit} by {unit} (mean over seeds), by a paired permutation "
        f"over {unit}s; p adjusted by Holm for the systems of a row's score. Of an error, less is "
        f"better.{_OF_FOLDS if unit == 'fold' else ''}",
    )


def _ranked(rows: Sequence[LeaderboardRow], column: ScoreColumn) -> list[LeaderboardRow]:
    """Best mean first, systems without a value last, names break ties."""
    sign = 1 if column.lower_is_better else -1

    def key(row: LeaderboardRow) -> tuple[bool, float, str, str]:
        mean = row.mean(column.name)
        return (mean is None, sign * (mean or 0.0), row.encoder, row.adaptation)

    return sorted(rows, key=key)


def _column(known: Mapping[str, ScoreColumn], name: str) -> ScoreColumn:
    """The column of a score; one without bounds or chance for an unknown name."""
    return known.get(name) or ScoreColumn(name, name.replace("_", " "))


def _in_a_sentence(label: str) -> str:
    """A label without its capital, unless that is of an abbreviation or somebody's name."""
    first = label.partition(" ")[0]
    return label if "'" in first or not first[1:].islower() else label[:1].lower() + label[1:]
