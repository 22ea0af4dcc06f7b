"""Choose and name the scores over severity that a page shows."""

from collections.abc import Iterable

from eegssl.reports.glossary import EVENT_WORDS, NUMBER_WORDS, WINDOW_WORDS
from eegssl.scoring.corrupted.robustness import Point
from eegssl.scoring.corrupted.subject_weights import RANKING
from eegssl.scoring.corrupted.system_answers import EVENT_SCORES

METRIC_WORDS = {
    **{name: (WINDOW_WORDS | NUMBER_WORDS)[name][0] for name in RANKING},
    **{name: f"SzCORE event {EVENT_WORDS[own][0]}" for name, own in EVENT_SCORES.items()},
    "event_fp_per_day": "SzCORE false alarms per 24 h",
    "event_sensitivity": "SzCORE event sensitivity",
}
"""Score -> its name on a page."""


def shown_metrics(points: Iterable[Point]) -> list[str]:
    """The scores of a page: the one that ranks, then those of events."""
    there = {one.metric for one in points}
    ranking = next(name for name in RANKING if name in there)
    return [ranking, *(name for name in EVENT_SCORES if name in there)]


def points_by_kind(points: Iterable[Point], metric: str) -> dict[str, list[Point]]:
    """The points of one score."""
    by_kind: dict[str, list[Point]] = {}
    for one in points:
        if one.metric == metric:
            by_kind.setdefault(one.kind, []).append(one)
    return by_kind


def chance_of(metric: str) -> float | None:
    """What guessing scores, where that is one number."""
    return 0.5 if metric == "auroc" else None
