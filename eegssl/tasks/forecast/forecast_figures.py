"""Draw how forecast errors grow, and forecasts beside the true signal."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from eegssl.reports.style import (
    DASHED,
    DOTTED,
    FAINT,
    INK,
    MODEL,
    MUTED,
    SECOND,
    THIRD,
    house_style,
    new_figure,
    plain_power_of_ten,
    with_grid,
)
from eegssl.tasks.forecast.scores import ForecastReport, Span

Floats = NDArray[np.floating]
_OF_MODEL: dict[str, Any] = {"color": MODEL, "linewidth": 2.4, "zorder": 5}
_OF_BASELINE: dict[str, dict[str, Any]] = {
    "ar": {"color": SECOND, "linewidth": 2.0, "zorder": 4},
    "mean": {"color": INK, "linestyle": DOTTED},
    "persistence": {"color": MUTED, "linestyle": DASHED},
    "seasonal": {"color": FAINT},
    "linear": {"color": THIRD},
    "dlinear": {"color": THIRD, "linestyle": DASHED},
    "patchtst": {"color": THIRD, "linestyle": DOTTED},
}
SHOWN = ("ar", "mean")
"""The baselines in figures of examples, where they are among the methods."""


@house_style()
def error_over_horizon(report: ForecastReport, words: Mapping[str, str]) -> Figure:
    """Mean absolute error of each stretch of the horizon, time on a logarithmic axis.

    Left in µV, right as a share of the error of the context's mean (left out without it).
    """
    spans = report.spans
    middle_s = [_middle_s(span) for span in spans]
    errors = {
        name: np.array([row["mae"] for row in units["uv"]["per_stretch"]])
        for name, units in report.methods.items()
    }
    panels: list[tuple[str, Any]] = [("Mean absolute error (µV)", 1.0)]
    if "mean" in errors:
        panels.append(("Error as a share of the mean's", errors["mean"]))
    figure = new_figure(3.6)
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for ax, (title, over) in zip(axes, panels, strict=True):
        for name, error in errors.items():
            look = _OF_MODEL if name == report.model else _OF_BASELINE.get(name, {})
            ax.plot(middle_s, error / over, marker="o", markersize=3, label=words[name], **look)
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter(plain_power_of_ten)
        ax.xaxis.set_minor_formatter("")
        ax.set_title(title)
        ax.set_xlabel("seconds after the last sample")
        with_grid(ax)
    worst = max(float((errors[n] / panels[-1][1]).max()) for n in errors if n in (*SHOWN, "model"))
    if len(panels) > 1:
        axes[1].set_ylim(top=max(1.25, 1.1 * worst))
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _middle_s(span: Span) -> float:
    """The geometric middle of a stretch; half of the first, which begins at 0."""
    start_s, stop_s = span
    return stop_s / 2 if start_s == 0 else float(np.sqrt(start_s * stop_s))


@house_style()
def forecast_example(
    channels: Sequence[str],
    context_uv: Floats,
    truth_uv: Floats,
    forecasts_uv: Mapping[str, Floats],
    sfreq_hz: float,
    words: Mapping[str, str],
) -> Figure:
    """The end of a context [C, L], what came [C, T] and what was forecast of it, [C, T] each."""
    before_s = -np.arange(context_uv.shape[-1], 0, -1) / sfreq_hz
    after_s = np.arange(truth_uv.shape[-1]) / sfreq_hz
    figure = new_figure(0.9 + 1.25 * len(channels))
    axes = figure.subplots(len(channels), 1, squeeze=False, sharex=True)[:, 0]
    for k, (ax, channel) in enumerate(zip(axes, channels, strict=True)):
        seen = np.concatenate([context_uv[k], truth_uv[k]])
        ax.axvspan(0, after_s[-1], color=FAINT, alpha=0.15, linewidth=0)
        ax.plot(
            np.concatenate([before_s, after_s]), seen, color=INK, linewidth=0.9, label="what came"
        )
        for name, ahead in forecasts_uv.items():
            look = dict(_OF_BASELINE.get(name, _OF_MODEL))
            ax.plot(after_s, ahead[k], label=words[name], **look | {"linewidth": 1.4})
        ax.set_ylabel(f"{channel} (µV)")
        with_grid(ax)
    axes[-1].set_xlabel("seconds from the last sample that was read")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure
