"""Draw the probability over a whole recording, with what was detected."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, StepPatch
from matplotlib.ticker import FuncFormatter, MultipleLocator

from eegssl.reports import style
from eegssl.reports.embed import png_uri
from eegssl.reports.sections import ReportFigure
from eegssl.reports.trace_figure import clock
from eegssl.scoring.events.timeline import Timeline, timeline
from eegssl.tasks.labels.files.file_prediction import FilePrediction

ROW_S = 4 * 3600.0
"""Most seconds in a row (ours): a minute is then two points of a screen wide."""
_ROW_IN, _HEAD_IN = 1.15, 0.75
_TICKS_S = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600)
_MOST_TICKS = 9
_CAPTION = (
    "The line is the probability that detections are made of, dashed is their threshold; bars and "
    "the marks above them are detections."
)


def probability_line(one: FilePrediction) -> Timeline:
    """The probability over time, smoothed as the rule says."""
    lengths = np.full(len(one.times_s), one.window_s)
    return timeline(one.times_s, lengths, one.probabilities, one.rule.smooth)


@style.house_style()
def probability_figure(one: FilePrediction) -> ReportFigure:
    """Draw the probability in rows of at most four hours, the threshold, detections and gaps."""
    n_rows = max(1, math.ceil(one.duration_s / ROW_S - 1e-9))
    row_s = ROW_S if n_rows > 1 else one.duration_s
    line = probability_line(one)
    figure = style.new_figure(_HEAD_IN + _ROW_IN * n_rows)
    for k, ax in enumerate(figure.subplots(n_rows, squeeze=False)[:, 0]):
        _draw_row(ax, one, line, (k * row_s, (k + 1) * row_s))
        _label_times(ax, row_s, one.duration_s, last=k == n_rows - 1)
    keys = _keys(one)
    figure.legend(handles=keys, loc="outside upper right", ncols=len(keys), handlelength=1.4)
    gaps = " Hatched: gaps without EEG." if one.gaps else ""
    return ReportFigure(
        "Probability over the recording",
        f"{_CAPTION}{gaps}",
        f"Probability over the recording, with {len(one.detections)} detections",
        png_uri(figure, dpi=120, colours=64),
    )


def _draw_row(ax: Axes, one: FilePrediction, line: Timeline, row: tuple[float, float]) -> None:
    """The part of a recording between two times in seconds."""
    first_s, last_s = row
    ax.set(xlim=row, ylim=(0, 1.25), ylabel="probability")
    ax.set_yticks([0, 0.5, 1])
    ax.grid(True, axis="x")
    for span in _within(one.gaps, row):
        ax.axvspan(*span, facecolor="none", edgecolor=style.FAINT, hatch="////", linewidth=0)
    if len(line.probability):
        edges_s = line.edges_us / 1e6
        look: dict[str, Any] = {"baseline": None, "fill": False}
        steps = StepPatch(line.probability, edges_s, edgecolor=style.MODEL, lw=0.9, **look)
        ax.add_artist(steps)  # `ax.stairs` looks for its limits, segment by segment
    ax.plot(
        (first_s, min(last_s, one.duration_s)),
        (one.rule.threshold,) * 2,
        color=style.INK,
        linewidth=0.9,
        linestyle=style.DASHED,
    )
    for onset_s, offset_s in _within(one.detections, row):
        ax.axvspan(onset_s, offset_s, color=style.MODEL, alpha=0.18, linewidth=0)
        ax.axvspan(onset_s, offset_s, 0.82, 0.9, color=style.MODEL, linewidth=0)
        ax.plot((onset_s + offset_s) / 2, 1.19, marker="v", markersize=4.5, color=style.MODEL)


def _label_times(ax: Axes, row_s: float, duration_s: float, *, last: bool) -> None:
    """Ticks at whole minutes, or seconds of a short recording; words below the last row."""
    tick_s = next((s for s in _TICKS_S if row_s / s <= _MOST_TICKS), _TICKS_S[-1])
    ax.xaxis.set_major_locator(MultipleLocator(tick_s))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda s, _: clock(s, duration_s)))
    ax.tick_params(length=2.5, color=style.FAINT)
    if last:
        words = "(h:min:s)" if duration_s >= 3600 else "(min:s)"
        ax.set_xlabel(f"time in the recording {words}")


def _within(
    spans: Sequence[tuple[float, float]], row: tuple[float, float]
) -> list[tuple[float, float]]:
    cut = [(max(on, row[0]), min(off, row[1])) for on, off in spans]
    return [(on, off) for on, off in cut if on < off]


def _keys(one: FilePrediction) -> list[Patch | Line2D]:
    threshold = f"threshold {one.rule.threshold:.3f}"
    keys: list[Patch | Line2D] = [
        Line2D([], [], color=style.MODEL, linewidth=1.2, label="probability"),
        Line2D([], [], color=style.INK, linewidth=0.9, linestyle=style.DASHED, label=threshold),
        Patch(facecolor=style.MODEL, label="detected"),
    ]
    if one.gaps:
        keys.append(Patch(facecolor="none", edgecolor=style.FAINT, hatch="////", label="no EEG"))
    return keys
