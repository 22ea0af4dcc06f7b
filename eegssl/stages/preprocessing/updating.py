"""Bring recordings up to date with their files and settings."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.files.packs import is_packed
from eegssl.artifacts.manifest import MANIFEST, SOURCE_ROWS
from eegssl.artifacts.reading import read_manifest
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.settings import flat_values, public_values
from eegssl.corpus.audits.earlier_recordings import keep_state
from eegssl.corpus.inventory.corpus_inventory import Inventory, read_inventory
from eegssl.corpus.inventory.made_from import own_hashes
from eegssl.corpus.inventory.planned_files import CHANGED
from eegssl.corpus.inventory.source_rows import read_source_rows
from eegssl.corpus.preprocessing.file_profile import stamp_of
from eegssl.corpus.preprocessing.ingest import SIGNALS
from eegssl.corpus.preprocessing.recording_tables import SPLITS_TABLE
from eegssl.corpus.preprocessing.source_files import Naming
from eegssl.corpus.processes.engine import Engine
from eegssl.errors import ArtifactError, ConfigError
from eegssl.io.tables.tsv import read_tsv
from eegssl.stages.preprocessing.corpus_look import CorpusLook, look_again, other_look_settings
from eegssl.stages.preprocessing.finishing_recordings import finish_recordings
from eegssl.stages.preprocessing.making_recordings import (
    Made,
    ingested_before,
    make_recordings,
)
from eegssl.stages.preprocessing.plan_files import write_inventory_of
from eegssl.stages.preprocessing.recordings_draft import begin_draft

_MOVED = (
    "{} subject(s) or recording(s) that were there are in another split now: what was made of the "
    "older recordings may have seen those that are now tested"
)
_KEEPS = "; with --set splits.assign=hash nobody moves again when others arrive"
_ANEW = "leave out --update, with --overwrite where something stands there"


@dataclass(frozen=True)
class Update:
    """Bring what stands there up to date; with ``verify`` the bytes of all files decide."""

    verify: bool = False


@dataclass(frozen=True)
class Changes:
    """Numbers of files that are new, changed and gone, and of those with other labels.

    ``settings`` are those that have other values now, by dotted key.
    """

    new: int
    changed: int
    vanished: int
    labels_changed: int
    settings: tuple[str, ...]


def update(
    how: Update,
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    context: Context,
    engine: Engine,
) -> Result:
    """Redo what depends on files or settings that have changed, and keep the rest.

    Raises ArtifactError where nothing stands there that can be updated, ConfigError where it was
    made of another corpus.
    """
    stamp = stamp_of(context.out / SOURCE_ROWS)
    inventory, kept = _standing(context.out, config, naming)
    splits = _splits(context.out)
    older = _older_settings(context.out)
    look = look_again(config, roots, naming, inventory, context, engine, verify=how.verify)
    changes = _changes(inventory, look, older)
    for line in _words(changes, len(look.scan.files)):
        context.progress.say(line)
    state = None if context.dry_run else _keep_state(context)
    draft = begin_draft(look, roots, context, kept=kept)
    if isinstance(draft, Result):
        if state is not None:  # nothing was updated: no earlier state to keep
            state.unlink()
        if draft.id and not context.dry_run:
            write_inventory_of(context.out, look)  # with the times of files as they are now
        return _with(draft, changes, None)
    if stamp_of(context.out / SOURCE_ROWS) != stamp:  # another update has ended since
        kept = read_source_rows(context.out)
    noted = ingested_before(context.out)
    draft = replace(draft, kept={id_: row for id_, row in kept.items() if id_ not in noted})
    made = make_recordings(draft, engine)
    _require_as_scanned(made)
    context.progress.say(
        f"recordings of {made.n_ingested} file(s) made anew; events of {made.n_labelled} made "
        f"anew, signals kept; {_n_kept(made)} kept"
    )
    result = finish_recordings(draft, made.rows, engine)
    if n_moved := _n_moved(splits, _splits(context.out)):
        context.progress.warn(_MOVED.format(n_moved) + (_KEEPS if config.splits.is_dealt else ""))
    return _with(result, changes, made, n_moved)


def _standing(
    out: Path, config: PreprocessConfig, naming: Naming
) -> tuple[Inventory, dict[str, Any]]:
    """What stands there: what its files were like, and what reading them gave."""
    if is_packed(out / SIGNALS):
        raise ConfigError(
            f"{out} is packed, and only recordings as preprocess made them can be updated: update "
            "the folder that it was packed from, then pack that again (eegssl pack … --overwrite)"
        )
    if not (out / SOURCE_ROWS).exists():
        reason = (
            "its recordings were made without it, or by an older version of eegssl"
            if (out / MANIFEST).exists()
            else "no recordings were finished there"
        )
        raise ArtifactError(f"{out} has no {SOURCE_ROWS} to update: {reason}; {_ANEW}")
    inventory = read_inventory(out, naming, _ANEW)
    if "corpus" in other_look_settings(inventory, config, naming):
        raise ConfigError(
            f"{out} was made with another name of the corpus, on which all ids depend: give the "
            f"same (--set corpus=NAME), or {_ANEW}"
        )
    return inventory, read_source_rows(out)


def _older_settings(out: Path) -> dict[str, Any] | None:
    """The settings of what stands there, None where an update of it did not end."""
    return read_manifest(out).config if (out / MANIFEST).exists() else None


def _changes(inventory: Inventory, look: CorpusLook, older: dict[str, Any] | None) -> Changes:
    files, now = inventory.files, look.scan.files
    new, both = now.keys() - files.keys(), now.keys() & files.keys()
    if not both:
        raise ConfigError(
            f"none of the {len(files)} files of these recordings is among the {len(now)} found: "
            f"give the folders that they were made from, or {_ANEW}"
        )
    settings = set(other_look_settings(inventory, look.config, look.naming))
    events = look.config.events
    has_words = None if settings else bool(events.columns or events.words)
    pairs = [(_own(files[id_], has_words), _own(now[id_], has_words)) for id_ in both]
    changed = sum(old[0] != current[0] for old, current in pairs)
    labels = sum(old[0] == current[0] and old[1] != current[1] for old, current in pairs)
    if older is not None:
        before, after = flat_values(older), flat_values(public_values(look.config))
        settings |= {key for key in {*before, *after} if before.get(key) != after.get(key)}
    gone = len(files.keys() - now.keys())
    return Changes(len(new), changed, gone, labels, tuple(sorted(settings)))


def _own(row: dict[str, Any], has_words: bool | None) -> tuple[list[str], list[str]]:
    """The hashes of what a file's signals are made from, and of its label files.

    ``has_words`` as in `own_hashes`; None where settings have changed, whose hashes are left out.
    """
    own, labels = own_hashes(row, has_words=bool(has_words))
    return own[: len(row["stamps"]) if has_words is None else None], labels


def _words(changes: Changes, n_files: int) -> list[str]:
    """What has changed and what follows from that, for a person."""
    lines = []
    if changes.new or changes.changed or changes.vanished:
        lines.append(
            f"of {n_files} files {changes.new} are new and {changes.changed} changed; "
            f"{changes.vanished} are gone"
        )
    if changes.labels_changed:
        n = changes.labels_changed
        lines.append(f"labels of {n} file(s) changed: events made anew, signals kept")
    if changes.settings:
        names = ", ".join(changes.settings)
        lines.append(f"other settings: {names}; what depends on them is made anew")
    return lines or ["no file and no setting has changed"]


def _require_as_scanned(made: Made) -> None:
    """Raise ArtifactError for files with other bytes of the same size and time."""
    refused = [row["file"] for row in made.rows if row.get("refused", [""])[0] == CHANGED]
    if refused:
        raise ArtifactError(
            f"{len(refused)} file(s) have other bytes, with size and time kept: "
            f"{', '.join(refused[:3])}; run the same command with --verify"
        )


def _n_kept(made: Made) -> int:
    return len(made.rows) - made.n_ingested - made.n_labelled


def _keep_state(context: Context) -> Path | None:
    """Keep what the recordings are like, for those who made something of them; its path."""
    if not (context.out / MANIFEST).exists():
        return None
    try:
        return keep_state(context.out, read_manifest(context.out))
    except ArtifactError as error:
        context.progress.warn(f"{error}; so it can't be told later what this update changes")
        return None


def _splits(out: Path) -> dict[str, str]:
    """Unit -> split of recordings that stand there; {} where they can't be read."""
    try:
        rows = read_tsv(out / SPLITS_TABLE, ("split",))
    except ConfigError:
        return {}
    return {next(iter(row.values())): row["split"] for row in rows}


def _n_moved(before: dict[str, str], after: dict[str, str]) -> int:
    """Units that are in another split than before."""
    return sum(before[unit] != after[unit] for unit in before.keys() & after.keys())


def _with(result: Result, changes: Changes, made: Made | None, n_moved: int = 0) -> Result:
    """The result with numbers of what has changed and what was done."""
    numbers = asdict(changes)
    if made is not None:
        numbers |= {"made": made.n_ingested, "labelled": made.n_labelled, "kept": _n_kept(made)}
        numbers |= {"moved": n_moved}
    return replace(result, beside=result.beside | {"update": numbers})
