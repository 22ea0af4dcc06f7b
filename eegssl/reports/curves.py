"""Draw training curves, and how probabilities separate the classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from eegssl.reports import style

_OTHER_UNIT = 20.0  # ours: how much larger one curve is before it hides the other
_BINS = 10  # of a reliability diagram


@style.house_style()
def training_curves(rows: Sequence[Mapping[str, Any]], wanted: Sequence[str]) -> Figure:
    """Draw what ``metrics.jsonl`` recorded over steps, a panel for each wanted quantity.

    Rows look like ``{"step": 10, "train_loss": 1.2, "val_loss": 1.3}``; ``train_x`` and ``val_x``
    share the panel ``x``. Values that are not numbers leave a gap. Where one curve is 20 times the
    other, each has a panel of its own. Raises ValueError if nothing is to be drawn.
    """
    measured = {key for row in rows for key, value in row.items() if _is_number(value)}
    own = {name: measured & {name, f"train_{name}", f"val_{name}"} for name in wanted}
    chosen = [part for name, keys in own.items() if keys for part in _apart(name, keys, rows)]
    if not chosen:
        raise ValueError(f"got {len(rows)} rows without a measured value; nothing to draw.")
    columns = {1: 1, 2: 2, 4: 2}.get(len(chosen), 3)
    lines = -(-len(chosen) // columns)
    figure = style.new_figure(
        2.5 * lines, width_in=style.PAGE_IN if columns > 1 else style.PAGE_IN / 2
    )
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax, (name, keys) in zip(axes, chosen, strict=False):
        for key in keys:
            _draw_series(ax, rows, key)
        ax.set_title(style.plain(name.replace("_", " ")))
        ax.set_xlabel("step")
        style.with_grid(ax)
        if len(keys) > 1:
            ax.legend()
    for ax in axes[len(chosen) :]:
        ax.set_axis_off()
    return figure


@style.house_style()
def roc_and_precision_recall(
    truth: NDArray[np.integer],
    probability: NDArray[np.floating],
    threshold: float | None,
) -> Figure:
    """Draw ROC and precision-recall curves of ``probability`` [n] for ``truth`` [n] (0, 1).

    The dot is the chosen threshold. Raises ValueError if truth holds one class only.
    """
    truth = np.asarray(truth)
    if len(np.unique(truth)) < 2:
        raise ValueError("got one class only; expected both, to draw a ROC curve.")
    figure = style.new_figure(3.9)
    roc, precision_recall = figure.subplots(1, 2)
    false_share, sensitivity, _ = roc_curve(truth, probability)
    roc.plot(false_share, sensitivity, color=style.MODEL, label="this model")
    precision, recall, _ = precision_recall_curve(truth, probability, drop_intermediate=True)
    # Steps, as average precision counts: straight lines between points would flatter.
    precision_recall.step(recall, precision, where="post", color=style.MODEL, label="this model")
    prevalence = float(np.mean(truth == 1))
    roc.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=":", label="chance")
    precision_recall.axhline(prevalence, color=style.FAINT, linewidth=1, linestyle=":")
    if threshold is not None:
        _mark_threshold(roc, precision_recall, truth == 1, np.asarray(probability) >= threshold)
    roc.set(xlabel="1 - specificity (false alarms)", ylabel="sensitivity", title="ROC")
    precision_recall.set(xlabel="sensitivity (recall)", ylabel="precision")
    precision_recall.set_title("Precision and recall")
    for ax in (roc, precision_recall):
        ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.03))
        style.with_grid(ax)
    roc.legend(loc="lower right")
    return figure


@style.house_style()
def probability_histogram(
    truth: NDArray[np.integer],
    probability: NDArray[np.floating],
    threshold: float | None,
    classes: Sequence[str],
) -> Figure:
    """Draw how probable the model finds class 1, by true class, and how often it is then right."""
    truth, p = np.asarray(truth), np.asarray(probability, dtype=np.float64)
    figure = style.new_figure(3.5)
    histogram, reliability = figure.subplots(1, 2)
    edges = np.linspace(0, 1, 31)
    for k, colour in ((0, style.FAINT), (1, style.TRUTH)):
        share = np.histogram(p[truth == k], edges)[0] / max(int(np.sum(truth == k)), 1)
        label = f"{style.plain(classes[k])} (n = {int(np.sum(truth == k)):,})"
        histogram.stairs(share, edges, fill=True, color=colour, alpha=0.55, label=label)
    if threshold is not None:
        histogram.axvline(threshold, color=style.INK, linewidth=0.9, linestyle=style.DASHED)
    histogram.set(xlabel=f"probability of {style.plain(classes[1])}", ylabel="share of the class")
    histogram.set_title("Probabilities by true class")
    histogram.legend()
    _draw_reliability(reliability, truth == 1, p)
    for ax in (histogram, reliability):
        ax.set_xlim(-0.02, 1.02)
        style.with_grid(ax)
    return figure


def _apart(
    name: str, measured: set[str], rows: Sequence[Mapping[str, Any]]
) -> list[tuple[str, list[str]]]:
    """Put keys in one panel; in one each, where they differ in size as if in unit."""
    keys = sorted(measured)
    sizes = [max(abs(row[key]) for row in rows if _is_number(row.get(key))) for key in keys]
    if max(sizes) > _OTHER_UNIT * min(sizes):
        return [(key, [key]) for key in keys]
    return [(name, keys)]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _draw_series(ax: Axes, rows: Sequence[Mapping[str, Any]], key: str) -> None:
    """Draw a recorded quantity over steps; validation stands out."""
    points = [(row["step"], row[key]) for row in rows if "step" in row and _is_number(row.get(key))]
    steps, values = zip(*points, strict=True) if points else ((), ())
    validation = key.startswith("val_")
    label = "validation" if validation else "training"
    marker = "o" if validation and len(points) <= 30 else None
    colour = style.MODEL if validation else style.FAINT
    ax.plot(steps, values, color=colour, marker=marker, markersize=3, label=label)


def _mark_threshold(
    roc: Axes, precision_recall: Axes, positive: NDArray[np.bool_], alarm: NDArray[np.bool_]
) -> None:
    """A dot where the chosen threshold puts the model."""
    sensitivity, false_share = float(np.mean(alarm[positive])), float(np.mean(alarm[~positive]))
    roc.plot([false_share], [sensitivity], "o", color=style.INK, ms=5, label="at the threshold")
    if alarm.any():
        precision_recall.plot(
            [sensitivity], [float(np.mean(positive[alarm]))], "o", color=style.INK, ms=5
        )


def _draw_reliability(ax: Axes, positive: NDArray[np.bool_], p: NDArray[np.float64]) -> None:
    """Observed share against mean probability in each bin; on the diagonal it is calibrated."""
    index = np.minimum((p * _BINS).astype(np.int64), _BINS - 1)
    counts = np.bincount(index, minlength=_BINS)
    used = counts > 0
    expected = np.bincount(index, weights=p, minlength=_BINS)[used] / counts[used]
    observed = np.bincount(index, weights=positive, minlength=_BINS)[used] / counts[used]
    ax.plot([0, 1], [0, 1], color=style.FAINT, linewidth=1, linestyle=":")
    ax.plot(expected, observed, color=style.MODEL, linewidth=1)
    ax.scatter(
        expected, observed, s=8 + 90 * counts[used] / counts.max(), color=style.MODEL, zorder=3
    )
    ax.set(xlabel="probability given", ylabel="share that was true", ylim=(-0.03, 1.03))
    ax.set_title("Calibration (dot size: windows)")
