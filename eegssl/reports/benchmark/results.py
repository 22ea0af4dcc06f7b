"""From the facts of evaluations to the rows of a benchmark's table and its leaderboard."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl import __version__
from eegssl.reports.benchmark.comparisons import Comparison
from eegssl.reports.benchmark.kind_results import KIND_SCORES, KIND_WORDS, SHOWN
from eegssl.reports.benchmark.leaderboard import LeaderboardContent, LeaderboardRow
from eegssl.reports.content import banners
from eegssl.reports.glossary import NUMBER_WORDS
from eegssl.scoring.hierarchy import TYPE
from eegssl.scoring.means import mean_of_defined

Row = Mapping[str, Any]
_WINDOW_SCORES = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")
_EVENT_SCORES = ("sensitivity", "precision", "f1", "fp_per_day")
_UNIT_SCORES = ("auroc", "balanced_accuracy", "macro_f1", "mae", "rmse", "r2", "spearman")
_NUMBERS_ON_PAGE = ("unit_spearman", "unit_mae", "unit_rmse", "unit_r2")
_UNITS_ON_PAGE = ("unit_auroc", "unit_balanced_accuracy", "unit_macro_f1")
_ON_PAGE = ("auroc", "auc_pr", "balanced_accuracy", "event_f1")
_LABELS = {
    "event_f1": "SzCORE event F1",
    "unit_auroc": "AUROC of units",
    "unit_balanced_accuracy": "Balanced accuracy of units",
    "unit_macro_f1": "Macro F1 of units",
    **{f"unit_{name}": words for name, (words, _) in NUMBER_WORDS.items()},
    **KIND_WORDS,
}
_NAMES = ("task", "encoder", "adaptation", "seed")
_COUNTS = ("folds", "windows", "subjects")


def result_row(facts: Sequence[Row]) -> dict[str, Any]:
    """Counts and scores of one cell from the facts of its folds: scores are means over folds."""
    row: dict[str, Any] = {
        "folds": len(facts),
        "windows": sum(f["windows"]["n"] for f in facts),
        "subjects": len({subject for f in facts for subject in f["subjects"]}),
    }
    row |= {
        name: mean_of_defined([f["windows"].get(name) for f in facts]) for name in _WINDOW_SCORES
    }
    units = [_of_units(f) for f in facts]
    row |= {f"unit_{n}": mean_of_defined([u.get(n) for u in units]) for n in _UNIT_SCORES}
    events = [f["events"] or {} for f in facts]
    row |= {f"event_{n}": mean_of_defined([e.get(n) for e in events]) for n in _EVENT_SCORES}
    leaks = "; ".join(sorted({leak for f in facts for leak in f["leaks"]}))
    return row | {"leaks": leaks, "not_run": ""}


def not_run_row(reason: str) -> dict[str, Any]:
    """The same of a cell that could not be run: no counts and no scores, and the reason."""
    scored = (
        *_COUNTS,
        *_WINDOW_SCORES,
        *(f"unit_{name}" for name in _UNIT_SCORES),
        *(f"event_{name}" for name in _EVENT_SCORES),
    )
    return dict.fromkeys(scored) | {"leaks": "", "not_run": reason}


def _of_units(facts: Row) -> Row:
    """Scores of events, recordings or patients; of numbers, where windows are the units, theirs."""
    units = facts.get("units")
    found = units["levels"][TYPE] if units else None
    return found or (facts["windows"] if "mae" in facts["windows"] else {})


def filled(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The same rows with one set of columns: None where a row says nothing of one."""
    names = dict.fromkeys(name for row in rows for name in row)
    last = ("within_subject", "leaks", "not_run")
    ordered = [*(n for n in names if n not in last), *(n for n in last if n in names)]
    return [{name: row.get(name) for name in ordered} for row in rows]


def text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "n/a"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def leaderboard(
    rows: Sequence[Row],
    comparisons: Sequence[Comparison],
    synthetic: bool,
    within_subject: bool,
) -> LeaderboardContent:
    """The content of the leaderboard page."""
    systems: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        systems.setdefault((row["task"], row["encoder"], row["adaptation"]), []).append(row)
    ran = [row for row in rows if not row["not_run"]]
    first = ran[0]
    on_page = {task: shown_scores(rows, task) for task in dict.fromkeys(r["task"] for r in rows)}
    return LeaderboardContent(
        title="Benchmark",
        banners=banners(synthetic, within_subject, False, {"leaks": _leaks(rows)}),
        counts=(
            ("Test windows, over folds", f"{first['windows']:,}"),
            ("Test subjects", str(first["subjects"])),
            ("Folds", str(first["folds"])),
            ("Seeds", str(len({row["seed"] for row in ran}))),
        ),
        rows=tuple(
            LeaderboardRow(
                task,
                encoder,
                "" if adaptation == "baseline" else adaptation,
                is_baseline=adaptation == "baseline",
                scores={
                    name: tuple(row[name] for row in group if not row["not_run"])
                    for name in on_page[task]
                },
                not_run=group[0]["not_run"],
            )
            for (task, encoder, adaptation), group in systems.items()
        ),
        labels=_LABELS,
        comparisons=tuple(comparisons),
        limits=("Scores are means over folds where there are folds.",),
        version=__version__,
    )


def shown_scores(rows: Sequence[Row], task: str) -> tuple[str, ...]:
    """The scores of a task on a page, the first of which ranks: of numbers, of units, of windows.

    Units of classes stand before their windows; events only where they are scored.
    """
    mine = [row for row in rows if row["task"] == task]
    some = {name for row in mine for name, value in row.items() if value is not None}
    if "unit_mae" in some:
        return _NUMBERS_ON_PAGE
    if some & set(KIND_SCORES):
        return next(shown for shown in SHOWN.values() if some & set(shown))
    units = _UNITS_ON_PAGE if some & set(_UNITS_ON_PAGE) else ()
    return (*units, *(name for name in _ON_PAGE if name != "event_f1" or name in some))


def columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """The columns that a terminal shows: the scores of every task."""
    tasks = dict.fromkeys(row["task"] for row in rows)
    scores = dict.fromkeys(name for task in tasks for name in shown_scores(rows, task))
    return (*_NAMES, *_COUNTS, *scores)


def _leaks(rows: Sequence[Row]) -> list[str]:
    """What leaked in any cell, each once."""
    return sorted({leak for row in rows for leak in row["leaks"].split("; ") if leak})
