"""Draw EEG as a clinician reads it, with the model's probability beneath."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from eegssl.reports import style

_SCALES_UV = (5, 10, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 2000, 5000)
_CHANNEL_IN = 0.27  # height of a channel on the page
_STRIP_IN = 0.75
_HEAD_IN, _FOOT_IN, _GAP_IN = 0.36, 0.48, 0.1
_LEFT_IN, _RIGHT_IN = 0.95, 0.75


@dataclass(frozen=True)
class TraceStyle:
    """Sizes of traces, in trace distances (lines and labels in points).

    What swings further than ``reach`` is cut off.
    """

    reach: float = 2.5
    line: float = 0.55
    above: float = 1.0
    below: float = 0.2
    label_size: float = 8


@dataclass(frozen=True)
class DetectedLine:
    """Detections of a recording, and the probability over time that a rule makes them of.

    ``probability`` [n] lies between ``edges_s`` [n + 1], NaN where no window does; ``spans`` are
    what is scored, (onset, offset) in seconds.
    """

    edges_s: NDArray[np.floating]
    probability: NDArray[np.floating]
    threshold: float
    spans: Sequence[tuple[float, float]]


@style.house_style()
def traces_with_predictions(
    signal_uv: NDArray[np.floating],
    names: Sequence[str],
    sfreq_hz: float,
    start_s: float,
    window_start_s: NDArray[np.floating],
    window_duration_s: NDArray[np.floating],
    probability: NDArray[np.floating],
    truth_spans: Sequence[tuple[float, float]] | None,
    threshold: float | None,
    event_name: str = "seizure",
    detected: DetectedLine | None = None,
) -> Figure:
    """Draw traces of ``signal_uv`` [C, T] in µV, negative up, over the windows' probabilities.

    ``start_s`` is the time of the first sample; windows [n] and ``truth_spans`` are in seconds
    of the same clock. The reference is shaded (None: nobody gave one), the threshold dashed,
    windows at or above it are filled. Where events are ``detected``, these are drawn as bars, and
    the threshold is that of their rule. Samples that are not finite leave a gap. Raises ValueError
    if names and channels differ.
    """
    signal = np.asarray(signal_uv, dtype=np.float64)
    if signal.ndim != 2 or len(names) != signal.shape[0]:
        raise ValueError(f"got {len(names)} names for a signal {signal.shape}; expected [C, T].")
    stop_s = start_s + signal.shape[1] / sfreq_hz
    traces_in = _CHANNEL_IN * (len(names) + 0.8)
    height_in = _FOOT_IN + _STRIP_IN + _GAP_IN + traces_in + _HEAD_IN
    figure = Figure(figsize=(style.PAGE_IN, height_in))
    width = 1 - (_LEFT_IN + _RIGHT_IN) / style.PAGE_IN
    left, foot = _LEFT_IN / style.PAGE_IN, _FOOT_IN / height_in
    strip = figure.add_axes((left, foot, width, _STRIP_IN / height_in))
    above = (_FOOT_IN + _STRIP_IN + _GAP_IN) / height_in
    traces = figure.add_axes((left, above, width, traces_in / height_in), sharex=strip)
    for ax in (traces, strip):
        shade(ax, truth_spans or (), start_s, stop_s, alpha=0.13)
    scale_uv = display_scale_uv(signal)
    draw_traces(traces, signal, names, sfreq_hz, start_s, scale_uv, style.INK, TraceStyle())
    traces.tick_params(axis="x", labelbottom=False)
    times = (window_start_s, window_duration_s, probability)
    start, duration, p = (np.asarray(part, dtype=np.float64) for part in times)
    seen = (start <= stop_s) & (start + duration >= start_s)  # a night has thousands
    windows = (start[seen], duration[seen], p[seen])
    if detected is None:
        _draw_strip(strip, *windows, threshold)
        keys = _keys_of_windows(threshold)
    else:
        _draw_strip(strip, *windows, np.inf)
        _draw_detected(strip, detected)
        keys = _keys_of_detections(detected.threshold)
    strip.set_xlim(start_s, stop_s)
    time_axis(strip, stop_s)
    if truth_spans is not None:
        words = f"{style.plain(event_name)} (reference)"
        keys = [Patch(facecolor=style.TRUTH, alpha=0.25, label=words), *keys]
    _legend(figure, keys, left + width)
    return figure


def clock(seconds: float, longest_s: float) -> str:
    """A time in a recording: ``m:ss``, or ``h:mm:ss`` where the longest time needs it."""
    sign, whole = "-" if seconds < 0 else "", round(abs(seconds))
    minutes, second = divmod(whole, 60)
    if longest_s < 3600:
        return f"{sign}{minutes}:{second:02d}"
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{second:02d}"


def display_scale_uv(signal_uv: NDArray[np.floating]) -> float:
    """µV between neighbouring traces: a round number that suits the typical channel (ours).

    Six times the median channel's robust deviation, so that one artefact channel does not
    flatten all others.
    """
    finite = np.where(np.isfinite(signal_uv), signal_uv, np.nan)
    usable = finite[~np.all(np.isnan(finite), axis=1)]
    if usable.size == 0:
        return float(_SCALES_UV[0])
    centred = np.abs(usable - np.nanmedian(usable, axis=1, keepdims=True))
    wanted = 6 * 1.4826 * float(np.median(np.nanmedian(centred, axis=1)))
    return float(next((s for s in _SCALES_UV if s >= wanted), _SCALES_UV[-1]))


def draw_traces(
    ax: Axes,
    signal_uv: NDArray[np.floating],
    names: Sequence[str],
    sfreq_hz: float,
    start_s: float,
    scale_uv: float,
    colour: str,
    sizes: TraceStyle,
) -> None:
    """Draw a line a channel, the first on top, and a scale bar at the right."""
    time_s = start_s + np.arange(signal_uv.shape[1]) / sfreq_hz
    for row, channel in enumerate(np.asarray(signal_uv, dtype=np.float64)):
        finite = channel[np.isfinite(channel)]
        centre = float(np.median(finite)) if finite.size else 0.0
        known = np.where(np.isfinite(channel), channel, np.nan)
        # The y axis points down below, so negative potentials go up as in clinical EEG.
        swing = np.clip((known - centre) / scale_uv, -sizes.reach, sizes.reach)
        ax.plot(time_s, row + swing, color=colour, linewidth=sizes.line)
    ax.set_ylim(len(names) - sizes.below, -sizes.above)
    ax.set_yticks(range(len(names)), [style.plain(name, 14) for name in names])
    ax.tick_params(axis="y", length=0, labelcolor=style.INK, labelsize=sizes.label_size)
    ax.tick_params(axis="x", length=0)
    ax.grid(True, axis="x")
    ax.spines[["left", "bottom"]].set_visible(False)
    _scale_bar(ax, scale_uv, (len(names) - 1) / 2)


def time_axis(ax: Axes, stop_s: float, whole: bool = False) -> None:
    """Ticks at round times in the recording, at ``whole`` seconds only where asked."""
    ax.xaxis.set_major_locator(MaxNLocator(nbins=10, steps=[1, 2, 3, 5, 6, 10], integer=whole))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda s, _: clock(s, stop_s)))
    ax.set_xlabel("time in the recording (h:min:s)" if stop_s >= 3600 else "time (min:s)")


def _scale_bar(ax: Axes, scale_uv: float, middle: float) -> None:
    """A bar one trace distance high, right of the axes."""
    x = 1.012
    ends = [middle - 0.5, middle + 0.5]
    transform = ax.get_yaxis_transform()
    ax.plot([x, x], ends, color=style.INK, linewidth=1.4, transform=transform, clip_on=False)
    words = f"{scale_uv:g} µV\nneg. up"
    ax.text(
        x + 0.008, middle, words, transform=transform, va="center", fontsize=8, color=style.MUTED
    )


def _draw_strip(
    ax: Axes,
    window_start_s: NDArray[np.floating],
    window_duration_s: NDArray[np.floating],
    probability: NDArray[np.floating],
    threshold: float | None,
) -> None:
    """The probability of each window as a bar over the window's time."""
    p = np.asarray(probability, dtype=np.float64)
    alarm = p >= threshold if threshold is not None else np.ones(p.shape, dtype=bool)
    colours = [style.MODEL if above else style.FAINT for above in alarm]
    ax.bar(window_start_s, p, width=window_duration_s, align="edge", color=colours, linewidth=0)
    ax.hlines(p, window_start_s, np.add(window_start_s, window_duration_s), color=colours, lw=1.4)
    if threshold is not None and np.isfinite(threshold):
        ax.axhline(threshold, color=style.INK, linewidth=0.9, linestyle=style.DASHED)
    ax.set_ylim(0, 1.04)
    ax.set_yticks([0, 0.5, 1])
    ax.tick_params(length=2.5, color=style.FAINT)
    ax.set_ylabel("probability", fontsize=8)
    ax.grid(True, axis="x", color=style.GRID)


def shade(
    ax: Axes, spans: Sequence[tuple[float, float]], start_s: float, stop_s: float, *, alpha: float
) -> None:
    """Shade the reference events, and mark where they begin and end if that is in view."""
    for onset_s, offset_s in spans:
        if offset_s <= start_s or onset_s >= stop_s:
            continue
        first_s, last_s = max(onset_s, start_s), min(offset_s, stop_s)
        ax.axvspan(first_s, last_s, color=style.TRUTH, alpha=alpha, linewidth=0)
        for edge_s in (onset_s, offset_s):
            if start_s < edge_s < stop_s:
                ax.axvline(edge_s, color=style.TRUTH, linewidth=0.9)


def _draw_detected(ax: Axes, detected: DetectedLine) -> None:
    """Detections as bars on top of the strip, and below them the line that they are made of."""
    ax.stairs(detected.probability, detected.edges_s, color=style.MODEL, lw=1.4, baseline=None)
    ax.axhline(detected.threshold, color=style.INK, linewidth=0.9, linestyle=style.DASHED)
    for onset_s, offset_s in detected.spans:
        ax.axvspan(onset_s, offset_s, color=style.MODEL, alpha=0.14, linewidth=0)
        ax.axvspan(onset_s, offset_s, 0.88, 1.0, color=style.MODEL, linewidth=0)
    ax.set_ylim(0, 1.2)


def _keys_of_windows(threshold: float | None) -> list[Patch | Line2D]:
    """The colours of windows that are drawn by themselves."""
    if threshold is None:
        return [Patch(facecolor=style.MODEL, label="model")]
    return [
        Patch(facecolor=style.MODEL, label="model: at or above threshold"),
        Patch(facecolor=style.FAINT, label="model: below"),
        _threshold_key(threshold),
    ]


def _keys_of_detections(threshold: float) -> list[Patch | Line2D]:
    """The colours of detections and of what they are made of."""
    return [
        Patch(facecolor=style.MODEL, label="detected"),
        Line2D([], [], color=style.MODEL, linewidth=1.4, label="smoothed"),
        Patch(facecolor=style.FAINT, label="each window"),
        _threshold_key(threshold),
    ]


def _threshold_key(threshold: float) -> Line2D:
    label = f"threshold {threshold:.3f}"
    return Line2D([], [], color=style.INK, linewidth=0.9, linestyle=style.DASHED, label=label)


def _legend(figure: Figure, handles: Sequence[Patch | Line2D], right: float) -> None:
    """Name the colours above the traces."""
    figure.legend(
        handles=list(handles),
        loc="upper right",
        bbox_to_anchor=(right, 1.0),
        ncols=len(handles),
        handlelength=1.4,
        columnspacing=1.6,
        borderaxespad=0.3,
    )
