"""Make a wheel of the eegssl that runs.

So a container needs no release of it. The format is that of PEP 427. The same files give the same
bytes: entries are sorted and have the earliest date that a ZIP file can say.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from importlib.resources import files
from importlib.resources.abc import Traversable

from eegssl import __version__

WHEEL = f"eegssl-{__version__}-py3-none-any.whl"
_INFO = f"eegssl-{__version__}.dist-info"
_DATE = (1980, 1, 1, 0, 0, 0)
_TAGS = "Wheel-Version: 1.0\nGenerator: eegssl\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_COMMAND = "[console_scripts]\neegssl = eegssl.cli.commands:main\n"


def own_wheel() -> bytes:
    """The wheel, as bytes."""
    content = dict(_tree(files("eegssl"), "eegssl"))
    content |= {
        f"{_INFO}/METADATA": _metadata().encode(),
        f"{_INFO}/WHEEL": _TAGS.encode(),
        f"{_INFO}/entry_points.txt": _COMMAND.encode(),
    }
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in content.items())
    content[f"{_INFO}/RECORD"] = f"{record}{_INFO}/RECORD,,\n".encode()
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:  # stored: each zlib packs in its own way
        for name, data in content.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return stream.getvalue()


def _tree(folder: Traversable, name: str) -> Iterator[tuple[str, bytes]]:
    """Every file of the package by its path, sorted."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = f"{name}/{entry.name}"
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _tree(entry, path)
        elif entry.is_file() and not entry.name.endswith(".pyc"):
            yield path, entry.read_bytes()


def _digest(data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}"


def _metadata() -> str:
    """Name, version and requirements; nothing that a build may add of its machine."""
    try:
        needed = distribution("eegssl").requires or []
    except PackageNotFoundError:  # run from its source, without an installation
        needed = []
    lines = [f"Requires-Dist: {one}" for one in needed if "extra ==" not in one]
    head = ["Metadata-Version: 2.1", "Name: eegssl", f"Version: {__version__}"]
    return "\n".join([*head, "Requires-Python: >=3.11", *lines]) + "\n"
