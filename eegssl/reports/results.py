"""From the facts of evaluations to the rows of a benchmark's table and its leaderboard."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from eegssl import __version__
from eegssl.reports.build import banners
from eegssl.reports.leaderboard import LeaderboardContent, LeaderboardRow

Row = Mapping[str, Any]
_WINDOW_SCORES = ("auroc", "auc_pr", "balanced_accuracy", "sensitivity", "specificity")
_EVENT_SCORES = ("sensitivity", "precision", "f1", "fp_per_day")
_ON_PAGE = ("auroc", "auc_pr", "balanced_accuracy", "event_f1")
_NAMES = ("task", "encoder", "adaptation", "seed")
SHOWN = (*_NAMES, "folds", "windows", "subjects", *_ON_PAGE)
"""The columns that a terminal shows."""


def result_row(facts: Sequence[Row]) -> dict[str, Any]:
    """Counts and scores of one cell from the facts of its folds: scores are means over folds."""
    row: dict[str, Any] = {
        "folds": len(facts),
        "windows": sum(f["windows"]["n"] for f in facts),
        "subjects": len({subject for f in facts for subject in f["subjects"]}),
    }
    row |= {name: _mean([f["windows"][name] for f in facts]) for name in _WINDOW_SCORES}
    events = [f["events"] or {} for f in facts]
    return row | {f"event_{n}": _mean([e.get(n) for e in events]) for n in _EVENT_SCORES}


def text(value: Any) -> str:
    """A value as a table shows it."""
    if value is None:
        return "n/a"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def leaderboard(rows: Sequence[Row], synthetic: bool, within_subject: bool) -> LeaderboardContent:
    """The content of the leaderboard page."""
    systems: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        systems.setdefault((row["task"], row["encoder"], row["adaptation"]), []).append(row)
    first = rows[0]
    return LeaderboardContent(
        title="Benchmark",
        banners=banners(synthetic, within_subject, False, {}),
        counts=(
            ("Test windows, over folds", f"{first['windows']:,}"),
            ("Test subjects", str(first["subjects"])),
            ("Folds", str(first["folds"])),
            ("Seeds", str(len({row["seed"] for row in rows}))),
        ),
        metrics=_ON_PAGE,
        rows=tuple(
            LeaderboardRow(
                task,
                encoder,
                "" if adaptation == "baseline" else adaptation,
                is_baseline=adaptation == "baseline",
                scores={name: tuple(row[name] for row in group) for name in _ON_PAGE},
            )
            for (task, encoder, adaptation), group in systems.items()
        ),
        labels={"event_f1": "SzCORE event F1"},
        limits=("Scores are means over folds where there are folds.",),
        version=__version__,
    )


def _mean(values: Sequence[float | None]) -> float | None:
    """The mean of the folds that have the score; None when none has."""
    found = [value for value in values if value is not None]
    return float(np.mean(found)) if found else None
