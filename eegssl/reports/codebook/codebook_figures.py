"""Draw the codes of a codebook: waveforms, spectra, heads, odds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MultipleLocator, NullLocator
from numpy.typing import NDArray

from eegssl.reports import style
from eegssl.reports.codebook.spread_labels import label_apart
from eegssl.reports.head_map import draw_head
from eegssl.signal.channels.regions import REGIONS

BAND_COLOURS = {
    "delta": style.INK,
    "theta": style.MODEL,
    "alpha": style.THIRD,
    "beta": style.SECOND,
    "gamma": "#b25d9b",
}
LIFT = LinearSegmentedColormap.from_list(
    "lift", ["#9fb4c6", "#d8e0e7", "#f6f4f1", "#f0bf7f", "#c2571a"]
)
LIFT_NORM = LogNorm(1 / 3, 3, clip=True)
"""Colours from a third to three times the share of all codes in a region."""

_SCALES_UV = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_COLUMNS, _REAL = 4, 3
_CARD_IN, _HEAD_IN = 2.95, 0.05
_TOP_HZ = 40.0
Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Card:
    """One code as it is drawn."""

    title: str
    words: str
    mean_uv: Floats
    """[P], the prototype."""
    nearest_uv: Floats
    """[m, P], real patches, the most alike first."""
    spectrum: Floats
    """[F], µV²/Hz."""
    band: str
    lift: Mapping[str, float]
    """Region -> share of the code there by the share of all codes there."""


@style.house_style()
def code_cards(
    cards: Sequence[Card], freqs_hz: Floats, all_codes: Floats, patch_s: float
) -> Figure:
    """Draw a card for each code: waveform, negative up; spectrum over that of all; head."""
    lines = -(-len(cards) // _COLUMNS)
    height = lines * _CARD_IN + _HEAD_IN
    figure = Figure(figsize=(style.PAGE_IN, height))
    for place, card in enumerate(cards):
        row, column = divmod(place, _COLUMNS)
        left, top = column / _COLUMNS, 1 - (_HEAD_IN + row * _CARD_IN) / height
        unit = _CARD_IN / height

        def box(x: float, y: float, w: float, h: float, left: float = left, top: float = top,
                unit: float = unit) -> Axes:  # fmt: skip
            """Axes at a place of the card, from its upper left corner."""
            corner = (left + x / _COLUMNS, top - (y + h) * unit, w / _COLUMNS, h * unit)
            return figure.add_axes(corner)

        wide = 0.95 / _COLUMNS
        figure.text(left + 0.012, top - 0.015 * unit, card.title, va="top", weight="bold")
        figure.text(
            left + 0.012, top - 0.085 * unit, card.words, va="top", fontsize=7.4, color=style.MUTED,
            linespacing=1.4,
        )  # fmt: skip
        _waveform(box(0.05, 0.25, 0.8, 0.39), card, patch_s)
        _spectrum(box(0.07, 0.69, 0.46, 0.215), card, freqs_hz, all_codes)
        draw_head(box(0.575, 0.655, 0.37, 0.285), card.lift, LIFT, LIFT_NORM)
        frame = [left + 0.003, left + 0.003 + wide], [top - 0.965 * unit] * 2
        figure.add_artist(Line2D(*frame, color=style.GRID, linewidth=0.8))
    return figure


@style.house_style()
def head_key() -> Figure:
    """Draw the key of the heads: colours and regions."""
    figure = Figure(figsize=(style.PAGE_IN / 2, 1.15))
    blank = dict.fromkeys(REGIONS, 1.0)
    draw_head(figure.add_axes((0.0, 0.02, 0.21, 0.96)), blank, LIFT, LIFT_NORM, names=True)
    bar = figure.add_axes((0.29, 0.42, 0.62, 0.16))
    values = np.geomspace(1 / 3, 3, 200)
    bar.pcolormesh(np.append(values, 3.04), [0, 1], values[None, :], cmap=LIFT, norm=LIFT_NORM)
    bar.set_xscale("log")
    bar.xaxis.set_minor_locator(NullLocator())
    bar.set_xticks([1 / 3, 0.5, 1, 2, 3], ["⅓ ×", "½ ×", "as all codes", "2 ×", "3 ×"])
    bar.set_yticks([])
    bar.set_title("The code is found here", color=style.INK)
    bar.tick_params(length=0)
    bar.spines[:].set_visible(False)
    return figure


@style.house_style()
def odds_and_shares(
    codes: NDArray[np.integer[Any]],
    log_odds: Floats,
    q: Floats,
    shares: tuple[Floats, Floats],
    bands: Sequence[str],
    named: Sequence[int],
    limit: float,
) -> Figure:
    """Draw odds ratio against q, and share of seizure against share of background; codes [J].

    ``shares`` are those of seizure and of background. Codes in ``named`` carry their number.
    """
    tested = np.isfinite(q)
    figure = style.new_figure(4.2)
    axes = figure.subplots(1, 2, squeeze=False, width_ratios=[1.15, 1])[0]
    colours = np.array([BAND_COLOURS[band] for band in bands])
    size = 7 + 900 * np.maximum(*shares)
    labels = np.isin(codes, named)
    if tested.any():
        _volcano(axes[0], codes, log_odds, q, colours, size, labels & tested, limit)
    else:
        axes[0].set_axis_off()
        axes[0].text(0.5, 0.5, "odds ratios without intervals: too few subjects\nwith seizures "
                     "and background", ha="center", va="center", color=style.MUTED)  # fmt: skip
    _scatter(axes[1], codes, shares, colours, size, labels, tested & (q < limit))
    present = [name for name in BAND_COLOURS if name in bands]
    handles = [
        Line2D([], [], marker="o", linestyle="", color=BAND_COLOURS[name], label=name)
        for name in present
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5, title=None)
    return figure


@style.house_style()
def course_figure(
    onset: tuple[Floats, Floats, Floats],
    seizure: tuple[Floats, Floats, Floats],
    codes: Sequence[int],
) -> Figure:
    """Draw shares of codes about the onset and within the seizure.

    Each is (position [T], share and its standard error [T, J + 1]): the last column, all ictal
    codes together, as a line; the J codes below.
    """
    figure = style.new_figure(2.3 + 0.22 * len(codes))
    axes = figure.subplots(
        2,
        2,
        sharex="col",
        sharey="row",
        width_ratios=[1.7, 1],
        height_ratios=[2, 0.22 * len(codes)],
    )
    top = 100 * max(float(np.nanmax(part[1][:, :-1])) for part in (onset, seizure))
    for column, (position, share, error) in enumerate((onset, seizure)):
        line, rows = axes[:, column]
        y, e = 100 * share[:, -1], 100 * np.nan_to_num(error[:, -1])
        line.fill_between(
            position, np.maximum(y - e, 0), y + e, color=style.TRUTH, alpha=0.16, lw=0
        )
        line.plot(position, y, color=style.TRUTH, linewidth=1.7)
        style.with_grid(line)
        step = position[1] - position[0]
        edges = np.append(position - step / 2, position[-1] + step / 2)
        mesh = rows.pcolormesh(
            edges, np.arange(len(codes) + 1), 100 * share[:, :-1].T, cmap=_HEAT, vmin=0, vmax=top
        )
        rows.set_ylim(len(codes), 0)
        rows.set_xlim(edges[0], edges[-1])
        rows.tick_params(length=0)
        rows.spines[:].set_visible(False)
    axes[0, 0].set_ylim(bottom=0)
    for ax in axes[:, 0]:
        ax.axvline(0, color=style.INK, linewidth=0.9, linestyle=style.DASHED)
    axes[0, 0].text(0.8, 0.97, "onset", transform=axes[0, 0].get_xaxis_transform(), va="top",
                    fontsize=8)  # fmt: skip
    axes[0, 0].set(ylabel="of all patches (%)", title="Ictal codes together, about the onset")
    axes[0, 1].set_title("… within the seizure")
    axes[1, 0].set_yticks(np.arange(len(codes)) + 0.5, [f"code {code}" for code in codes])
    axes[1, 0].set_xlabel("seconds from the onset")
    axes[1, 1].set_xlabel("part of the seizure: 0 onset, 1 end")
    figure.colorbar(mesh, ax=axes[1, :], label="%", aspect=8, pad=0.01)
    return figure


_HEAT = LinearSegmentedColormap.from_list("heat", ["#f7f4f4", "#eeb4ac", style.TRUTH, "#5c1626"])


def _waveform(ax: Axes, card: Card, patch_s: float) -> None:
    """The prototype above real patches, all at one gain, and a bar for the size."""
    time_s = np.linspace(0, patch_s, len(card.mean_uv), endpoint=False)
    real = card.nearest_uv[:_REAL]
    reach = float(np.quantile(np.abs(np.vstack([card.mean_uv, real])), 0.985)) or 1.0
    lane = 1.75 * reach
    for k, patch in enumerate(real, start=1):
        ax.plot(time_s, k * lane + patch, color=style.MUTED, linewidth=0.7)
    ax.plot(time_s, card.mean_uv, color=BAND_COLOURS[card.band], linewidth=1.7)
    ax.set_ylim((len(real) + 0.68) * lane, -0.62 * lane)  # negative up
    ax.set_xlim(0, patch_s)
    bar = max([s for s in _SCALES_UV if s <= lane], default=1)
    across = ax.get_yaxis_transform()
    ax.plot(
        [1.03, 1.03], [-bar / 2, bar / 2], color=style.INK, lw=1.3, transform=across, clip_on=False
    )
    ax.text(1.05, 0, f"{bar}\nµV", transform=across, va="center", fontsize=6.8, color=style.MUTED)
    ax.set_axis_off()


def _spectrum(ax: Axes, card: Card, freqs_hz: Floats, all_codes: Floats) -> None:
    """In decibels over 1 µV²/Hz up to 40 Hz, that of all codes together behind."""
    some = (freqs_hz > 0) & (freqs_hz <= _TOP_HZ)
    x = freqs_hz[some]
    for y, colour, width in (
        (all_codes, style.FAINT, 1.2),
        (card.spectrum, BAND_COLOURS[card.band], 1.5),
    ):
        ax.plot(x, 10 * np.log10(np.maximum(y[some], 1e-3)), color=colour, linewidth=width)
    ax.set_ylim(-20, 40)
    ax.set_xlim(0, _TOP_HZ)
    ax.set_xticks([0, 10, 20, 30, 40], ["", "10", "20", "30", "Hz"])
    ax.set_yticks([-20, 0, 20, 40], ["", "0", "", "40 dB"])
    ax.tick_params(length=0, labelsize=6.3, pad=1.5)
    ax.tick_params(axis="y", direction="in", pad=-16)
    ax.grid(True)


def _volcano(
    ax: Axes, codes: NDArray[np.integer[Any]], log_odds: Floats, q: Floats,
    colours: NDArray[np.str_], size: Floats, labelled: NDArray[np.bool_], limit: float,
) -> None:  # fmt: skip
    """Odds ratio on a logarithmic axis, against q, the surest on top."""
    some = np.isfinite(q)
    y = -np.log10(np.maximum(q, 1e-12))
    faint = np.where(q < limit, 0.9, 0.3)
    alpha: Any = faint[some]
    ax.scatter(log_odds[some], y[some], s=size[some], c=colours[some], alpha=alpha, lw=0)
    reach = max(float(np.abs(log_odds[some]).max()) * 1.15, np.log(2.2))
    ax.set_xlim(-reach, reach)
    ax.set_ylim(0, max(float(y[some].max()) * 1.1, -np.log10(limit) * 1.4))
    ax.axvline(0, color=style.FAINT, linewidth=1)
    ax.axhline(-np.log10(limit), color=style.MUTED, linewidth=1, linestyle=":")
    ax.text(
        -reach, -np.log10(limit), f" q = {limit:g}", va="bottom", fontsize=7.5, color=style.MUTED
    )
    powers = np.log([f for f in _FACTORS if abs(np.log(f)) <= reach])
    ax.xaxis.set_major_locator(FixedLocator(powers.tolist()))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: _factor(float(np.exp(v)))))
    ax.yaxis.set_major_locator(MultipleLocator(1 if y[some].max() < 7 else 2))
    ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{10.0**-v:.3g}"))
    ax.set(xlabel="odds ratio, seizure against background", ylabel="q (false discovery rate)")
    ax.set_title("Which codes belong to seizures")
    named = np.flatnonzero(labelled)
    points = [(float(log_odds[k]), float(y[k])) for k in named]
    label_apart(ax, points, [str(codes[k]) for k in named], _PANEL_IN)
    style.with_grid(ax)


_PANEL_IN = (4.1, 3.0)  # about as large as each of the two
_FACTORS = (1 / 256, 1 / 64, 1 / 16, 1 / 4, 1, 4, 16, 64, 256, 1024)


def _factor(value: float) -> str:
    return f"{value:,.0f}" if value > 0.9 else f"1/{1 / value:,.0f}"


def _scatter(
    ax: Axes, codes: NDArray[np.integer[Any]], shares: tuple[Floats, Floats],
    colours: NDArray[np.str_], size: Floats, labelled: NDArray[np.bool_], sure: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Share of background patches across, of seizure patches up; what is 0 lies on the edge."""
    positive = np.concatenate(shares)
    floor = float(positive[positive > 0].min()) / 2
    x, y = np.maximum(shares[1], floor), np.maximum(shares[0], floor)
    alpha: Any = np.where(sure, 0.9, 0.3)
    ax.scatter(x, y, s=size, c=colours, alpha=alpha, lw=0)
    ends = np.array([floor * 0.8, float(positive.max()) * 1.6])
    ax.plot(ends, ends, color=style.FAINT, linewidth=1)
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    percent = FuncFormatter(lambda v, _: f"{100 * v:g} %")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter(percent)
        axis.set_minor_locator(NullLocator())
    ax.set(xlabel="share of background patches", ylabel="share of seizure patches")
    ax.set_title("How much of either they are")
    named = np.flatnonzero(labelled)
    points = [(float(x[k]), float(y[k])) for k in named]
    label_apart(ax, points, [str(codes[k]) for k in named], _PANEL_IN)
    style.with_grid(ax)
