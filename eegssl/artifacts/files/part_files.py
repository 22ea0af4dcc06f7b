"""Find and check single files of an artifact."""

import os
import stat
from pathlib import Path

from eegssl.artifacts.atomic import hash_file
from eegssl.errors import ArtifactError


def inside(folder: Path, name: str) -> Path:
    """The path of a part of an artifact; ``name`` is one that a manifest may hold.

    Raises ArtifactError where a link lies on the way: it may lead anywhere. The folder itself may
    be one, as where it lies on another disk.
    """
    path = folder
    for part in name.split("/"):
        path /= part
        if path.is_symlink():
            raise _a_link(path)
    return path


def check_file(path: Path | str, size: int, digest: str | None) -> None:
    """Raise ArtifactError unless it is a file of this size (and SHA-256, if given), no link."""
    try:
        status = os.lstat(path)
    except OSError:
        status = None
    if status and stat.S_ISLNK(status.st_mode):
        raise _a_link(path)
    if status is None or not stat.S_ISREG(status.st_mode):
        raise ArtifactError(f"{path} is missing; the manifest of its folder lists it")
    if status.st_size != size:
        raise ArtifactError(f"{path} is damaged: {status.st_size} bytes, the manifest says {size}")
    if digest is not None:
        require_digest(path, hash_file(Path(path)), digest)


def require_digest(path: Path | str, now: str, expected: str) -> None:
    """Raise ArtifactError where the SHA-256 of a file, or of a part of it, is another."""
    if now != expected:
        raise ArtifactError(
            f"{path} is damaged: SHA-256 {now[:12]}…, the manifest says {expected[:12]}…"
        )


def _a_link(path: Path | str) -> ArtifactError:
    return ArtifactError(
        f"{path} is a link: eegssl makes none in an artifact, and follows none; put the file "
        "itself there"
    )
