"""preprocess: folders of EDF and BDF to clean, de-identified recordings, split by subject."""

import json
import multiprocessing
import os
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from eegssl.config import PreprocessConfig
from eegssl.corpus.ingest import IngestSettings, Source, ingest, subject_of
from eegssl.corpus.splits import Unit, assign, check_given
from eegssl.corpus.store import KIND, SIGNALS
from eegssl.corpus.tables import RECORDINGS, REFUSED, concerns, summarise, write_tables
from eegssl.drafts import Draft
from eegssl.errors import ConfigError, InputError, RecordingRefused
from eegssl.files import hash_file, hash_json
from eegssl.io.bids import is_synthetic
from eegssl.io.discover import find_recordings
from eegssl.io.event_types import is_seizure
from eegssl.io.events import find_sidecars
from eegssl.io.participants import read_participants
from eegssl.io.private import Pseudonyms, require_outside
from eegssl.io.tables import format_tsv, read_tsv
from eegssl.signal.config import PHASE
from eegssl.stages.run import Result, Run
from eegssl.survey import WORK

_ROWS = "rows"
_OLDEST = 90.0  # older subjects are few enough to be known by their age


def run(config: PreprocessConfig, roots: Sequence[Path], run: Run, *, jobs: int = 0) -> Result:
    """Make a recordings artifact from all EDF and BDF files below ``roots``.

    Raises InputError when no file can be used or there are too few subjects to split.
    """
    pseudonyms = Pseudonyms()
    require_outside(pseudonyms.folder, run.out)
    settings = IngestSettings(config.filter, config.read, config.subjects, config.events)
    sources = _find(roots, config, pseudonyms)
    run.progress.say(f"{len(sources)} EDF or BDF files found")
    synthetic = any(is_synthetic(p) for root in roots for p in (root, *root.resolve().parents[:3]))
    subjects, refused = _subjects(sources, settings, config, pseudonyms)
    given = _given_splits(config, pseudonyms)
    _require_usable(subjects, refused, config, given)
    subject_table = _subject_table(roots, config, pseudonyms)
    inputs = [("edf-folder", _fingerprint(sources, subjects, given, subject_table, synthetic))]
    if not run.dry_run:
        pseudonyms.save()
    draft = run.begin(KIND, config, inputs)
    if isinstance(draft, Result):
        return draft
    todo = [source for source in sources if source.id in subjects]
    rows = _ingest_all(todo, subjects, settings, draft, run, jobs)
    refused |= {row["recording"]: tuple(row["refused"]) for row in rows if "refused" in row}
    kept = [row["fields"] for row in rows if "fields" in row]
    if not kept:
        raise InputError(_all_refused(refused))
    events = [{"recording": r["recording"]} | e for r in rows for e in r.get("events", ())]
    splits = _split(kept, events, given, config, run.seed)
    by = config.splits.by
    write_tables(draft, kept, events, refused, splits, by)
    for concern in concerns(kept, len(refused)):
        run.warn(concern)
    told = [subject_table.get(s, (s, "n/a", "n/a")) for s in sorted({r["subject"] for r in kept})]
    draft.write("subjects.tsv", format_tsv(["subject", "age_years", "sex"], told))
    facts = summarise(kept, events, splits, by) | {
        "refused": len(refused),
        "sfreq_hz": config.filter.sfreq_hz,
        "phase": PHASE,
        "synthetic": synthetic,
    }
    return run.finish(draft, facts, bulk={SIGNALS: RECORDINGS})


def refusals(result: Result) -> list[dict[str, str]]:
    """The rows of ``refused.tsv``: recording, code, reason."""
    if result.id is None:
        return []
    return read_tsv(result.out / REFUSED, ("recording", "code", "reason"))


def names_of(refused: Sequence[dict[str, str]]) -> dict[str, str]:
    """Paths behind the ids of refused files, from the private table."""
    pseudonyms = Pseudonyms()
    return {row["recording"]: pseudonyms.name(row["recording"]) for row in refused}


def _find(roots: Sequence[Path], config: PreprocessConfig, pseudonyms: Pseudonyms) -> list[Source]:
    sources: dict[str, Source] = {}
    for root in roots:
        base = root if root.is_dir() else root.parent
        for path in find_recordings(root):
            relative = path.relative_to(base).as_posix()
            id_ = pseudonyms.recording(_prefixed(config, relative))
            if id_ in sources and sources[id_].path.resolve() != path.resolve():
                raise ConfigError(
                    "two of the folders hold a file of the same name below them; preprocess each "
                    "into its own --out, one with --set corpus=NAME"
                )
            sources[id_] = Source(path, relative, id_)
    if not sources:
        raise InputError("no EDF or BDF file lies below the folder(s) given; check the path")
    return sorted(sources.values(), key=lambda s: s.relative)


def _prefixed(config: PreprocessConfig, name: str) -> str:
    return f"{config.corpus}/{name}" if config.corpus else name


def _subjects(
    sources: Sequence[Source],
    settings: IngestSettings,
    config: PreprocessConfig,
    pseudonyms: Pseudonyms,
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Subject id of each recording; code and reason of those refused already by their header."""
    subjects: dict[str, str] = {}
    refused: dict[str, tuple[str, str]] = {}
    for source in sources:
        try:
            name = subject_of(source, settings)
        except RecordingRefused as refusal:
            refused[source.id] = (refusal.code, refusal.reason)
        else:
            subjects[source.id] = pseudonyms.subject(_prefixed(config, name))
    return subjects, refused


def _require_usable(
    subjects: dict[str, str],
    refused: dict[str, tuple[str, str]],
    config: PreprocessConfig,
    given: dict[str, str] | None,
) -> None:
    """Fail before any work when nothing is readable or nothing can be split."""
    if not subjects:
        raise InputError(_all_refused(refused))
    units = set(subjects) if config.splits.by == "recording" else set(subjects.values())
    if given is None:
        assign([Unit(unit, False) for unit in sorted(units)], config.splits, 0)
    else:
        check_given(given, units, config.splits.by)


def _all_refused(refused: Mapping[str, tuple[str, str]]) -> str:
    counts = Counter(refused.values())
    shown = "; ".join(f"{n} × {code}: {reason}" for (code, reason), n in counts.most_common(5))
    return f"none of {len(refused)} file(s) can be used. {shown}"


def _subject_table(
    roots: Sequence[Path], config: PreprocessConfig, pseudonyms: Pseudonyms
) -> dict[str, tuple[str, str, str]]:
    """Subject -> subject, age, sex, where a ``participants.tsv`` tells them."""
    rows: dict[str, tuple[str, str, str]] = {}
    for root in roots:
        for name, who in read_participants(root).items():
            joined = config.subjects.aliases.get(name, name)
            id_ = pseudonyms.subject(_prefixed(config, joined))
            age = "n/a" if who.age_years is None else f"{min(who.age_years, _OLDEST):g}"
            rows[id_] = (id_, age, who.sex or "n/a")
    return rows


def _given_splits(config: PreprocessConfig, pseudonyms: Pseudonyms) -> dict[str, str] | None:
    """The user's own table with hashed ids, or None."""
    if config.splits.file is None:
        return None
    by = config.splits.by
    hashed = pseudonyms.subject if by == "subject" else pseudonyms.recording
    aliases = config.subjects.aliases if by == "subject" else {}
    table: dict[str, str] = {}
    for row in read_tsv(Path(config.splits.file), (by, "split")):
        id_ = hashed(_prefixed(config, aliases.get(row[by], row[by])))
        if table.setdefault(id_, row["split"]) != row["split"]:
            raise ConfigError(f"the splits file puts one {by} ({id_}) into two splits")
    return table


def _fingerprint(
    sources: Sequence[Source],
    subjects: dict[str, str],
    given: dict[str, str] | None,
    subject_table: dict[str, tuple[str, str, str]],
    synthetic: bool,
) -> str:
    """Hash of all that the result depends on, beside settings and seed."""
    files = []
    for source in sources:
        beside = [] if source.id not in subjects else _sidecar_files(source.path)
        hashes = [_hash(path) for path in [source.path, *beside]]
        files.append([source.id, subjects.get(source.id), hashes])
    return hash_json([sorted(files), given, subject_table, synthetic])


def _hash(path: Path) -> str:
    try:
        return hash_file(path)
    except OSError:
        return "unreadable"  # refused by its header; readable later, it is another input


def _sidecar_files(path: Path) -> list[Path]:
    try:
        found = find_sidecars(path)
    except RecordingRefused:
        return []
    return [p for p in (found.tsv, found.seizures) if p is not None]


def _ingest_all(
    sources: Sequence[Source],
    subjects: dict[str, str],
    settings: IngestSettings,
    draft: Draft,
    run: Run,
    jobs: int,
) -> list[dict[str, Any]]:
    """Ingest what isn't there yet; a row of each lies in the scratch, so a kill costs little."""
    rows, todo = [], []
    for source in sources:
        path = draft.path / WORK / _ROWS / f"{source.id}.json"
        if path.exists():
            rows.append(json.loads(path.read_text()))
        else:
            todo.append(source)
    advance = run.progress.track("recordings", len(sources))
    advance(len(rows))
    for row in _work(todo, subjects, settings, draft.path, jobs or os.cpu_count() or 1):
        draft.write_json(f"{WORK}/{_ROWS}/{row['recording']}.json", row)
        rows.append(row)
        advance(len(rows))
    return sorted(rows, key=lambda row: row["recording"])


def _work(
    sources: Sequence[Source],
    subjects: dict[str, str],
    settings: IngestSettings,
    out: Path,
    jobs: int,
) -> Iterator[dict[str, Any]]:
    if min(jobs, len(sources)) <= 1:
        for source in sources:
            yield ingest(source, subjects[source.id], settings, out)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(sources)), context, _end_with_parent) as pool:
        futures = [pool.submit(ingest, s, subjects[s.id], settings, out) for s in sources]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _end_with_parent() -> None:
    """In a worker: end when the command is killed, in place of waiting for work for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _split(
    kept: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]],
    given: dict[str, str] | None,
    config: PreprocessConfig,
    seed: int,
) -> dict[str, str]:
    """Unit (subject or recording) -> split."""
    by = config.splits.by
    units = {fields[by] for fields in kept}
    if given is not None:
        return check_given(given, units, by)
    owner = {fields["recording"]: fields[by] for fields in kept}
    marked = {owner[e["recording"]] for e in events if is_seizure(e["type"])}
    return assign([Unit(u, u in marked) for u in sorted(units)], config.splits, seed)
