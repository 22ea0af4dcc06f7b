"""Where the tests find real recordings: $EEGSSL_DATA, or ../shared/data beside the checkout."""

import os
from pathlib import Path

import pytest


def real_data(*parts: str) -> Path:
    """The path of real data; skips the test, visibly, where it is absent."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    root = Path(os.environ.get("EEGSSL_DATA") or beside)
    path = root.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no real data: {'/'.join(parts)} not found under $EEGSSL_DATA")
    return path
