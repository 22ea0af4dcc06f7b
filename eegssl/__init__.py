"""Train self-supervised EEG foundation models, from folders of EDF to scores."""

from typing import Any

__version__ = "0.1.0"

_IN_API = (
    *("embed", "load_encoder", "load_model", "load_tokenizer"),
    *("open_raw", "predict", "recording_ids"),
)


def __getattr__(name: str) -> Any:
    """What `eegssl.api` offers to notebooks, loaded when it is first asked for."""
    if name not in _IN_API:
        raise AttributeError(f"module 'eegssl' has no attribute {name!r}")
    from eegssl import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_IN_API])
