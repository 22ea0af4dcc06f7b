"""Turn facts of evaluations into the rows of a benchmark's table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from eegssl.artifacts.json_parts import Part, damaged, read_json
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.leaderboard import leaderboard_page
from eegssl.reports.benchmark.leaderboard_row import LeaderboardRow
from eegssl.reports.benchmark.score_columns import COUNTS, PerUnit, ScoreColumn, subject_means
from eegssl.reports.cautions import banners
from eegssl.reports.sections import Page
from eegssl.scoring.means import mean_of_defined

Row = Mapping[str, Any]
RESULTS, TABLE = "results.json", "results.tsv"
_NAMES = ("task", "encoder", "adaptation", "labels_subjects", "draw", "seed")
Shown = Mapping[str, Sequence[ScoreColumn]]
"""Task -> the scores on its page, of which the first ranks."""


@dataclass(frozen=True)
class Controls:
    """Names of what is no system to be chosen: tasks at chance, encoders with random weights."""

    tasks: frozenset[str] = frozenset()
    encoders: frozenset[str] = frozenset()


def result_row(
    facts: Sequence[Row], scores: Sequence[Row], subjects: Sequence[PerUnit]
) -> dict[str, Any]:
    """Counts and scores of one system from its folds.

    ``scores`` of each fold's windows together become means over folds, those of its ``subjects``
    apart means over subjects.
    """
    counts = {
        "folds": len(facts),
        "windows": sum(f["windows"]["n"] for f in facts),
        "subjects": len({subject for f in facts for subject in f["subjects"]}),
    }
    means = {name: mean_of_defined([one[name] for one in scores]) for name in scores[0]}
    leaks = "; ".join(sorted({leak for f in facts for leak in f["leaks"]}))
    return counts | means | subject_means(subjects) | {"leaks": leaks, "not_run": ""}


def not_run_row(reason: str, columns: Sequence[ScoreColumn]) -> dict[str, Any]:
    """Fill the row of a cell that was not run: no counts, no scores, the reason."""
    names = (*COUNTS, *(column.name for column in columns))
    return dict.fromkeys(names) | {"leaks": "", "not_run": reason}


def filled(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Give all rows the same columns, None where a row lacks one."""
    names = dict.fromkeys(name for row in rows for name in row)
    last = ("within_subject", "leaks", "not_run")
    ordered = [*(n for n in names if n not in last), *(n for n in last if n in names)]
    return [{name: row.get(name) for name in ordered} for row in rows]


def text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "n/a"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def table_text(rows: Sequence[Row]) -> str:
    """The rows as a TSV."""
    return format_tsv(list(rows[0]), [[text(value) for value in row.values()] for row in rows])


def leaderboard(
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    shown: Shown,
    known: Sequence[ScoreColumn],
    synthetic: bool,
    within_subject: bool,
    controls: Controls = Controls(),
) -> Page:
    """The leaderboard page; ``known`` are all scores that a page may name."""
    ran = [row for row in rows if not row["not_run"]]
    leaks = sorted({leak for row in rows for leak in row["leaks"].split("; ") if leak})
    about = {"synthetic": synthetic, "within_subject": within_subject, "leaks": leaks}
    counts = (
        ("Test windows, over folds", f"{ran[0]['windows']:,}"),
        ("Test subjects", str(ran[0]["subjects"])),
        ("Folds", str(ran[0]["folds"])),
        ("Seeds", str(len({row["seed"] for row in ran}))),
    )
    by_name = {column.name: column for column in known}
    systems = leaderboard_rows(rows, shown, controls)
    return leaderboard_page(systems, by_name, comparisons, banners(about), counts)


def leaderboard_rows(
    rows: Sequence[Row], shown: Shown, controls: Controls = Controls()
) -> list[LeaderboardRow]:
    """Join the seeds and draws of each system, task and number of labelled subjects in a row."""
    systems: dict[tuple[str, str, str, str], list[Row]] = {}
    for row in rows:
        names = (row["task"], row["encoder"], row["adaptation"], str(row["labels_subjects"]))
        systems.setdefault(names, []).append(row)
    return [
        LeaderboardRow(
            task,
            encoder,
            "" if adaptation == "baseline" else adaptation,
            is_baseline=adaptation == "baseline",
            scores={
                column.name: tuple(row[column.name] for row in group if not row["not_run"])
                for column in shown[task]
            },
            not_run=group[0]["not_run"],
            labels_subjects=labels,
            seeds=tuple(row["seed"] for row in group if not row["not_run"]),
            n_draws=len({row["draw"] for row in group} - {None}),
            n_pretrainings=len({row["pretraining_seeds"] for row in group} - {""}),
            subjects={
                column.name: max(row[column.counted_in] or 0 for row in group)
                for column in shown[task]
                if column.counted_in
            },
            is_control=task in controls.tasks,
            random_weights=encoder in controls.encoders and adaptation != "scratch",
        )
        for (task, encoder, adaptation, labels), group in systems.items()
    ]


def columns(shown: Shown, rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns of a terminal: names that tell ``rows`` apart, counts, scores of all tasks."""
    scores = dict.fromkeys(column.name for of_task in shown.values() for column in of_task)
    always = ("task", "encoder", "adaptation", "seed")
    names = [n for n in _NAMES if n in always or len({row[n] for row in rows}) > 1]
    return (*names, *COUNTS, *scores)


class _Row(Part):
    """A row of ``results.json``: names, counts, and a score (or words) in every other column."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, float | bool | str | None]
    task: str
    encoder: str
    adaptation: str
    labels_subjects: int | str
    draw: int | None
    seed: int | None
    pretraining_seeds: str
    folds: int | None
    windows: int | None
    subjects: int | None
    leaks: str
    not_run: str


def read_results(path: Path) -> list[dict[str, Any]]:
    """The rows of ``results.json``, all of the same columns; ArtifactError for anything else."""
    rows = [row.model_dump() for row in read_json(path, _ROWS)]
    if not rows or any(row.keys() != rows[0].keys() for row in rows):
        raise damaged(path, "it has no row, or rows of several sets of columns")
    return rows


_ROWS = TypeAdapter(list[_Row])
