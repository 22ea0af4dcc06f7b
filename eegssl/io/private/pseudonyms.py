"""Keep names of people and files in a key and a table.

Artifacts, logs and ``--json`` carry keyed hashes (HMAC-SHA-256) of subjects and recordings. The
key is made once for a user and kept outside every output, with a table from each id to its name.
With the same key the same subject gets the same id in every corpus.
"""

import hashlib
import hmac
import secrets
from pathlib import Path

from eegssl.artifacts.atomic import atomic_path
from eegssl.artifacts.locks.file_lock import exclusive
from eegssl.errors import ConfigError
from eegssl.io.private.private_key import LOCK, private_folder, read_key
from eegssl.regular_files import read_text

NAMES = "names.tsv"
MOST_NAMES_BYTES = 4 << 30
"""Some twenty million names (ours)."""


class Pseudonyms:
    """Hashed ids for subjects and recordings, and the private table back to their names."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or private_folder()
        self._key = read_key(self.folder) or secrets.token_hex(32)
        self._names = _read_names(self.folder / NAMES)

    def subject(self, name: str) -> str:
        """The id of a subject: ``s-`` and 12 hexadecimal digits."""
        return self._id("s", "subject", name)

    def recording(self, name: str) -> str:
        """The id of a recording (named by its path below the EDF folder): ``r-`` and 12 digits."""
        return self._id("r", "recording", name)

    def file(self, name: str) -> str:
        """The id of a file that is no recording (named likewise): ``f-`` and 12 digits."""
        return self._id("f", "file", name)

    def digest(self, text: str) -> str:
        """A keyed hash of any text, 64 hexadecimal digits, which no table leads back from."""
        data = f"digest\0{text}".encode("utf-8", "surrogateescape")
        return hmac.new(self._key.encode(), data, hashlib.sha256).hexdigest()

    def name(self, id_: str) -> str:
        """The name behind an id, or the id itself when this table doesn't know it."""
        return self._names.get(id_, id_)

    def save(self) -> list[str]:
        """Write the table with these names and those that other runs have added; mode 600.

        The key has to be there (`make_key`). Returns warnings: of a file system without locks.
        Raises ConfigError where the key is another one by now.
        """
        if read_key(self.folder) != self._key:
            raise ConfigError(
                f"the private key in {self.folder} is another one than when this began: run the "
                "same command again"
            )
        with exclusive(self.folder / LOCK) as locked:
            self._names = {**_read_names(self.folder / NAMES), **self._names}
            rows = [f"{id_}\t{_escape(name)}\n" for id_, name in sorted(self._names.items())]
            with atomic_path(self.folder / NAMES, 0o600) as path:
                path.write_text("id\tname\n" + "".join(rows), encoding="utf-8")
        if locked:
            return []
        return [
            f"the file system of {self.folder} has no locks: of commands that save names at the "
            "same moment one may lose its own; run one at a time, or set EEGSSL_PRIVATE to a "
            "folder on another disk"
        ]

    def _id(self, prefix: str, kind: str, name: str) -> str:
        text = f"{kind}\0{name}".encode("utf-8", "surrogateescape")
        id_ = f"{prefix}-{hmac.new(self._key.encode(), text, hashlib.sha256).hexdigest()[:12]}"
        known = self._names.setdefault(id_, name)
        if known != name:
            raise ConfigError(f"two names share the id {id_}; remake the key in {self.folder}")
        return id_


def require_outside(folder: Path, out: Path) -> None:
    """Raise ConfigError when the key would lie inside the output, which people share."""
    if folder.resolve().is_relative_to(out.resolve()):
        raise ConfigError(f"the private key in {folder} must lie outside the output {out}")


def _read_names(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    rows = (line.split("\t", 1) for line in read_text(path, MOST_NAMES_BYTES).splitlines()[1:])
    return {row[0]: _unescape(row[1]) for row in rows if len(row) == 2}


def _escape(name: str) -> str:
    return name.encode("unicode_escape").decode("ascii")


def _unescape(text: str) -> str:
    return text.encode("ascii").decode("unicode_escape")
