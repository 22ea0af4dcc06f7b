"""Score one small example by every scorer: the table and the figure of ``docs/scorers.md``.

Run ``python bench/make_scorer_example.py [FIGURE.png]``. It prints the Markdown table and writes
``docs/_static/scorers.png``: the same bytes each time. The seizures and alarms are made up, one
situation each, and written out below. The last column of the table scores the same alarms at
other times: all alarms of a recording are moved together by a random amount (`DRAWS` times, seed
0), which says what a scorer gives for alarms without skill.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eegssl.reports.style import FAINT, INK, MODEL, MUTED, TRUTH, house_style, new_figure
from eegssl.scoring.events.counts import EventCounts
from eegssl.scoring.events.event_scorers import SCORERS, agreement, side_by_side
from eegssl.scoring.events.event_scores import RecordingEvents
from eegssl.scoring.events.szcore_counts import AFTER_S, BEFORE_S

DRAWS = 1000
_NBSP = "\u00a0"
DURATION_S = 3600.0

RECORDINGS = (
    RecordingEvents(
        "patient 1",
        "recording 1",
        DURATION_S,
        reference=((300, 900), (1500, 1560), (1700, 1760)),  # A B C
        hypothesis=((320, 400), (1510, 1740), (2800, 2830)),  # 1 2 3
    ),
    RecordingEvents(
        "patient 2",
        "recording 2",
        DURATION_S,
        reference=((400, 520), (1200, 1260), (2000, 2060)),  # D E F
        hypothesis=(  # 4 5 6, 7, 8, 9
            *((400, 410), (445, 455), (490, 500)),
            *((1160, 1180), (2110, 2130), (3000, 3020)),
        ),
    ),
)
"""Seconds from the start of each recording; both lists in order, no two events touch."""


def table(recordings: Sequence[RecordingEvents]) -> str:
    """The Markdown table: pooled counts and scores of every scorer, and what chance gives."""
    by_chance = chance(recordings)
    heads = ["scorer", "reference", "found", "false", "sensitivity", "precision", "F1"]
    heads += ["false per 24 h", "by chance: sensitivity, F1"]
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)]]
    for name, level in side_by_side(recordings).items():
        counts, unit = level.pooled, SCORERS[name].unit
        numbers = (counts.n_reference, counts.tp, counts.fp)
        rate = per_day(counts, unit)
        scores = [shown(s) for s in (counts.sensitivity, counts.precision, counts.f1)]
        luck = ", ".join(shown(s) for s in by_chance[name])
        lines.append(
            [SCORERS[name].title, *(amount(n, unit) for n in numbers), *scores, rate, luck]
        )
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def chance(recordings: Sequence[RecordingEvents]) -> dict[str, tuple[float, float]]:
    """Mean pooled sensitivity and F1 of every scorer over alarms that were moved at random."""
    rng = np.random.default_rng(0)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SCORERS}
    for _ in range(DRAWS):
        moved = [replace(one, hypothesis=shifted(one, rng)) for one in recordings]
        for name, level in side_by_side(moved).items():
            pooled = level.pooled
            found[name].append((pooled.sensitivity or 0.0, pooled.f1 or 0.0))
    means = {name: np.mean(scores, axis=0).tolist() for name, scores in found.items()}
    return {name: (sensitivity, f1) for name, (sensitivity, f1) in means.items()}


def shifted(one: RecordingEvents, rng: np.random.Generator) -> list[tuple[float, float]]:
    """All alarms moved round the recording by one amount that puts none of them over its end."""
    while True:
        by_s = rng.uniform(0, one.duration_s)
        starts_s = [(onset + by_s) % one.duration_s for onset, _ in one.hypothesis]
        lengths_s = [offset - onset for onset, offset in one.hypothesis]
        events = [(s, s + length) for s, length in zip(starts_s, lengths_s, strict=True)]
        if max(end for _, end in events) < one.duration_s:
            return events


def per_day(counts: EventCounts, unit: str) -> str:
    """False alarms in 24 h, or minutes of false alarm where seconds are counted."""
    rate = counts.fp_per_day or 0.0
    return f"{rate:.1f}" if unit == "events" else f"({rate / 60:.0f}{_NBSP}min)"


def amount(value: float, unit: str) -> str:
    """A count, whole or with three decimals, seconds marked."""
    text = f"{value:g}" if float(value).is_integer() else f"{value:.3f}"
    return f"{text}{_NBSP}s" if unit == "s" else text


def shown(value: float | None) -> str:
    """A score with three decimals."""
    return "n/a" if value is None else f"{value:.3f}"


@house_style()
def timeline(recordings: Sequence[RecordingEvents]) -> Figure:
    """One row a recording: seizures above, alarms below, SzCORE's tolerance behind them."""
    figure = new_figure(3.9)
    letters, digits = iter("ABCDEF"), iter("123456789")
    for ax, one in zip(figure.subplots(len(recordings), 1, sharex=True), recordings, strict=True):
        draw(ax, one, letters, digits)
    ax.set_xlabel("minutes from the start of the recording")
    return figure


def draw(ax: Axes, one: RecordingEvents, letters: Iterator[str], digits: Iterator[str]) -> None:
    """The events of one recording with their names, in minutes."""
    for onset, offset in one.reference:
        allowed = (onset - BEFORE_S) / 60, (BEFORE_S + offset - onset + AFTER_S) / 60
        ax.broken_barh([allowed], (0.0, 2.0), color=FAINT, alpha=0.3, lw=0)
    rows = ((1.1, TRUTH, one.reference, letters), (0.1, MODEL, one.hypothesis, digits))
    for low, colour, events, names in rows:
        for (onset, offset), name in zip(events, names, strict=False):
            ax.broken_barh([(onset / 60, (offset - onset) / 60)], (low, 0.5), color=colour, lw=0)
            middle = (onset + offset) / 120
            ax.text(middle, low + 0.56, name, color=INK, ha="center", va="bottom", fontsize=8.5)
    ax.set_title(f"{one.recording.capitalize()} ({one.subject})")
    ax.set_yticks([0.35, 1.35], ["alarms", "seizures"])
    ax.set_ylim(0, 2)
    ax.set_xlim(0, one.duration_s / 60)
    ax.set_xticks(range(0, 61, 5))
    ax.tick_params(axis="y", length=0)
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_color(MUTED)


def main() -> None:
    there = Path(__file__).parent.parent / "docs" / "_static" / "scorers.png"
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else there
    print(table(RECORDINGS))
    kappa = agreement(RECORDINGS).pooled.multi_class
    print(f"\nNEDC IRA, pooled over slices of 0.25 s: kappa {shown(kappa)}")
    timeline(RECORDINGS).savefig(path, dpi=110, metadata={"Software": None})
    print(f"wrote {path.name}: {path.stat().st_size / 1024:.0f} KiB", file=sys.stderr)


if __name__ == "__main__":
    main()
