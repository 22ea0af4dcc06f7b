"""Sensitivity against false alarms per 24 h, drawn."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from eegssl.reports.style import INK, MODEL, SECOND, house_style, new_figure, with_grid
from eegssl.scoring.events.alarm_curve import RATES, AlarmCurve, Level

_LEVELS: tuple[tuple[Level, str, str], ...] = (
    ("subject_mean", "mean over subjects", MODEL),
    ("pooled", "pooled", SECOND),
)


@house_style()
def alarm_figure(curve: AlarmCurve) -> Figure:
    """The curve by both averages; the dots are the locked threshold."""
    figure = new_figure(3.4)
    ax = figure.subplots()
    for level, name, colour in _LEVELS:
        _draw(ax, curve, level, name, colour)
    ax.set_xscale("symlog", linthresh=0.5, linscale=0.4)
    ax.set_xticks([0, *RATES, 50, 100, 500], [f"{r:g}" for r in (0, *RATES, 50, 100, 500)])
    ax.minorticks_off()
    ax.set_xlabel("False alarms per 24 h")
    ax.set_ylabel("Sensitivity to events")
    ax.set_ylim(-0.03, 1.03)
    with_grid(ax)
    ax.legend(loc="lower right")
    return figure


def _draw(ax: Axes, curve: AlarmCurve, level: Level, name: str, colour: str) -> None:
    """One average: points in the order of thresholds, and the locked one."""
    points = [getattr(point, level) for point in curve.points]
    known = [p for p in points if p.sensitivity is not None and p.fp_per_day is not None]
    ax.plot(
        [p.fp_per_day for p in known],
        [p.sensitivity for p in known],
        color=colour,
        lw=1.6,
        label=name,
    )
    locked = getattr(curve.locked, level)
    if locked.sensitivity is not None and locked.fp_per_day is not None:
        ax.plot(locked.fp_per_day, locked.sensitivity, "o", color=colour, mec=INK, ms=7)
