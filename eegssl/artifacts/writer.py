"""Write an artifact, or resume one that was interrupted.

An unfinished folder holds ``eegssl-plan.json`` (its kind, settings and inputs), and every file in
it appears atomically; a run with the same plan continues from the files that are there. Files under
``work/`` (checkpoints) are scratch and are removed once the manifest is written.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.atomic import PARTIAL, atomic_path, canonical_json, hash_file
from eegssl.artifacts.locks.draft_lock import LOCK, Lock, require_unheld, take
from eegssl.artifacts.manifest import (
    MANIFEST,
    PLAN,
    SEEN,
    Artifact,
    FittedOn,
    Manifest,
    is_beside,
    plan_of,
)
from eegssl.artifacts.output_state import (
    CLEARING,
    NAMES,
    SHARDS,
    WORK,
    output_state,
    refuse_links,
)
from eegssl.artifacts.reading import load, write_sketches
from eegssl.artifacts.system_errors import system_errors
from eegssl.errors import ConfigError


@dataclass
class ArtifactWriter:
    """Writes one artifact into a folder; ``made`` is set if the folder held it already."""

    path: Path
    kind: str
    config: dict[str, Any]
    seed: int
    inputs: tuple[tuple[str, str], ...]
    made: Manifest | None = None
    resumed: bool = False
    lock: Lock | None = None
    """Keeps other processes out until the artifact is finished, or this object is gone."""

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def work(self) -> Path:
        """The scratch folder for checkpoints; finishing the artifact removes it."""
        folder = self.path / WORK
        folder.mkdir(exist_ok=True)
        return folder

    def plan(self) -> dict[str, Any]:
        """What decides the artifact's content; see `plan_of`."""
        return plan_of(self.kind, self.config, self.seed, self.inputs)

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A temporary path; the file appears under ``name`` if the block succeeds.

        A full disk is an OSError, whichever library writes.
        """
        with atomic_path(self.path / name) as temporary, system_errors(temporary):
            yield temporary

    def write(self, name: str, data: bytes | str) -> None:
        """Write one file atomically."""
        with self.writing(name) as path:
            path.write_bytes(data.encode() if isinstance(data, str) else data)

    def write_json(self, name: str, value: Any) -> None:
        """Write one JSON file atomically, keys sorted."""
        self.write(name, canonical_json(value, indent=1) + "\n")

    def finish(
        self,
        facts: dict[str, Any],
        fitted_on: FittedOn | None = None,
        bulk: Mapping[str, str] | None = None,
    ) -> Artifact:
        """Hash the files, write the manifest, remove the scratch folder.

        Files in folders named in ``bulk`` are listed by the table that belongs to the folder, not
        by the manifest, and those beside the artifact by none. Sketches of ``fitted_on`` go into a
        table of their own. Raises ArtifactError where a link lies in the folder.
        """
        skip, bulk = {PLAN, MANIFEST, LOCK}, dict(bulk or {})
        self._require_own()
        if fitted_on and fitted_on.sketches:
            with self.writing(SEEN) as path:
                write_sketches(path, fitted_on.sketches)
        files: dict[str, tuple[int, str]] = {}
        for path in sorted(self.path.rglob("*")):
            name = path.relative_to(self.path).as_posix()
            top = name.split("/")[0]
            ours = name not in skip and top not in {WORK, *bulk} and not name.endswith(PARTIAL)
            if ours and path.is_file() and not is_beside(name):
                files[name] = (path.stat().st_size, hash_file(path))
        manifest = Manifest(
            kind=self.kind,
            config=self.config,
            seed=self.seed,
            inputs=self.inputs,
            files=files,
            facts=json.loads(canonical_json(facts)),
            fitted_on=fitted_on or FittedOn(),
            bulk=bulk,
        )
        return self._complete(replace(manifest, id=manifest.digest()))

    def finish_copy(self, manifest: Manifest) -> Artifact:
        """Finish a copy of another artifact, whose files were checked, with the same manifest.

        Raises ArtifactError where a link lies in the folder.
        """
        self._require_own()
        return self._complete(manifest)

    def _require_own(self) -> None:
        refuse_links(self.path)
        _clear_partial(self.path)

    def _complete(self, manifest: Manifest) -> Artifact:
        self.write_json(MANIFEST, manifest.to_json())
        _clear_scratch(self.path)
        if self.lock:
            self.lock.release()
        return Artifact(self.path, manifest)


def begin(
    out: Path,
    kind: str,
    *,
    config: dict[str, Any],
    seed: int,
    inputs: Sequence[tuple[str, str]] = (),
    names: Sequence[str] = (),
    overwrite: bool = False,
    update: bool = False,
    wait: bool = False,
    say: Callable[[str], object] = lambda text: None,
) -> ArtifactWriter:
    """Start or resume an artifact at ``out``, or find that it is finished already.

    ``names`` are (patterns of) files that it may hold beside those that every stage knows: an
    unfinished folder with them can be replaced too.
    With ``update`` an artifact of the same kind and other settings loses its manifest and keeps
    its files: they are artifacts themselves, or are written again.

    While the writer lives no other process can begin there; with ``wait`` this waits for one that
    has, and tells so by ``say``.

    Raises ConfigError if ``out`` holds something else, or another process works there; nothing is
    overwritten unless ``overwrite`` is set and the folder is an eegssl artifact of the same kind.
    Raises ArtifactError where a link lies in what is to be gone on with.
    """
    config = json.loads(canonical_json(config))
    writer = ArtifactWriter(out, kind, config, seed, tuple((k, i) for k, i in inputs))
    plan = writer.plan()
    how = {"overwrite": overwrite, "update": update}
    state = output_state(out, kind, plan, **how)
    if state != "made":
        out.mkdir(parents=True, exist_ok=True)
        writer.lock = take(out, wait=wait, say=say)
        require_unheld(sorted((out / SHARDS).glob("*-of-*")), wait=wait, say=say)
        state = output_state(out, kind, plan, **how)  # by now another may have finished it
    if state == "made":
        _clear_partial(out)
        _clear_scratch(out)
        writer.made = load(out, kind).manifest
        _unlock(out, writer)
        return writer
    if state == "overwrite":
        _clear(out)
    refuse_links(out)
    writer.resumed = state == "resume"
    _clear_partial(out)
    writer.write_json(PLAN, plan | {NAMES: list(names)})
    (out / MANIFEST).unlink(missing_ok=True)
    return writer


def clear(
    out: Path, kind: str, *, wait: bool = False, say: Callable[[str], object] = lambda text: None
) -> Lock:
    """Lock a folder, and remove what it holds of an artifact of this kind, finished or not.

    Raises ConfigError where it holds something else, or another process works there.
    """
    lock = take(out, wait=wait, say=say)
    require_unheld(sorted((out / SHARDS).glob("*-of-*")), wait=wait, say=say)
    if output_state(out, kind, {}, overwrite=True) == "overwrite":
        _clear(out)
        (out / PLAN).unlink()
    return lock


def _clear(out: Path) -> None:
    """Empty the folder; if killed in between, the next run clears it again and resumes nothing."""
    with atomic_path(out / PLAN) as path:
        path.write_text(canonical_json(CLEARING), encoding="utf-8")
    (out / MANIFEST).unlink(missing_ok=True)
    for entry in sorted(out.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in (PLAN, LOCK):
            entry.unlink()


def _clear_partial(out: Path) -> None:
    for leftover in out.rglob(f"*{PARTIAL}"):
        leftover.unlink()


def _unlock(out: Path, writer: ArtifactWriter) -> None:
    """Drop the lock of a finished folder, and one that a killed process left there."""
    if writer.lock:
        writer.lock.release()
    elif (out / LOCK).exists():
        with suppress(ConfigError):
            take(out).release()


def _clear_scratch(path: Path) -> None:
    shutil.rmtree(path / WORK, ignore_errors=True)
    (path / PLAN).unlink(missing_ok=True)
