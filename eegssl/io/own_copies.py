"""Know folders with annotated copies of recordings that `predict` wrote."""

import json
from pathlib import Path

from eegssl.artifacts.manifest import MANIFEST, PLAN
from eegssl.regular_files import read_text

COPIES = "detections"
"""The folder of predictions that holds them."""
_KIND = "predictions"


def holds_predictions(folder: Path) -> bool:
    """Whether a folder is one of predictions, finished or begun; False where none can be read."""
    return any(_kind(folder / name) == _KIND for name in (MANIFEST, PLAN))


def _kind(path: Path) -> object:
    try:
        content = json.loads(read_text(path))
    except (OSError, ValueError, RecursionError):
        return None
    return content.get("kind") if isinstance(content, dict) else None
