"""Print the tables of docs/study.md from what the study has left in its folders.

    python bench/study_tables.py DATA=OUT …

Fresh seeds have a table for each corpus, screening one for all: AUROC with all labels, and in
brackets the reference less this system.
"""

import re
import sys
from pathlib import Path

from study import FRESH, SCREENING
from study_scores import Table, as_table, cell, mean, read_scores

REFERENCE, ALL = "reference", 0


def screening(tables: dict[str, Table]) -> str:
    """A row for each system, a column for each corpus; best mean difference first."""
    names = sorted({name for table in tables.values() for name in table})
    lines = ["| system | " + " | ".join(f"`{data}`" for data in tables) + " |"]
    lines.append("|---" * (1 + len(tables)) + "|")
    for name in sorted(names, key=lambda name: _behind(tables, name)):
        cells = [cell(table, REFERENCE, name, ALL) for table in tables.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _behind(tables: dict[str, Table], name: str) -> float:
    """The reference less a system, mean over the corpora that have both."""
    apart = [
        mean(table, REFERENCE, ALL) - mean(table, name, ALL)
        for table in tables.values()
        if name in table and REFERENCE in table
    ]
    return sum(apart) / len(apart) if apart else 9.0


def main() -> None:
    """Print all tables."""
    folders = {data: Path(out) for data, out in (word.split("=", 1) for word in sys.argv[1:])}
    parts = []
    for data, out in folders.items():
        if table := read_scores(data, out, FRESH):
            parts.append(f"`{data}`, fresh seeds:\n\n{as_table(table, REFERENCE)}")
    screened = {data: read_scores(data, out, SCREENING) for data, out in folders.items()}
    parts.append(screening({data: table for data, table in screened.items() if table}))
    print(re.sub(r"\b0\.(\d{3})", r".\1", "\n\n".join(parts)))


if __name__ == "__main__":
    main()
