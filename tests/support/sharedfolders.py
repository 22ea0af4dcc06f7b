"""Make a folder once for all tests that read it, in whichever worker of pytest they run."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import eegssl
from eegssl.io.private.private_key import private_folder
from eegssl.io.private.pseudonyms import NAMES


def made_once(
    factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object], *recipe: object
) -> Path:
    """The folder that ``make`` fills; read only. Other recipes or sources are other folders.

    Whoever asks first makes it while others wait. Names of people and recordings that making it
    wrote down in the private folder are written into that of each worker.
    """
    root = factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    folder = root / "shared" / f"{name}-{digest_of(name, *recipe)}"
    names = folder.with_suffix(".names")
    folder.parent.mkdir(exist_ok=True)
    with locked(folder.with_suffix(".lock")):
        if not names.exists():
            shutil.rmtree(folder, ignore_errors=True)  # its maker failed
            folder.mkdir()
            make(folder)
            own = private_folder() / NAMES
            names.write_text(own.read_text() if own.exists() else "id\tname\n")
    learn(names)
    return folder


def digest_of(*recipe: object) -> str:
    """Sixteen letters that stand for a recipe and for the sources of the package."""
    digest = hashlib.sha256(repr(recipe).encode())
    root = Path(eegssl.__file__).parent
    for path in sorted(p for p in root.rglob("*") if p.suffix in (".py", ".toml", ".tsv")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file's lock; waits for whoever has it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def learn(names: Path) -> None:
    """Add the names that another worker wrote down to this one's."""
    own = private_folder() / NAMES
    known = own.read_text().splitlines() if own.exists() else ["id\tname"]
    new = [line for line in names.read_text().splitlines() if line not in known]
    if new:
        own.touch(mode=0o600)
        own.write_text("\n".join([*known, *new]) + "\n")
