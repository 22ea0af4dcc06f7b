"""Read what a BIDS folder states about itself."""

import json
from pathlib import Path

SYNTHETIC = "eegssl synth"
"""``GeneratedBy`` of the corpora that eegssl makes; results on them are marked synthetic."""


def is_synthetic(root: Path) -> bool:
    """Whether ``dataset_description.json`` at the root says that eegssl made the data."""
    try:
        description = json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))
        return any(entry["Name"] == SYNTHETIC for entry in description["GeneratedBy"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
