"""Ways to damage a file that an interrupted run left, and to interrupt one."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Damage = Callable[[Path], object]


def grow(path: Path) -> None:
    with path.open("ab") as stream:
        stream.write(b"\0")


DAMAGES: dict[str, Damage] = {
    "cut": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "grown": grow,
    "gone": lambda path: path.unlink(),
    "pipe": lambda path: (path.unlink(), os.mkfifo(path)),
}


def stop(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> None:
    """Have a stage interrupted where it would call a function."""

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, name, interrupted)
