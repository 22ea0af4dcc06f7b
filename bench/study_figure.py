"""Draw AUROC by labelled subjects, from what the study has left in its folders.

python bench/study_figure.py FIGURE DATA=OUT ...
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure
from study import FRESH
from study_scores import Table, mean, read_scores

from eegssl.reports.style import INK, MODEL, MUTED, SECOND, house_style, new_figure, with_grid

COLOURS = {
    "reference": MODEL,
    "untrained": SECOND,
    "band power by region": INK,
    "band power by channel": MUTED,
}


@house_style()
def draw(tables: dict[str, Table]) -> Figure:
    """A panel for each corpus, a line for each system."""
    figure = new_figure(3.6, 9.0)
    panels = figure.subplots(1, len(tables), squeeze=False)[0]
    for ax, (name, table) in zip(panels, tables.items(), strict=True):
        for system, colour in COLOURS.items():
            if system in table:
                counts = sorted(table[system], key=lambda n: n or 99)
                means = [mean(table, system, n) for n in counts]
                label = "pretrained" if system == "reference" else system
                ax.plot(range(len(counts)), means, "-o", color=colour, label=label, ms=5)
                ax.set_xticks(range(len(counts)), [str(n or "all") for n in counts])
        ax.set_title(name)
        ax.set_xlabel("labelled subjects")
        with_grid(ax)
    panels[0].set_ylabel("AUROC within test subjects")
    longest = max(panels, key=lambda ax: len(ax.get_lines()))
    figure.legend(*longest.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def main() -> None:
    named = dict(word.split("=", 1) for word in sys.argv[2:])
    tables = {name: read_scores(name, Path(out), FRESH) for name, out in named.items()}
    draw(tables).savefig(sys.argv[1], dpi=150)


if __name__ == "__main__":
    main()
