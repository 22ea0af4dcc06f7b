"""Artifacts in the making: begun, gone on with after a kill, finished, never mixed up.

While a folder is being made it holds ``eegssl-plan.json`` (what is being made, from what) and every
file in it appears atomically; a run with the same plan goes on from the files that are there.
Files under ``work/`` (checkpoints) are scratch and are removed once the manifest stands.
"""

import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from eegssl.artifacts import (
    MANIFEST,
    PLAN,
    Artifact,
    FittedOn,
    Manifest,
    load,
    plan_of,
    read_manifest,
)
from eegssl.errors import ArtifactError, ConfigError
from eegssl.files import PARTIAL, atomic_path, canonical_json, hash_file

WORK = "work"
_MODEL = ("json", "safetensors")
_CLEARING = {"clearing": True}
_FILES = (
    *(MANIFEST, PLAN, f"*{PARTIAL}"),
    *("recordings.parquet", "events.parquet", "splits.tsv", "subjects.tsv", "refused.tsv"),
    *("codes.parquet", "codebook.json", "metrics.jsonl", "examples.safetensors"),
    *(f"{name}.{end}" for name in ("tokenizer", "encoder", "head", "model") for end in _MODEL),
    *("task.json", "threshold.json", "labels.tsv"),
    *("predictions.parquet", "metrics.json", "report.html"),
    *("results.tsv", "results.json", "leaderboard.html"),
)
_MADE_BY_STAGES = (
    *_FILES,
    *("signals/r-????????????.safetensors", "codes/r-????????????.npy", f"{WORK}/*"),
    *(f"history/*/{name}" for name in _FILES),
    *(f"cells/*/seed*/{name}" for name in _FILES),
    *(f"cells/*/seed*/{WORK}/*", f"cells/*/seed*/*/{WORK}/*"),
)
"""All that stages write; with --overwrite nothing else is ever deleted."""


@dataclass
class Draft:
    """An artifact in the making; ``made`` is set when it stood already."""

    path: Path
    kind: str
    config: dict[str, Any]
    seed: int
    inputs: tuple[tuple[str, str], ...]
    made: Manifest | None = None
    resumed: bool = False

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    @property
    def work(self) -> Path:
        """The scratch folder for checkpoints; it is gone when the artifact is finished."""
        folder = self.path / WORK
        folder.mkdir(exist_ok=True)
        return folder

    @contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A temporary path; the file appears under ``name`` once the block ends well."""
        with atomic_path(self.path / name) as temporary:
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
        """Hash the files, write the manifest, clear the scratch.

        Folders named in ``bulk`` are left out of the manifest: the table named for each lists
        their files with size and hash.
        """
        skip, bulk = {PLAN, MANIFEST}, dict(bulk or {})
        files: dict[str, tuple[int, str]] = {}
        for path in sorted(self.path.rglob("*")):
            name = path.relative_to(self.path).as_posix()
            top = name.split("/")[0]
            if path.is_file() and name not in skip and top not in {WORK, *bulk}:
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
        manifest = replace(manifest, id=manifest.digest())
        self.write_json(MANIFEST, manifest.to_json())
        _clear_scratch(self.path)
        return Artifact(self.path, manifest)


def begin(
    out: Path,
    kind: str,
    *,
    config: dict[str, Any],
    seed: int,
    inputs: Sequence[tuple[str, str]] = (),
    overwrite: bool = False,
    update: bool = False,
) -> Draft:
    """Start, go on with, or recognise an artifact at ``out``.

    With ``update`` an artifact of the same kind and other settings loses its manifest and keeps
    its files: they are artifacts in their own right, or are written anew.

    Raises ConfigError when ``out`` holds something else; nothing is overwritten unless
    ``overwrite`` is set and the folder is an eegssl artifact of the same kind.
    """
    config = json.loads(canonical_json(config))
    draft = Draft(out, kind, config, seed, tuple((k, i) for k, i in inputs))
    state = survey(
        out, kind, plan_of(kind, config, seed, draft.inputs), overwrite=overwrite, update=update
    )
    if state == "made":
        _clear_partial(out)
        _clear_scratch(out)
        draft.made = load(out, kind).manifest
        return draft
    if state == "overwrite":
        _clear(out)
    draft.resumed = state == "resume"
    out.mkdir(parents=True, exist_ok=True)
    _clear_partial(out)
    draft.write_json(PLAN, plan_of(kind, config, seed, draft.inputs))
    (out / MANIFEST).unlink(missing_ok=True)
    return draft


def survey(
    out: Path, kind: str, plan: dict[str, Any], *, overwrite: bool, update: bool = False
) -> str:
    """What ``begin`` would do: ``new``, ``resume``, ``made``, ``update`` or ``overwrite``.

    Raises ConfigError where it would refuse.
    """
    if file := next((p for p in out.parents if p.exists() and not p.is_dir()), None):
        raise ConfigError(f"{out} lies below {file}, which is a file; choose another --out")
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return "new"
    if not out.is_dir():
        raise ConfigError(f"{out} is a file; --out names a folder")
    if (out / MANIFEST).exists():
        return _survey_finished(out, kind, plan, overwrite=overwrite, update=update)
    if not (out / PLAN).exists():
        if all(p.name.endswith(PARTIAL) for p in out.rglob("*")):
            return "resume"
        raise ConfigError(f"{out} holds something that eegssl did not make; choose another --out")
    begun = _read_object(out / PLAN)
    if begun == _CLEARING:
        return "overwrite"
    if begun == plan:
        return "resume"
    if begun.get("kind") != kind:
        raise ConfigError(f"{out} holds unfinished {begun.get('kind')}; choose another --out")
    if overwrite:
        _refuse_foreign_files(out)
        return "overwrite"
    if update:
        return "update"
    raise ConfigError(
        f"{out} holds unfinished {kind} made with other settings or inputs "
        f"({_difference(begun, plan)}); pass --overwrite to start anew, or choose another --out"
    )


def _survey_finished(
    out: Path, kind: str, plan: dict[str, Any], *, overwrite: bool, update: bool
) -> str:
    try:
        manifest = read_manifest(out)
    except ArtifactError:
        if overwrite and _claims_to_be(out / MANIFEST, kind):
            _refuse_foreign_files(out)
            return "overwrite"
        raise
    if manifest.kind != kind:
        raise ConfigError(f"{out} holds {manifest.kind}, not {kind}; choose another --out")
    if not overwrite and manifest.plan() == plan:
        load(out, kind)
        return "made"
    if overwrite:
        _refuse_foreign_files(out, manifest.files)
        return "overwrite"
    if update:
        return "update"
    raise ConfigError(
        f"{out} holds {kind} made with other settings or inputs "
        f"({_difference(manifest.plan(), plan)}); pass --overwrite to replace it, "
        "or choose another --out"
    )


def _refuse_foreign_files(out: Path, listed: Collection[str] = ()) -> None:
    """Raise ConfigError when the folder holds a file that no stage makes: it is the user's own."""
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        known = name in listed or any(fnmatch(name, pattern) for pattern in _MADE_BY_STAGES)
        if (path.is_file() or path.is_symlink()) and not known:
            raise ConfigError(f"{out} also holds {name}, which eegssl did not make; move it first")


def _claims_to_be(manifest: Path, kind: str) -> bool:
    """Whether a damaged manifest still says that eegssl made an artifact of this kind."""
    raw = _read_object(manifest)
    return "eegssl_version" in raw and raw.get("kind") == kind


def _read_object(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text())
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _clear(out: Path) -> None:
    """Empty the folder so that a kill in between is never taken for a run to go on with."""
    with atomic_path(out / PLAN) as path:
        path.write_text(canonical_json(_CLEARING))
    (out / MANIFEST).unlink(missing_ok=True)
    for entry in sorted(out.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != PLAN:
            entry.unlink()


def _clear_partial(out: Path) -> None:
    for leftover in out.rglob(f"*{PARTIAL}"):
        leftover.unlink()


def _clear_scratch(path: Path) -> None:
    shutil.rmtree(path / WORK, ignore_errors=True)
    (path / PLAN).unlink(missing_ok=True)


def _difference(old: dict[str, Any], new: dict[str, Any]) -> str:
    """The first settings that differ, for a message: ``training.steps 100 -> 200``."""
    before, after = _flatten(old), _flatten(new)
    keys = [k for k in sorted({*before, *after}) if before.get(k) != after.get(k)]
    if not keys:
        return "no setting differs"
    shown = [
        key if key.startswith("inputs") else f"{key} {before.get(key)} -> {after.get(key)}"
        for key in keys[:3]
    ]
    return ", ".join(shown).replace("config.", "") + (" …" if len(keys) > 3 else "")


def _flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = [_flatten(v, f"{prefix}{k}.") for k, v in value.items()]
        return {k: v for part in parts for k, v in part.items()}
    return {prefix.rstrip("."): value}
