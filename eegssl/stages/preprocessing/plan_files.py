"""Write the plan of a preprocessing, and what it was decided by."""

from pathlib import Path

from eegssl.artifacts.atomic import atomic_path, canonical_json
from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import INVENTORY
from eegssl.artifacts.output_state import PLAN_FILES, require_room
from eegssl.artifacts.system_errors import system_errors
from eegssl.config.plan import to_toml
from eegssl.config.settings import public_values
from eegssl.corpus.audits.recordings_contract import CHANNELS, CHANNELS_CELLS, CONTRACT
from eegssl.corpus.concerns.concern import as_facts
from eegssl.corpus.concerns.split_concerns import shares_in_words
from eegssl.corpus.inventory.corpus_inventory import write_inventory
from eegssl.corpus.preprocessing.corpus_splits import asked_by_hash
from eegssl.corpus.preprocessing.file_outcomes import scan_outcome
from eegssl.corpus.preprocessing.file_profile import channel_audit, labels_as_written
from eegssl.corpus.splits import split_by_hash
from eegssl.io.tables.tsv import format_tsv
from eegssl.stages.preprocessing.corpus_look import CorpusLook, look_settings

FINGERPRINT, PLAN_FILE = "fingerprint.json", "plan.toml"


def write_plan(look: CorpusLook, context: Context) -> Result:
    """Write the fingerprint and the plan into the output folder, and nothing else."""
    if not context.overwrite:
        require_room(context.out, PLAN_FILES)
    scan = look.scan
    facts = {k: v for k, v in scan.fingerprint.items() if k not in ("channels", "refused")}
    facts |= {"refused": len(scan.files) - scan.fingerprint["readable"]}
    facts |= {"concerns": as_facts(look.seen)}

    if words := _planned_shares(look, context.seed):
        context.progress.say(words)
    if not context.dry_run:
        lock = context.hold(CONTRACT.kind)
        write_findings(context.out, look)
        lock.release()
        context.progress.say(f"read and edit {context.out / PLAN_FILE}, then give it to --config")
    return Result(
        *(context.out, "plan", "would make" if context.dry_run else "made", facts),
        public_values(look.config),
        warnings=tuple(context.warnings),
        beside=scan_outcome(scan),
        names=labels_as_written(scan.files),
    )


def _planned_shares(look: CorpusLook, seed: int) -> str:
    """What splits by hash will hold of the files that can be read, "" with other splits."""
    config = look.config.splits
    asked, subjects = asked_by_hash(config), look.scan.subjects
    if not asked or not subjects:
        return ""
    names = sorted(set(subjects.values() if config.by == "subject" else subjects))
    splits = {name: split_by_hash(name, config, seed) for name in names}
    return shares_in_words(splits, asked, config.by)


def write_findings(out: Path, look: CorpusLook) -> None:
    """Write fingerprint, plan and channel labels, and the inventory where the look made it."""

    def write(name: str, text: str) -> None:
        with atomic_path(out / name) as path:
            path.write_text(text, encoding="utf-8")

    write(FINGERPRINT, canonical_json(look.scan.fingerprint, indent=1) + "\n")
    write(PLAN_FILE, to_toml(look.plan))
    rows = [
        [row.label, row.became or "n/a", row.kind, row.reference or "n/a", row.n]
        for row in channel_audit(look.scan.files)
    ]
    write(CHANNELS, format_tsv(list(CHANNELS_CELLS), rows))
    if look.inventory is None:
        write_inventory_of(out, look)


def write_inventory_of(out: Path, look: CorpusLook) -> None:
    """Write the inventory of what was looked at."""
    settings = look_settings(look.config, look.naming)
    with atomic_path(out / INVENTORY) as path, system_errors(path):
        write_inventory(path, look.scan, look.passed_over, look.naming, settings)
