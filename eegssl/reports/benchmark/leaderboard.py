"""Build the page of a benchmark: every system on every task."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.label_curve import labels_figure
from eegssl.reports.benchmark.leaderboard_row import ALL, LeaderboardRow
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
    Text,
    section,
)
from eegssl.scoring.statistics.intervals import mean_interval

_CONTROL = (
    "A control: labels were permuted, so every score should be at chance. No system is ranked, and "
    "none is the best."
)
_OF_FOLDS = (
    " Recordings were split within subjects, so folds are compared in place of subjects (ours): "
    "this tells how sure a difference is for other recordings of the same people, not for other "
    "people."
)


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
    groups = {labels: _ranked(group, columns[0]) for labels, group in _by_labels(own).items()}
    compared = [one for one in comparisons if one.task == task]
    last = list(groups)[-1]
    return section(
        task,
        Text(_CONTROL) if own[0].is_control else None,
        _table(task, groups, columns),
        labels_figure(task, groups, columns[0]) if len(groups) > 1 else None,
        _figure(task, groups[last], columns[0]),
        *(
            _comparison_table(
                [one for one in compared if (one.labels_subjects, one.unit) == table], known
            )
            for table in dict.fromkeys((one.labels_subjects, one.unit) for one in compared)
        ),
    )


def _by_labels(rows: Sequence[LeaderboardRow]) -> dict[str, list[LeaderboardRow]]:
    """The rows of each number of labelled subjects, in the order of the matrix."""
    groups: dict[str, list[LeaderboardRow]] = {}
    for row in rows:
        groups.setdefault(row.labels_subjects, []).append(row)
    return groups


def _table(
    task: str, groups: Mapping[str, Sequence[LeaderboardRow]], columns: Sequence[ScoreColumn]
) -> Table:
    """Systems with as many labelled subjects in the order of the ranking score."""
    notes = Footnotes()
    rows = [row for group in groups.values() for row in group]
    with_labels, with_draws = set(groups) != {ALL}, any(row.n_draws > 1 for row in rows)
    cells = tuple(
        line for group in groups.values() for line in _lines(group, columns, notes, with_labels)
    )
    words = ("Labelled subjects", "Encoder", "Adaptation")[0 if with_labels else 1 :]
    runs = "Runs" if with_draws else "Seeds"
    names = heads(words, *(column.words for column in columns), runs)
    over = "draws and seeds" if with_draws else "seeds"
    ranked_by = f"Ranked by {_in_a_sentence(columns[0].words)}, mean over {over}."
    if rows[0].is_control:
        ranked_by = f"In the order of the names, not ranked. Scores are means over {over}."
    ranked_by += " Where there are folds, a score is the mean over folds."
    if with_labels:
        ranked_by += (
            " Labelled subjects are those of training, drawn so that every class is there; all "
            "validation subjects keep their labels."
        )
    if any(row.subjects for row in rows):
        ranked_by += (
            " A mean over subjects counts each subject once that has the score (an AUROC needs "
            "both classes); other scores are of all windows, or units, together."
        )
    return Table(task, (Column("Rank"), *names), cells, ranked_by, notes.listed())


def _lines(
    rows: Sequence[LeaderboardRow],
    columns: Sequence[ScoreColumn],
    notes: Footnotes,
    with_labels: bool,
) -> list[tuple[Cell, ...]]:
    """Fill the rows of the table of one number of labelled subjects, best scores in bold."""
    undefined = "undefined on these test data"
    scores = [
        score_cells(
            [row.mean(column.name) for row in rows],
            notes,
            higher=not column.lower_is_better,
            smalls=[_spread(row, column.name) for row in rows],
            reasons=[f"not run: {row.not_run}" if row.not_run else undefined for row in rows],
            bold=not rows[0].is_control,
        )
        for column in columns
    ]
    return [
        (
            Cell("–") if row.is_control else count_cell(rank),
            *((Cell(row.labels_subjects),) if with_labels else ()),
            Cell(row.encoder, small=_kind(row)),
            Cell(row.adaptation),
            *of_row,
            _seeds_cell(row),
        )
        for rank, (row, *of_row) in enumerate(zip(rows, *scores, strict=True), start=1)
    ]


def _kind(row: LeaderboardRow) -> str:
    """Name what is no pretrained encoder, beneath its name."""
    if row.is_baseline:
        return "baseline"
    return "control: random weights" if row.random_weights else ""


def _seeds_cell(row: LeaderboardRow) -> Cell:
    """Count the runs of a row, and its draws and pretrainings."""
    n = max((len(values) for values in row.scores.values()), default=0)
    draws = f"{row.n_draws} draws \u00d7 {counted(row.n_seeds, 'seed')}" if row.n_draws > 1 else ""
    pretrainings = counted(row.n_pretrainings, "pretraining") if row.n_pretrainings else ""
    return replace(count_cell(n), small="; ".join(filter(None, (draws, pretrainings))))


def _spread(row: LeaderboardRow, metric: str) -> str:
    """The standard deviation over runs, and of how many where some have no value."""
    values, n = row.values(metric), len(row.scores.get(metric, ()))
    run = "run" if row.n_draws > 1 else "seed"
    sd = mean_interval(values).sd if values else None
    small = f"one {run}" if sd is None else f"SD {sd:.3f}"
    small = small if len(values) == n else f"{small}, {len(values)} of {n} {run}s"
    n_subjects = row.subjects.get(metric)
    return f"{small}; {counted(n_subjects, 'subject')}" if n_subjects else small


def _figure(task: str, rows: Sequence[LeaderboardRow], column: ScoreColumn) -> ReportFigure | None:
    """The ranking score of every system of a task; None if no system has a value."""
    drawn, label = [row for row in rows if row.values(column.name)], column.words
    if not drawn:
        return None
    labels = "" if rows[0].labels_subjects == ALL else f", labelled: {rows[0].labels_subjects}"
    return ReportFigure(
        title=f"{label}, {task}{labels}",
        caption=_ranking_caption(drawn),
        alt=f"{label} of {len(drawn)} systems on the task {task}",
        uri=svg_uri(ranking_figure(drawn, column)),
    )


def _ranking_caption(rows: Sequence[LeaderboardRow]) -> str:
    """Explain dots and bars of the ranking figure, and what the intervals are over."""
    n_seeds, n_draws = max(row.n_seeds for row in rows), max(row.n_draws for row in rows)
    draws = f"{n_draws} draws of labelled subjects" if n_draws > 1 else ""
    runs = f"{draws} \u00d7 {counted(n_seeds, 'seed')}" if draws else counted(n_seeds, "seed")
    dots = f"Small dots: single runs ({runs}). Large dots: their mean."
    if n_seeds < 2:
        shared = " Its draws share test subjects and first weights, so no interval is made of them."
        return f"{dots} One seed has no interval.{shared if draws else ''}"
    of_draws = ", of each seed's mean over draws" if draws else ""
    if not draws and rows[0].labels_subjects != ALL:
        of_draws = ", each of which draws its labelled subjects"
    return (
        f"{dots} Bars: Student's 95 % interval over {n_seeds} seeds{of_draws}. It shows how much "
        f"training varies{' on these draws' if draws else ''}, not how sure the result is for "
        "other patients."
    )


def ranking_figure(rows: Sequence[LeaderboardRow], column: ScoreColumn) -> Figure:
    """Draw one score of the systems that have it; bars and axis end where the score does.

    Intervals are over seeds: draws of one seed share test subjects and first weights.
    """
    drawn = []
    for row in rows:
        over_seeds = mean_interval(row.by_seed(column.name))
        low, high = over_seeds.low, over_seeds.high
        drawn.append(
            ForestRow(
                row.name,
                row.mean(column.name),
                None if low is None or high is None else (low, high),
                tuple(row.values(column.name)),
                is_baseline=row.is_baseline,
            )
        )
    return score_forest(drawn, column.words, chance=column.chance, bounds=column.bounds)


def _comparison_table(comparisons: Sequence[Comparison], known: Mapping[str, ScoreColumn]) -> Table:
    """Show the difference of each system to the one it is compared with."""
    against, unit, labels = (
        getattr(comparisons[0], name) for name in ("against", "unit", "labels_subjects")
    )
    labelled = "" if labels == ALL else f", labelled subjects: {labels}"
    rows = [
        ((one.system, _column(known, one.metric).words), one.n, one.as_dict())
        for one in comparisons
    ]
    return difference_table(
        f"Compared with {against}{labelled}",
        ("System", "Score"),
        unit,
        rows,
        f"Each system less {against}, {_by_what(unit)} p adjusted by Holm for the systems of a "
        f"row's score. Of an error, less is better.{_OF_FOLDS if unit == 'fold' else ''}",
    )


def _by_what(unit: str) -> str:
    """Explain how systems are compared, by units with a score each or by all of them together."""
    if unit in ("subject", "fold"):
        return (
            f"{unit} by {unit} (mean over seeds and draws), by a paired permutation over {unit}s;"
        )
    return (
        f"by the score of all {unit}s together (mean over seeds and draws), of which no subject "
        "has one alone. Were the systems alike, their answers, or the ranks of these, could be "
        "swapped within any subject: p is the share of all swaps with as large a difference. "
        "Intervals draw subjects;"
    )


def _ranked(rows: Sequence[LeaderboardRow], column: ScoreColumn) -> list[LeaderboardRow]:
    """Best mean first, systems without a value last, names break ties; controls by name."""
    sign = 1 if column.lower_is_better else -1

    def key(row: LeaderboardRow) -> tuple[bool, float, str, str]:
        mean = row.mean(column.name)
        value = 0.0 if row.is_control else sign * (mean or 0.0)
        return (mean is None, value, row.encoder, row.adaptation)

    return sorted(rows, key=key)


def _column(known: Mapping[str, ScoreColumn], name: str) -> ScoreColumn:
    """The column of a score; one without bounds or chance for an unknown name."""
    return known.get(name) or ScoreColumn(name, name.replace("_", " "))


def _in_a_sentence(label: str) -> str:
    """A label without its capital, unless that is of an abbreviation or somebody's name."""
    first = label.partition(" ")[0]
    return label if "'" in first or not first[1:].islower() else label[:1].lower() + label[1:]
