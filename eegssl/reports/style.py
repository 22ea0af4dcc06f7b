"""Set the look of every figure: palette, fonts, axes.

Figures are made with matplotlib's object interface (no pyplot, no current figure) under
``house_style``, which starts from matplotlib's defaults, so that a user's own settings never
change the bytes of a report.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.figure import Figure

PAGE_IN = 10.5  # the width of a page's text
INK = "#17212b"
MUTED = "#66737f"
GRID = "#e4e9ee"
FAINT = "#aab6c1"
TRUTH = "#d1495b"  # what the experts marked
MODEL = "#1769aa"  # what the model says
SECOND = "#e09f3e"  # a second curve beside the model's
THIRD = "#3c8d6e"
DASHED = (0, (4, 3))
DOTTED = (0, (1, 1.5))

_SETTINGS = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.0,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": FAINT,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "text.parse_math": False,  # a "$" in a name is a dollar sign
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "lines.linewidth": 1.6,
    "figure.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "eegssl",  # the same figure gets the same identifiers
}


@contextmanager
def house_style() -> Iterator[None]:
    """Set the look for the figures made inside; also usable as a decorator."""
    with style.context(["default", _SETTINGS]):
        yield


def new_figure(height_in: float, width_in: float = PAGE_IN) -> Figure:
    """An empty figure as wide as the page that lays itself out."""
    figure = Figure(figsize=(width_in, height_in))
    figure.set_layout_engine("constrained", w_pad=0.08, h_pad=0.06)
    return figure


def with_grid(ax: Axes, axis: Literal["both", "x", "y"] = "both") -> None:
    """Faint grid lines, for figures that values are read from."""
    ax.grid(True, axis=axis)
    ax.tick_params(length=0)


def plain(text: str, limit: int = 48) -> str:
    """Text of unknown origin as one printable line of at most ``limit`` characters."""
    printable = "".join(c if c.isprintable() else " " for c in str(text)).strip()
    return printable if len(printable) <= limit else printable[: limit - 1] + "…"


def plain_power_of_ten(value: float, _position: int = 0) -> str:
    """Tick label of a logarithmic axis without mathematical markup: 10000 -> "10,000"."""
    return f"{value:,.0f}" if value >= 1 else f"{value:g}"
