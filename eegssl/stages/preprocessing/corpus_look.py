"""Look at all files of a corpus, and decide the plan."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.context import Context
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.plan import Plan, decide
from eegssl.config.settings import leaf_settings
from eegssl.corpus.channels.overrides import channel_rules
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.concerns.concern import Concerns, Looked, OfLooked, tell
from eegssl.corpus.inventory.corpus_inventory import Inventory
from eegssl.corpus.inventory.kept_scans import LabelFiles, of_same_bytes, unchanged, with_kept
from eegssl.corpus.inventory.planned_files import planned_scan
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.file_scan import FileScan, scan_files
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import (
    Naming,
    PassedOver,
    Source,
    find_sources,
    other_names,
    say_sources,
)
from eegssl.corpus.processes.engine import Engine
from eegssl.errors import ConfigError

_LOOKED_BY = frozenset(("corpus", "keep_text", "filter", "read", "channels", "subjects", "events"))


@dataclass(frozen=True)
class CorpusLook:
    """Result of looking at a corpus: scan of each file, plan, concerns.

    ``aliases`` are the other names of subjects, by hashed id. ``inventory`` is the one that the
    scan was read from, None where the files were looked at.
    """

    scan: FileScan
    passed_over: PassedOver
    plan: Plan
    seen: Concerns
    aliases: dict[str, list[str]]
    naming: Naming
    inventory: Inventory | None = None

    @property
    def config(self) -> PreprocessConfig:
        """The settings with nothing left open."""
        return self.plan.config

    @property
    def settings(self) -> IngestSettings:
        """The settings by which a file becomes recordings."""
        return ingest_settings(self.config, alone=len(self.scan.sources) == 1)


def look_at(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    context: Context,
    engine: Engine,
    find: OfLooked = concern_kinds.of_looked,
) -> CorpusLook:
    """Scan all files below ``roots``, decide the plan, and warn of what ``find`` finds.

    Saves the names behind the ids. Raises InputError where there is no file.
    """
    sources, passed_over = find_sources(roots, naming, config.events)
    context.progress.say(say_sources(sources))
    scan = _scan(sources, config, naming, context, engine, alone=len(sources) == 1)
    return _concluded(config, scan, passed_over, naming, context, find)


def look_again(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    inventory: Inventory,
    context: Context,
    engine: Engine,
    *,
    verify: bool = False,
) -> CorpusLook:
    """The same where an inventory tells of most files: the others alone are scanned.

    Those count as unchanged that have the same size and time, with ``verify`` the same bytes.
    """
    sources, passed_over = find_sources(roots, naming, config.events)
    context.progress.say(say_sources(sources))
    same: LabelFiles = {}
    alone = len(sources) == 1
    if not other_look_settings(inventory, config, naming) and alone == (len(inventory.files) == 1):
        same = unchanged(inventory, sources, passed_over, config.events)
    if verify:
        same = of_same_bytes(inventory, sources, same, engine, config.limits)
    others = [source for source in sources if source.id not in same]
    scan = _scan(others, config, naming, context, engine, alone=alone)
    scan = with_kept(scan, inventory, sources, same, naming)
    return _concluded(config, scan, passed_over, naming, context, concern_kinds.of_looked)


def _scan(
    sources: list[Source],
    config: PreprocessConfig,
    naming: Naming,
    context: Context,
    engine: Engine,
    *,
    alone: bool,
) -> FileScan:
    """Scan files; ``alone`` is whether the corpus has one file only."""
    advance = context.progress.track("looked at", len(sources))
    settings = ingest_settings(config, alone=alone)
    return scan_files(sources, settings, naming, engine, config.limits, advance)


def _concluded(
    config: PreprocessConfig,
    scan: FileScan,
    passed_over: PassedOver,
    naming: Naming,
    context: Context,
    find: OfLooked,
) -> CorpusLook:
    """Decide the plan, warn of what is to be looked into, and save the names behind the ids."""
    plan = decide(scan.fingerprint, config)
    for warning in plan.warnings:
        context.warn(warning)
    seen = tell(find(Looked(scan, passed_over)), context)
    aliases = other_names(config.subjects, naming, set(scan.subjects.values()))
    if not context.dry_run:  # before tables are read, which may name people without a recording
        for warning in naming.save():
            context.progress.warn(warning)
    return CorpusLook(scan, passed_over, plan, seen, aliases, naming)


def planned_look(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    inventory: Inventory,
    context: Context,
) -> CorpusLook:
    """The same from the inventory of a plan, for a shard: nothing is read, nothing told.

    Raises ConfigError where a setting that the look depends on is another.
    """
    _require_same(inventory, config, naming, context)
    scan = planned_scan(inventory, roots, naming, config.events)
    aliases = other_names(config.subjects, naming, set(scan.subjects.values()))
    plan = decide(scan.fingerprint, config)
    return CorpusLook(scan, PassedOver(), plan, (), aliases, naming, inventory)


def planned_look_of_all(
    config: PreprocessConfig,
    roots: Sequence[Path],
    naming: Naming,
    inventory: Inventory,
    context: Context,
) -> CorpusLook:
    """The same with the concerns and warnings of `look_at`, to finish what shards made."""
    _require_same(inventory, config, naming, context)
    sources, passed_over = find_sources(roots, naming, config.events)
    if n_new := len({source.id for source in sources} - inventory.files.keys()):
        context.progress.warn(
            f"{n_new} file(s) have come since the plan was made, and are not in these recordings"
        )
    scan = planned_scan(inventory, roots, naming, config.events, passed_over.tables)
    look = _concluded(config, scan, passed_over, naming, context, concern_kinds.of_looked)
    return replace(look, inventory=inventory)


def look_settings(config: PreprocessConfig, naming: Naming) -> dict[str, str]:
    """Keyed hashes of the settings that the scan of a file depends on, by dotted key."""
    values = {
        key: owner.model_dump(mode="json")[name]
        for key, (owner, name) in leaf_settings(config).items()
        if key.partition(".")[0] in _LOOKED_BY and key != "filter.notch"
    }
    table = channel_rules(config.channels, config.read).table
    values["channels.table"] = [values["channels.table"], list(map(asdict, table))]
    return {key: naming.digest(canonical_json(value))[:16] for key, value in values.items()}


def other_look_settings(
    inventory: Inventory, config: PreprocessConfig, naming: Naming
) -> list[str]:
    """The settings that the scan of a file depends on whose values an inventory does not have."""
    now = look_settings(config, naming)
    keys = sorted({*now, *inventory.settings})
    return [key for key in keys if now.get(key) != inventory.settings.get(key)]


def _require_same(
    inventory: Inventory, config: PreprocessConfig, naming: Naming, context: Context
) -> None:
    """Raise ConfigError where the plan was made with other settings of the look."""
    if differing := other_look_settings(inventory, config, naming):
        raise ConfigError(
            f"the plan in {context.out} was made with another value of {', '.join(differing)}, on "
            "which the look at the files depends: give the same as to --plan, or plan anew with "
            "this one (the same command with --plan; --overwrite drops what was made by the old)"
        )


def ingest_settings(config: PreprocessConfig, *, alone: bool) -> IngestSettings:
    """How a file becomes recordings; one file alone is of one person, whatever it is called."""
    subjects = config.subjects.model_copy(update={"unknown": "file"} if alone else {})
    return IngestSettings(
        CleaningSettings(config.filter, config.montage, config.quality),
        config.read,
        subjects,
        config.events,
        config.look,
        config.keep_text,
        channel_rules(config.channels, config.read),
    )
