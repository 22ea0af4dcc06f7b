"""Read and compare the scores that the study has left on the disk."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

Table = dict[str, dict[int, dict[str, float]]]
"""System -> labelled subjects (0: all) -> subject -> AUROC, mean over its seeds."""
SPLITS = ("test", "val")
"""Splits whose subjects are scored."""


def scores_folder(data: str) -> str:
    """The folder of scores beside the encoders of a seed."""
    return "scores-which" if data == "ssvep_which" else "scores"


def read_scores(data: str, out: Path, seeds: Sequence[int], split: str = "test") -> Table:
    """The scores of a split by systems that all of ``seeds`` have; empty where there are none."""
    values: dict[str, dict[int, dict[str, list[float]]]] = {}
    folders = [out / f"seed{seed}" / scores_folder(data) for seed in seeds]
    names = [{path.name for path in folder.glob("*.json")} for folder in folders]
    for name in sorted(set.intersection(*names)):
        system = values.setdefault(name.removesuffix(".json").replace("-", " "), {})
        for folder in folders:
            for row in json.loads((folder / name).read_text()):
                if row["split"] != split:
                    continue
                cell = system.setdefault(row["labelled"], {})
                cell.setdefault(row["subject"], []).append(row["auroc"])
    return {
        system: {
            n: {subject: float(np.mean(v)) for subject, v in cell.items()}
            for n, cell in cells.items()
        }
        for system, cells in values.items()
    }


def as_table(table: Table, reference: str) -> str:
    """Markdown: means over subjects, and ``reference`` less each system with its interval."""
    counts = sorted({n for cells in table.values() for n in cells}, key=lambda n: n or 99)
    lines = ["| system | " + " | ".join(f"{n or 'all'} labelled" for n in counts) + " |"]
    lines.append("|---" * (1 + len(counts)) + "|")
    for system in sorted(table, key=lambda s: -mean(table, s, counts[-1])):
        cells = [cell(table, reference, system, n) for n in counts]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def mean(table: Table, system: str, n: int) -> float:
    """Mean AUROC over subjects, with labels of ``n``."""
    return float(np.mean(list(table[system][n].values())))


def difference(table: Table, one: str, other: str, n: int) -> tuple[float, float, float]:
    """One system less another: mean over subjects, and a bootstrap's 95 % interval over them."""
    shared = sorted(set(table[one][n]) & set(table[other][n]))
    apart = np.array([table[one][n][subject] - table[other][n][subject] for subject in shared])
    rng = np.random.default_rng(0)
    means = apart[rng.integers(0, len(apart), (10_000, len(apart)))].mean(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(apart.mean()), float(low), float(high)


def cell(table: Table, reference: str, system: str, n: int) -> str:
    """A mean, and in brackets the reference less this system; empty where it was not run."""
    if n not in table.get(system, {}):
        return ""
    shown = f"{mean(table, system, n):.3f}"
    if system == reference or n not in table.get(reference, {}):
        return shown
    apart, low, high = difference(table, reference, system, n)
    return f"{shown} ({apart:+.3f}; {low:+.3f} to {high:+.3f})"
