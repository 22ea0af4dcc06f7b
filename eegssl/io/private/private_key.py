"""Find, make and read the key of pseudonyms."""

import os
import secrets
import stat
from pathlib import Path

from eegssl.artifacts.atomic import PARTIAL
from eegssl.artifacts.locks.file_lock import exclusive
from eegssl.errors import ConfigError
from eegssl.regular_files import read_text

KEY = "key"
LOCK = "lock"
_SHORTEST = 16
_MOST_BYTES = 1 << 16


def private_folder() -> Path:
    """``$EEGSSL_PRIVATE``, or ``eegssl`` in the user's data folder (XDG).

    Raises ConfigError for an XDG_DATA_HOME that means another folder wherever a command is run.
    """
    if given := os.environ.get("EEGSSL_PRIVATE"):
        return Path(given)
    data = os.environ.get("XDG_DATA_HOME")
    if data and not Path(data).is_absolute():
        raise ConfigError(
            f"XDG_DATA_HOME is {data!r}, a relative path: each folder that a command is run in "
            "would get a private key of its own; give an absolute path, or unset it"
        )
    return (Path(data) if data else Path.home() / ".local" / "share") / "eegssl"


def make_key(folder: Path) -> list[str]:
    """Make the key where there is none, and adopt one that is there or appears meanwhile.

    Of several processes that begin at once one makes it, and all get the same. Folders that are
    missing get mode 700, the key 600. Returns warnings: of a key that others can read.
    """
    path = folder / KEY
    if not os.path.lexists(path):
        _make_folders(folder)
        with exclusive(folder / LOCK):
            _publish(secrets.token_hex(32), path)
    read_key(folder)
    mode = stat.S_IMODE(os.stat(path).st_mode)
    if not mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    return [f"others can read the private key (mode {mode:o}): run chmod 600 {path}"]


def _make_folders(folder: Path) -> None:
    """Make a folder and those above it, none of which others may enter."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=0o700, exist_ok=True)


def _publish(key: str, path: Path) -> None:
    """Write a key that is whole when it gets its name, unless that is taken by then."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(6)}{PARTIAL}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with os.fdopen(os.open(temporary, flags, 0o600), "w", encoding="utf-8") as stream:
        stream.write(key + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(temporary, path)
    except FileExistsError:
        pass
    except OSError:  # no hard links here: only the lock keeps others out
        if not os.path.lexists(path):
            temporary.replace(path)
    temporary.unlink(missing_ok=True)


def read_key(folder: Path) -> str | None:
    """The key in a folder, None where there is none. Raises ConfigError for what is no key."""
    path = folder / KEY
    try:
        key = read_text(path, _MOST_BYTES).strip()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        key = ""
    except OSError as error:
        raise ConfigError(f"the private key {path} can't be read: {error.strerror}") from None
    if len(key) < _SHORTEST:
        raise ConfigError(f"{path} is no key: {_SHORTEST} characters or more were expected")
    return key
