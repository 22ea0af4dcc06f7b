"""A markdown table of patient-level results: ``python bench/patient_table.py RUN/*/outcome``.

Each folder is one that ``eegssl finetune --task asm-efficacy`` (or ``rftc-outcome``) made; a row is
named after the folder above it.
"""

import json
import sys
from pathlib import Path

ORDER = ("clinical", "band power", "eeg", "before", "after", "difference", "combined")


def cell(one: dict) -> str:
    """AUROC, interval and p of an input."""
    interval = one["intervals"]["auroc"]["permutation"]
    said = f"{one['scores']['auroc']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"
    return f"{said}, p {one['p']:.3f}"


def table(folders: list[Path]) -> str:
    """One row a folder, one column an input."""
    found = {}
    for folder in folders:
        name = "/".join(folder.parts[-2:]).removesuffix("/outcome")
        found[name] = json.loads((folder / "metrics.json").read_text())["inputs"]
    inputs = [name for name in ORDER if any(name in one for one in found.values())]
    rows = [["cohort", *inputs], ["---"] * (len(inputs) + 1)]
    for name, one in found.items():
        rows.append([name, *(cell(one[i]) if i in one else "" for i in inputs)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


if __name__ == "__main__":
    print(table([Path(name) for name in sys.argv[1:]]))
