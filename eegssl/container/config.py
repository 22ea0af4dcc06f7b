"""Configure a container."""

from pydantic import Field

from eegssl.config.settings import Settings


class ContainerConfig(Settings):
    """From a model to the folder that a container is built of."""

    image: str = Field("python:3.12-slim", pattern=r"^[a-z0-9][\w./:@-]*$")
    """Image to build on: Debian with Python 3.11 or 3.12, or your own registry's copy of it."""
    eeg_s: int = Field(120, ge=60, le=3600)
    """Seconds of synthetic EEG for the self-test; a model with long windows needs more."""
