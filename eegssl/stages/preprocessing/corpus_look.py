"""Look at all files of a corpus, and decide the plan."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eegssl.artifacts.context import Context
from eegssl.config.corpus_stages import PreprocessConfig
from eegssl.config.plan import Plan, decide
from eegssl.corpus.channels.overrides import channel_rules
from eegssl.corpus.concerns import concern_kinds
from eegssl.corpus.concerns.concern import Concerns, Looked, OfLooked, tell
from eegssl.corpus.preprocessing.cleaning import CleaningSettings
from eegssl.corpus.preprocessing.file_scan import FileScan, scan_files
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import (
    Naming,
    PassedOver,
    find_sources,
    other_names,
    say_sources,
)


@dataclass(frozen=True)
class CorpusLook:
    """Result of looking at a corpus: scan of each file, plan, concerns.

    ``aliases`` are the other names of subjects, by hashed id.
    """

    scan: FileScan
    passed_over: PassedOver
    plan: Plan
    seen: Concerns
    aliases: dict[str, list[str]]

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
    jobs: int,
    find: OfLooked = concern_kinds.of_looked,
) -> CorpusLook:
    """Scan all files below ``roots``, decide the plan, and warn of what ``find`` finds.

    Saves the names behind the ids. Raises InputError where there is no file.
    """
    sources, passed_over = find_sources(roots, naming, config.events)
    context.progress.say(say_sources(sources))
    advance = context.progress.track("looked at", len(sources))
    settings = ingest_settings(config, alone=len(sources) == 1)
    scan = scan_files(sources, settings, naming, jobs, config.limits, advance)
    plan = decide(scan.fingerprint, config)
    for warning in plan.warnings:
        context.warn(warning)
    seen = tell(find(Looked(scan, passed_over)), context)
    aliases = other_names(config.subjects, naming, set(scan.subjects.values()))
    if not context.dry_run:  # before tables are read, which may name people without a recording
        for warning in naming.save():
            context.progress.warn(warning)
    return CorpusLook(scan, passed_over, plan, seen, aliases)


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
