"""Draw masked patches with their predictions, and the use of codes."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from eegssl.reports import style

_MOST_PATCHES = 6


@style.house_style()
def masked_reconstruction(
    true_spectrum: NDArray[np.floating],
    tokenizer_spectrum: NDArray[np.floating],
    predicted_spectrum: NDArray[np.floating],
    freqs_hz: NDArray[np.floating],
    shown: Sequence[tuple[int, int]],
    mask: NDArray[np.bool_],
    channel_names: Sequence[str],
) -> Figure:
    """Draw log-amplitude spectra of hidden patches, and the map of what was hidden.

    Spectra are [n, F]: the patch itself, decoded from its true code (the best that the tokenizer
    allows), and decoded from the code that the encoder predicted without seeing the patch.
    ``shown`` gives the (channel, patch) of each; ``mask`` [C, N] is True where hidden. The first
    six patches are drawn. Raises ValueError for arrays that do not fit.
    """
    spectra = [np.asarray(s) for s in (true_spectrum, tokenizer_spectrum, predicted_spectrum)]
    if any(s.shape != (len(shown), len(freqs_hz)) for s in spectra) or not len(shown):
        raise ValueError(
            f"got spectra {[s.shape for s in spectra]}; expected {(len(shown), len(freqs_hz))}."
        )
    if mask.ndim != 2 or mask.shape[0] != len(channel_names):
        raise ValueError(f"got a mask {mask.shape} for {len(channel_names)} channels.")
    shown = shown[:_MOST_PATCHES]
    lines = -(-len(shown) // 3)
    map_in = min(0.15 * len(channel_names), 4.5) + 0.8
    figure = style.new_figure(2.2 * lines + map_in)
    halves = figure.subfigures(2, 1, squeeze=False, height_ratios=[2.2 * lines, map_in])
    above, below = halves[:, 0]
    axes = above.subplots(lines, 3, squeeze=False, sharex=True, sharey=True)
    labels = ("patch itself", "from its true code", "from the predicted code")
    colours = (style.FAINT, style.SECOND, style.MODEL)
    for i, (ax, (channel, patch)) in enumerate(zip(axes.ravel(), shown, strict=False)):
        for spectrum, label, colour in zip(spectra, labels, colours, strict=True):
            ax.plot(freqs_hz, spectrum[i], color=colour, label=label, linewidth=1.4)
        ax.set_title(f"{i + 1}  {style.plain(channel_names[channel], 14)}, patch {patch + 1}")
        style.with_grid(ax)
    for ax in axes.ravel()[len(shown) :]:
        ax.set_axis_off()
    for ax in axes[-1]:
        ax.set_xlabel("frequency (Hz)")
    for ax in axes[:, 0]:
        ax.set_ylabel("log amplitude")
    above.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    _draw_mask(below.subplots(), mask, shown, channel_names)
    return figure


@style.house_style()
def codebook_usage(counts: NDArray[np.integer]) -> Figure:
    """Draw the use of each of K codes, most used first, on logarithmic axes.

    The perplexity is exp(entropy): as many codes used equally often would carry as much.
    Raises ValueError if no code was used.
    """
    used = np.sort(np.asarray(counts)[np.asarray(counts) > 0])[::-1]
    if used.size == 0:
        raise ValueError("got a codebook of which no code was used.")
    perplexity = codebook_perplexity(counts)
    figure = style.new_figure(3.0)
    ax = figure.subplots()
    ranks = np.arange(1, used.size + 1)
    ax.fill_between(ranks, used, 0.8, step="mid", color=style.MODEL, alpha=0.18, linewidth=0)
    ax.step(ranks, used, where="mid", color=style.MODEL)
    ax.axhline(used.sum() / len(counts), color=style.MUTED, linewidth=1, linestyle=":")
    ax.axvline(perplexity, color=style.SECOND, linewidth=1.4)
    ax.set_yscale("log")
    ax.set_xlim(0.5, len(counts) + 0.5)
    ax.set_ylim(0.8, used[0] * 2)
    ax.yaxis.set_major_formatter(FuncFormatter(style.plain_power_of_ten))
    ax.yaxis.set_minor_formatter(FuncFormatter(lambda *_: ""))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set(xlabel="codes, most used first", ylabel="patches")
    ax.set_title(
        f"{used.size:,} of {len(counts):,} codes used, perplexity {perplexity:,.0f} (vertical "
        "line); dotted: all codes used alike"
    )
    style.with_grid(ax, "y")
    return figure


def codebook_perplexity(counts: NDArray[np.integer]) -> float:
    """exp(entropy) of the code usage [K], between 1 and K."""
    share = np.asarray(counts, dtype=np.float64)
    share = share[share > 0] / share.sum()
    return float(np.exp(-np.sum(share * np.log(share))))


def _draw_mask(
    ax: Axes,
    mask: NDArray[np.bool_],
    shown: Sequence[tuple[int, int]],
    channel_names: Sequence[str],
) -> None:
    """Channel by patch: hidden patches filled, the ones drawn above numbered."""
    tints = ListedColormap(["#f1f4f7", "#9fc3e2"])
    ax.pcolormesh(mask.astype(int), cmap=tints, vmin=0, vmax=1, edgecolor="white", linewidth=0.6)
    for number, (channel, patch) in enumerate(shown, start=1):
        ax.text(
            patch + 0.5,
            channel + 0.5,
            str(number),
            ha="center",
            va="center",
            fontsize=7,
            color=style.INK,
        )
    ax.set_ylim(mask.shape[0], 0)
    step = -(-len(channel_names) // 32)
    rows = range(0, len(channel_names), step)
    ax.set_yticks([i + 0.5 for i in rows], [style.plain(channel_names[i], 14) for i in rows])
    ax.tick_params(length=0, labelsize=7)
    columns = range(0, mask.shape[1], -(-mask.shape[1] // 20))
    ax.set_xticks([i + 0.5 for i in columns], [str(i + 1) for i in columns])
    ax.set_xlabel("patch of the window")
    ax.set_title(f"Hidden from the encoder: {mask.mean():.0%} of the patches (blue)")
    ax.spines[["left", "bottom"]].set_visible(False)
