"""Require packages that MNE-Python needs for some formats only."""

from importlib.util import find_spec

from eegssl.errors import RecordingRefused


def require_package(name: str, of_what: str) -> None:
    """Raise RecordingRefused ``package`` with the command to install a package that is absent."""
    if find_spec(name) is None:
        reason = f"{of_what} needs the package {name}: pip install 'eegssl[formats]'"
        raise RecordingRefused("package", reason)
