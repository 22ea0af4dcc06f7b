"""Record which settings code reads while it runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eegssl.config.settings import Settings

Reading = tuple[str, str]
"""Class of the settings, and the name of one of them."""
STORED = ("eegssl.config.", "eegssl.training.weights", "eegssl.artifacts.")
"""Where settings are resolved and stored, which is no reading."""


@contextmanager
def recorded() -> Iterator[set[Reading]]:
    """The settings that are read within the block: by name, or all of a part as a dictionary."""
    seen: set[Reading] = set()
    dump = Settings.model_dump

    def get(settings: Settings, name: str) -> Any:
        if name in type(settings).model_fields and _reads(sys._getframe(1)):
            seen.add((type(settings).__name__, name))
        return object.__getattribute__(settings, name)

    def dumped(settings: Settings, **options: Any) -> dict[str, Any]:
        if sys._getframe(1).f_globals["__name__"] == "eegssl.tasks.forecast.fit":
            seen.update((type(settings).__name__, name) for name in type(settings).model_fields)
        return dump(settings, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "__getattribute__", get, raising=False)
        patch.setattr(Settings, "model_dump", dumped)
        yield seen


def _reads(frame: Any) -> bool:
    """Whether code of eegssl reads here, neither storing settings nor checking them."""
    module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
    checks = module.endswith(".config") and function.startswith("_")
    return module.startswith("eegssl.") and not module.startswith(STORED) and not checks
