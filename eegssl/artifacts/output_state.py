"""Decide whether a run may create, resume or replace an output folder.

Nothing that eegssl did not make is deleted, and nothing is replaced without ``--overwrite``.
"""

import os
from collections.abc import Collection, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eegssl.artifacts.atomic import PARTIAL
from eegssl.artifacts.json_parts import read_json
from eegssl.artifacts.locks.draft_lock import LOCK
from eegssl.artifacts.manifest import (
    EARLIER,
    INVENTORY,
    MANIFEST,
    PLAN,
    PROGRESS,
    SOURCE_ROWS,
    SPEED,
    TRACKERS,
    Manifest,
)
from eegssl.artifacts.reading import load, read_manifest
from eegssl.errors import ArtifactError, ConfigError

WORK = "work"
SHARDS = f"{WORK}/shards"
"""Locks and marks of parts that several processes make."""
_MODEL = ("json", "safetensors")
CLEARING = {"clearing": True}
"""Replaces the plan while an older artifact is being removed."""
PLAN_FILES = ("fingerprint.json", "plan.toml", "channels.tsv", INVENTORY)
"""Files of ``preprocess --plan``: the recordings may be made in their folder next."""
_FILES = (
    *(MANIFEST, PLAN, LOCK, f"*{PARTIAL}"),
    *("recordings.parquet", "events.parquet", "splits.tsv", "subjects.tsv", "refused.tsv"),
    *("annotations.parquet", "duplicates.tsv", "seen.parquet", *PLAN_FILES, SOURCE_ROWS),
    *("codes.parquet", "codebook.json", "examples.safetensors"),
    *("metrics.jsonl", SPEED, PROGRESS),
    *("atlas.parquet", "atlas_timecourse.parquet", "atlas.html"),
    *(f"{name}.{end}" for name in ("tokenizer", "encoder") for end in _MODEL),
    *("results.tsv", "results.json", "comparisons.tsv", "leaderboard.html"),
)
_MADE_BY_STAGES = (
    *_FILES,
    *("signals/r-????????????.safetensors", "codes/r-????????????.npy", f"{WORK}/*"),
    *("signals/r-????????????-*.safetensors", "codes/r-????????????-*.npy"),
    *("signals/packs.parquet", "signals/?????.pack"),
    *("entropies/r-????????????.npy", "entropies/r-????????????-*.npy"),
    *("look/index.html", "look/r-????????????*.html", "clips/r-????????????.npz"),
    f"{EARLIER}/*.parquet",
    *(f"history/*/{name}" for name in _FILES),
    *(f"cells/*/seed*/{name}" for name in _FILES),
    *(f"folds/fold*/*/{name}" for name in _FILES),
    f"folds/fold*/*/{WORK}/*",
    *(f"{TRACKERS}/*", f"cells/*/seed*/{TRACKERS}/*", f"folds/fold*/*/{TRACKERS}/*"),
    *(f"cells/*/seed*/{WORK}/*", f"cells/*/seed*/*/{WORK}/*"),
)
"""Files that stages write whatever the task; a folder's own manifest or plan names others. With
--overwrite nothing else is ever deleted."""
NAMES = "names"
"""Key of a plan: the names, or patterns, of further files that its artifact is to hold."""


def output_state(
    out: Path, kind: str, plan: dict[str, Any], *, overwrite: bool, update: bool = False
) -> str:
    """Decide what ``begin`` does: ``new``, ``resume``, ``made``, ``update`` or ``overwrite``.

    Raises ConfigError where it would refuse.
    """
    _require_folder(out)
    if not out.exists() or not any(_entries(out)):
        return "new"
    if (out / MANIFEST).exists():
        return _state_of_finished(out, kind, plan, overwrite=overwrite, update=update)
    if not (out / PLAN).exists():
        if all(p.name in PLAN_FILES for p in _entries(out)):
            return "new"
        if all(p.name.endswith((PARTIAL, LOCK)) for p in out.rglob("*")):
            return "resume"
        raise ConfigError(f"{out} holds something that eegssl did not make; choose another --out")
    begun = _read_object(out / PLAN)
    begun.pop(NAMES, None)
    if begun == CLEARING:
        return "overwrite"
    if begun == plan:
        return "resume"
    _require_kind(out, kind, begun)
    if overwrite:
        _refuse_foreign_files(out)
        return "overwrite"
    if update:
        return "update"
    raise ConfigError(
        f"{out} holds unfinished {kind} made with other settings or inputs "
        f"({_difference(begun, plan)}); pass --overwrite to start anew, or choose another --out"
    )


def require_place(
    out: Path, kind: str, *, overwrite: bool, config: dict[str, Any] | None = None
) -> None:
    """Raise ConfigError where no artifact of a kind can be made, whatever its inputs.

    For stages that read much before they know their inputs; `output_state` decides later. With
    ``config``, its settings where they are known by then, also where others made what is there.
    """
    _require_folder(out)
    _require_writable(out)
    if (out / MANIFEST).exists():
        manifest = _finished_manifest(out, kind, overwrite=overwrite)
        if manifest and not overwrite and config not in (None, manifest.config):
            raise _made_otherwise(out, kind, {"config": manifest.config}, {"config": config})
    elif not (out / PLAN).exists():
        output_state(out, kind, {}, overwrite=overwrite)
    elif (begun := _read_object(out / PLAN)) != CLEARING:
        _require_kind(out, kind, begun)


def require_same_plan(out: Path, plan: dict[str, Any]) -> None:
    """Raise ConfigError where a part of an unfinished folder was begun by another plan."""
    if not (out / PLAN).exists() or (out / MANIFEST).exists():
        return
    begun = _read_object(out / PLAN)
    begun.pop(NAMES, None)
    if begun != plan:
        raise ConfigError(
            f"{out} was begun by another plan ({_difference(begun, plan)}): give every part "
            "the same settings, seed and inputs, or begin anew (--overwrite with the first part "
            "or without any, which drops what was made by the old one)"
        )


def require_room(out: Path, names: Collection[str]) -> None:
    """Raise ConfigError unless ``out`` is new, empty, or holds nothing but files so named."""
    if not out.exists() or (out.is_dir() and all(p.name in names for p in _entries(out))):
        return
    if (out / PLAN).exists() or (out / MANIFEST).exists():
        raise ConfigError(
            f"{out} holds what was made by an earlier plan; pass --overwrite to drop that and plan "
            "anew, or choose another --out"
        )
    raise ConfigError(f"{out} holds something else already; choose another --out")


def refuse_links(out: Path) -> None:
    """Raise ArtifactError where a link lies in an unfinished folder: no file is written through it.

    The folder itself may be one, as where it lies on another disk; within ``trackers/`` eegssl
    writes nothing itself.
    """
    for folder, folders, names in os.walk(out):
        if TRACKERS in folders and Path(folder) == out and not Path(folder, TRACKERS).is_symlink():
            folders.remove(TRACKERS)
        for path in (Path(folder, name) for name in (*folders, *names)):
            if path.is_symlink():
                raise ArtifactError(
                    f"{out} holds a link, {path.relative_to(out)}: eegssl makes none in a folder "
                    "that it writes, and follows none; remove it and run the same command again"
                )


def _entries(out: Path) -> Iterator[Path]:
    """What lies in a folder, apart from the lock of whoever works there."""
    return (path for path in out.iterdir() if path.name != LOCK)


def _require_folder(out: Path) -> None:
    if file := next((p for p in out.parents if p.exists() and not p.is_dir()), None):
        raise ConfigError(f"{out} lies below {file}, which is a file; choose another --out")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{out} is a file; --out names a folder")


def _require_writable(out: Path) -> None:
    """Raise ConfigError where the system lets nobody of this user write into a folder."""
    above = next((path for path in (out, *out.absolute().parents) if path.exists()), out)
    if not os.access(above, os.W_OK | os.X_OK):
        raise ConfigError(f"{above} can't be written by this user; choose another --out")


def _require_kind(out: Path, kind: str, begun: dict[str, Any]) -> None:
    if begun.get("kind") != kind:
        raise ConfigError(f"{out} holds unfinished {begun.get('kind')}; choose another --out")


def _finished_manifest(out: Path, kind: str, *, overwrite: bool) -> Manifest | None:
    """The manifest of what stands there; None for a damaged one that is to be replaced."""
    try:
        manifest = read_manifest(out)
    except ArtifactError:
        if overwrite and _claims_to_be(out / MANIFEST, kind):
            return None
        raise
    if manifest.kind != kind:
        raise ConfigError(f"{out} holds {manifest.kind}, not {kind}; choose another --out")
    return manifest


def _state_of_finished(
    out: Path, kind: str, plan: dict[str, Any], *, overwrite: bool, update: bool
) -> str:
    manifest = _finished_manifest(out, kind, overwrite=overwrite)
    if manifest is None:
        _refuse_foreign_files(out)
        return "overwrite"
    if not overwrite and manifest.plan() == plan:
        load(out, kind)
        return "made"
    if overwrite:
        _refuse_foreign_files(out)
        return "overwrite"
    if update:
        return "update"
    raise _made_otherwise(out, kind, manifest.plan(), plan)


def _made_otherwise(out: Path, kind: str, old: dict[str, Any], new: dict[str, Any]) -> ConfigError:
    return ConfigError(
        f"{out} holds {kind} made with other settings or inputs ({_difference(old, new)}); pass "
        "--overwrite to replace it, or choose another --out"
    )


def _refuse_foreign_files(out: Path) -> None:
    """Raise ConfigError when the folder holds a file that no stage makes: it is the user's own."""
    listed = set(_listed_names(out))
    patterns = (*_MADE_BY_STAGES, *(name for name in listed if "*" in name))
    for path in sorted(out.rglob("*")):
        name = path.relative_to(out).as_posix()
        known = name in listed or any(fnmatch(name, pattern) for pattern in patterns)
        if (path.is_file() or path.is_symlink()) and not known:
            raise ConfigError(f"{out} also holds {name}, which eegssl did not make; move it first")


def _listed_names(out: Path) -> Iterator[str]:
    """The files that the manifests and plans in the folder, and in those below it, name."""
    for key, source in (("files", MANIFEST), (NAMES, PLAN)):
        for path in out.rglob(source):
            below, names = path.parent.relative_to(out), _read_object(path).get(key)
            for name in names if isinstance(names, list | dict) else ():
                yield (below / str(name)).as_posix()


def _claims_to_be(manifest: Path, kind: str) -> bool:
    """Whether a damaged manifest still says that eegssl made an artifact of this kind."""
    raw = _read_object(manifest)
    return "eegssl_version" in raw and raw.get("kind") == kind


_OBJECT = TypeAdapter(dict[str, Any])


def _read_object(path: Path) -> dict[str, Any]:
    try:
        return read_json(path, _OBJECT)
    except ArtifactError:
        return {}


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
