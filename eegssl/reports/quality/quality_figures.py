"""Draw traces and spectra before and after cleaning, and quality flags."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from eegssl.reports import style
from eegssl.reports.trace_figure import TraceStyle, display_scale_uv, draw_traces, shade, time_axis
from eegssl.signal.quality import FLAGS

Spans = Sequence[tuple[float, float, str]]
"""Events as (onset_s, duration_s, type), in seconds of the recording."""

FLAG_WORDS = {
    "non_finite": "not finite",
    "flat": "flat",
    "saturated": "saturated",
    "pop": "pop",
    "line_noise": "line noise",
}
"""Quality flags, the worst first: where a window has several, the first of them is drawn."""

_FLAG_COLOURS = (style.INK, style.MODEL, style.TRUTH, style.THIRD, style.SECOND)
_NO_FLAG = "#eef2f5"
_SMALL: dict[str, Any] = {"fontsize": 7.5, "color": style.MUTED}
_BEFORE = "#7b5e3b"
_CHANNEL_IN = 0.205
_HEAD_IN, _FOOT_IN, _GAP_IN, _PAD = 0.42, 0.5, 0.3, 0.9
_LEFT_IN, _RIGHT_IN = 0.85, 0.75
_STYLE = TraceStyle(reach=2.2, line=0.5, above=_PAD, below=0.1, label_size=7.5)


@style.house_style()
def before_and_after(
    before_uv: NDArray[np.floating],
    before_names: Sequence[str],
    before_sfreq_hz: float,
    after_uv: NDArray[np.floating],
    after_names: Sequence[str],
    after_sfreq_hz: float,
    onset_s: float,
    events: Spans = (),
) -> Figure:
    """Traces [C1, T1] as recorded above traces [C2, T2] as stored, in µV, negative up.

    Both have the same time axis and the same gain, which suits the cleaned signal; events are
    shaded. Names in red above are of channels that were not kept.
    """
    rows = len(before_names), len(after_names)
    heights = [_CHANNEL_IN * (n + _PAD) for n in rows]
    total = _HEAD_IN + sum(heights) + _GAP_IN + _FOOT_IN
    figure = Figure(figsize=(style.PAGE_IN, total))
    left, width = _LEFT_IN / style.PAGE_IN, 1 - (_LEFT_IN + _RIGHT_IN) / style.PAGE_IN
    below = figure.add_axes((left, _FOOT_IN / total, width, heights[1] / total))
    foot = (_FOOT_IN + heights[1] + _GAP_IN) / total
    above = figure.add_axes((left, foot, width, heights[0] / total), sharex=below)
    scale_uv = display_scale_uv(after_uv)
    stop_s = onset_s + min(before_uv.shape[1] / before_sfreq_hz, after_uv.shape[1] / after_sfreq_hz)
    draw_traces(above, before_uv, before_names, before_sfreq_hz, onset_s, scale_uv, _BEFORE, _STYLE)
    draw_traces(below, after_uv, after_names, after_sfreq_hz, onset_s, scale_uv, style.INK, _STYLE)
    for label, name in zip(above.get_yticklabels(), before_names, strict=True):
        label.set_color(style.INK if name in after_names else style.TRUTH)
    spans = [(onset, onset + duration) for onset, duration, _ in events]
    for ax, words in ((above, "Before: as recorded"), (below, "After: as stored")):
        shade(ax, spans, onset_s, stop_s, alpha=0.11)
        ax.set_title(words, color=_BEFORE if ax is above else style.INK)
    above.tick_params(axis="x", labelbottom=False)
    below.set_xlim(onset_s, stop_s)
    time_axis(below, stop_s, whole=True)
    _event_legend(figure, events, left + width)
    return figure


@style.house_style()
def spectra(
    before: tuple[NDArray[np.floating], NDArray[np.floating]],
    after: tuple[NDArray[np.floating], NDArray[np.floating]],
    band_hz: tuple[float, float],
    line_hz: float | None,
) -> Figure:
    """Power spectra (frequencies [F], µV²/Hz [C, F]) before and after, and those near the mains.

    Lines are medians over channels, shades reach from the least to the greatest channel.
    """
    figure = style.new_figure(3.5)
    highest = float(max(before[0].max(initial=0.0), after[0].max(initial=0.0)))
    zoomed = line_hz is not None and line_hz < highest
    axes: Any = figure.subplots(1, 2 if zoomed else 1, width_ratios=[2.4, 1] if zoomed else [1])
    whole, *rest = list(axes) if zoomed else [axes]
    lowest = min(0.25, band_hz[0] / 2) or 0.25
    highest = max(highest, 2 * lowest)
    _spectrum(whole, before, after, lowest, highest)
    whole.set_xscale("log")
    whole.set_title("Power spectrum")
    whole.axvspan(lowest, band_hz[0], color=style.GRID, alpha=0.55, linewidth=0, zorder=0)
    whole.axvspan(band_hz[1], highest, color=style.GRID, alpha=0.55, linewidth=0, zorder=0)
    whole.set_xticks([x for x in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if lowest < x < highest])
    whole.set_xticks([], minor=True)
    whole.xaxis.set_major_formatter(FuncFormatter(lambda f, _: f"{f:g}"))
    whole.set_ylabel("µV²/Hz")
    if line_hz is not None and zoomed:
        _spectrum(rest[0], before, after, line_hz - 8, line_hz + 8)
        rest[0].set_title(f"Around the mains, {line_hz:g} Hz")
        rest[0].set_xticks([line_hz - 5, line_hz, line_hz + 5])
        for ax in (whole, rest[0]):
            ax.axvline(line_hz, color=style.TRUTH, linewidth=0.9, linestyle=style.DASHED, zorder=1)
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=_BEFORE, label="before"),
        Line2D([], [], color=style.MODEL, label="after"),
        Patch(
            facecolor=style.GRID, label=f"outside the pass band ({band_hz[0]:g}–{band_hz[1]:g} Hz)"
        ),
    ]
    if zoomed:
        handles.append(
            Line2D([], [], color=style.TRUTH, lw=0.9, linestyle=style.DASHED, label="mains")
        )
    figure.legend(handles=handles, loc="outside lower left", ncols=4)
    return figure


@style.house_style()
def flag_strip(
    worst: NDArray[np.integer],
    names: Sequence[str],
    seconds: float,
    clip_s: tuple[float, float],
    events: Spans = (),
) -> Figure:
    """Flags of every channel and window of a recording: ``worst`` [C, W], 0 for none.

    A value k > 0 is the k-th of FLAG_WORDS. The windows tile the recording's ``seconds``; the
    clip that the traces show is bracketed above.
    """
    rows_in = 0.13 * len(names)
    height = 0.34 + rows_in + 0.75
    figure = Figure(figsize=(style.PAGE_IN, height))
    left, width = _LEFT_IN / style.PAGE_IN, 1 - (_LEFT_IN + _RIGHT_IN) / style.PAGE_IN
    ax = figure.add_axes((left, 0.72 / height, width, rows_in / height))
    colours = ListedColormap([_NO_FLAG, *_FLAG_COLOURS])
    edges_s, lines = np.linspace(0, seconds, worst.shape[1] + 1), np.arange(len(names) + 1) - 0.5
    ax.pcolormesh(edges_s, lines, worst, cmap=colours, vmin=0, vmax=len(FLAG_WORDS))
    ax.hlines(lines[1:-1], 0, seconds, color="white", linewidth=0.8)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.set_yticks(range(len(names)), [style.plain(name, 14) for name in names])
    ax.tick_params(axis="y", length=0, labelcolor=style.INK, labelsize=6.5)
    ax.spines[["left", "bottom"]].set_visible(False)
    above = ax.get_xaxis_transform()
    ax.tick_params(axis="x", pad=9, length=0)
    ax.plot(
        clip_s, [1 + 0.07 / rows_in] * 2, color=style.INK, lw=2.2, transform=above, clip_on=False
    )
    ax.text(
        clip_s[0],
        1 + 0.13 / rows_in,
        "shown above",
        transform=above,
        fontsize=7.5,
        color=style.MUTED,
    )
    for onset_s, duration_s, _ in events:
        span = (onset_s, onset_s + duration_s)
        ax.plot(
            span, [-0.06 / rows_in] * 2, color=style.TRUTH, lw=2.2, transform=above, clip_on=False
        )
    ax.set_xlim(0, seconds)
    time_axis(ax, seconds, whole=True)
    drawn = zip(FLAG_WORDS.values(), _FLAG_COLOURS, strict=True)
    handles = [
        Patch(facecolor=colour, label=words)
        for k, (words, colour) in enumerate(drawn, start=1)
        if (worst == k).any()
    ]
    handles.append(Patch(facecolor=_NO_FLAG, label="no flag"))
    figure.legend(handles=handles, loc="lower right", ncols=6, bbox_to_anchor=(left + width, 0.0))
    return figure


def worst_flag(flags: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The place in FLAG_WORDS, from 1, of the first flag that is set [C, W]; 0 where none is."""
    bits = [(flags & FLAGS[name]) > 0 for name in FLAG_WORDS]
    return np.select(bits, list(range(1, len(bits) + 1)), 0)


def _spectrum(
    ax: Axes,
    before: tuple[NDArray[np.floating], NDArray[np.floating]],
    after: tuple[NDArray[np.floating], NDArray[np.floating]],
    low_hz: float,
    high_hz: float,
) -> None:
    """Median and range over channels of both, on a logarithmic axis of six decades at most."""
    floors, peaks = [], []
    for (freqs_hz, power), colour in ((before, _BEFORE), (after, style.MODEL)):
        inside = (freqs_hz >= low_hz) & (freqs_hz <= high_hz) & (freqs_hz > 0)
        usable = power[np.isfinite(power).all(axis=1)]
        if not inside.any() or not len(usable):
            continue
        x, y = freqs_hz[inside], np.maximum(usable[:, inside], 1e-12)
        ax.fill_between(x, y.min(axis=0), y.max(axis=0), color=colour, alpha=0.15, linewidth=0)
        ax.plot(x, np.median(y, axis=0), color=colour, linewidth=1.3)
        floors.append(float(np.median(y, axis=0).min()))
        peaks.append(float(y.max()))
    ax.set_yscale("log")
    if peaks:
        top = 10 ** np.ceil(np.log10(max(peaks)))
        ax.set_ylim(max(min(floors) / 2, top / 1e6, 1e-4), top)
    ax.set_xlim(low_hz, high_hz)
    ax.yaxis.set_major_formatter(FuncFormatter(style.plain_power_of_ten))
    ax.minorticks_off()
    ax.set_xlabel("Hz")
    style.with_grid(ax)


def _event_legend(figure: Figure, events: Spans, right: float) -> None:
    if not events:
        return
    types = sorted({kind for _, _, kind in events})
    label = f"event: {style.plain(', '.join(types))}"
    figure.legend(
        handles=[Patch(facecolor=style.TRUTH, alpha=0.25, label=label)],
        loc="upper right",
        bbox_to_anchor=(right, 1.0),
        borderaxespad=0.3,
    )
