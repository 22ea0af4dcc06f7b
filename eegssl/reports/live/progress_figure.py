"""Draw a training that is running, of its two logs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from eegssl.artifacts.atomic import atomic_path
from eegssl.artifacts.manifest import PROGRESS, SPEED
from eegssl.reports import style
from eegssl.training.history import METRICS
from eegssl.training.live.training_rows import Row, read_rows_so_far

_MOST_POINTS = 1500
_MOST_CURVES = 4
_MARKED_POINTS = 40  # so few validations are dots on their curve
_WORDS = {"train": "training", "val": "validation"}
_THIN = 0.7
_MANY_POINTS = 300  # of which a line is drawn thin
_COLOURS = (style.MODEL, style.TRUTH, style.SECOND, style.THIRD)
_DPI = 110


@dataclass(frozen=True)
class Panel:
    """One quantity: names of its curves in the rows, training's own first."""

    title: str
    keys: str
    """Pattern of the names; a group in it is what a legend says."""
    scale: Literal["linear", "log"] = "linear"
    of_speed: bool = False


PANELS = (
    Panel("loss", r"(train)_loss|(val)_(?:loss|error)(_(?!.*_)\w+)?"),
    Panel("accuracy", r"(train)_accuracy|(val)_(?:accuracy|balanced_accuracy|gain)(_(?!.*_)\w+)?"),
    Panel("embeddings: effective rank", r"val_(effective_rank)"),
    Panel("embeddings: probes", r"val_((?:subject|label)_probe|subject_chance)"),
    Panel("gradient norm", r"(grad_norm)", "log"),
    Panel("learning rate", r"(lr)"),
    Panel("windows a second", r"(windows_per_s)", of_speed=True),
    Panel("share of a step that waits for data", r"(data_wait)", of_speed=True),
)


def write_progress(folder: Path) -> None:
    """Draw ``progress.png`` of what stands in a folder's logs; nothing where no row does.

    Raises ArtifactError for logs that are damaged, OSError where it can't be written.
    """
    rows, speed = (read_rows_so_far(folder / name) for name in (METRICS, SPEED))
    if not rows:
        return
    figure = progress_figure(rows, speed)
    with atomic_path(folder / PROGRESS) as path, style.house_style():
        figure.savefig(path, format="png", dpi=_DPI, metadata={"Software": None})


@style.house_style()
def progress_figure(rows: Sequence[Row], speed: Sequence[Row]) -> Figure:
    """Draw a panel for each quantity of `PANELS` that the rows hold."""
    curves = [(panel, _curves(panel, speed if panel.of_speed else rows)) for panel in PANELS]
    shown = [(panel, drawn) for panel, drawn in curves if drawn]
    columns = min(2, len(shown)) or 1
    lines = -(-len(shown) // columns) or 1
    figure = style.new_figure(2.3 * lines + 0.3)
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for ax, (panel, drawn) in zip(axes, shown, strict=False):
        _draw(ax, panel, drawn)
    for ax in axes[len(shown) :]:
        ax.set_axis_off()
    step = int(rows[-1]["step"] or 0) if rows else 0
    figure.suptitle(f"step {step:,}", x=0.01, ha="left", color=style.MUTED, fontsize=9)
    return figure


@dataclass(frozen=True)
class _Curve:
    label: str
    steps: Sequence[float]
    values: Sequence[float]
    validation: bool


def _curves(panel: Panel, rows: Sequence[Row]) -> list[_Curve]:
    """The curves of a panel that have a value, training's own first."""
    names = dict.fromkeys(name for row in rows for name in row)
    matches = [match for name in names if (match := re.fullmatch(panel.keys, name))]
    matches.sort(key=lambda match: (match.string.startswith("val_"), match.string))
    curves = []
    for match in matches:
        points = [(r["step"], r[match.string]) for r in rows if r.get(match.string) is not None]
        if not points or (panel.scale == "log" and any((value or 0) <= 0 for _, value in points)):
            continue
        points = points[:: -(-len(points) // _MOST_POINTS)] + points[-1:]
        steps, values = zip(*points, strict=True)
        parts = [_WORDS.get(part, part) for part in match.groups() if part]
        label = "".join(parts).replace("_", " ")
        curves.append(_Curve(label, steps, values, match.string.startswith("val_")))
    return curves[: _MOST_CURVES + 1]


def _draw(ax: Axes, panel: Panel, curves: Sequence[_Curve]) -> None:
    colours = iter(_COLOURS)
    alone = len(curves) == 1
    for curve in curves:
        plain = not curve.validation and not alone
        marker = "o" if curve.validation and len(curve.steps) <= _MARKED_POINTS else None
        ax.plot(
            curve.steps,
            curve.values,
            color=style.FAINT if plain else next(colours),
            marker=marker,
            markersize=3,
            linewidth=_THIN if len(curve.steps) > _MANY_POINTS else None,
            label=style.plain(curve.label),
        )
    if not alone:
        ax.legend()
    ax.set_title(panel.title)
    if panel.scale == "log":
        ax.set_yscale("log")
        for set_formatter in (ax.yaxis.set_major_formatter, ax.yaxis.set_minor_formatter):
            set_formatter(FuncFormatter(style.plain_power_of_ten))
    ax.set_xlabel("step")
    style.with_grid(ax)
