"""Find the files of an inventory again, and make recordings of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from eegssl.corpus.inventory.corpus_inventory import Inventory
from eegssl.corpus.preprocessing.file_profile import of_corpus, of_file
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.ingest import ingest
from eegssl.corpus.preprocessing.opened_file import IngestSettings, ScannedFile
from eegssl.corpus.preprocessing.source_files import Naming, Source
from eegssl.corpus.processes.workers import Failure
from eegssl.errors import ConfigError
from eegssl.io.config import EventSettings
from eegssl.io.discover import is_recording
from eegssl.io.labels.sheets.sheet_files import shared_sheet

_OTHER_BYTES = Failure(
    "changed",
    "it, or a file of its labels, has other bytes than when it was planned: run --plan again",
)
CHANGED = _OTHER_BYTES.code
"""Code of a file that is another one than when the plan was made."""


def planned_scan(
    inventory: Inventory,
    roots: Sequence[Path],
    naming: Naming,
    events: EventSettings,
    tables: Mapping[Path, str] | None = None,
) -> FileScan:
    """The scan that an inventory holds, with the places of its files below ``roots``.

    ``tables`` (path -> id) are those that may hold labels. Raises ConfigError where the private
    table does not know the files.
    """
    paths = {id_: naming.path_of(id_) for id_ in inventory.files}
    if unknown := sum(not path for path in paths.values()):
        raise ConfigError(
            f"{unknown} of {len(paths)} files of the plan are not in the private table of names: "
            "set EEGSSL_PRIVATE to the folder that the run with --plan used, which every machine "
            "has to see, and give the same corpus name (--set corpus=…)"
        )
    ordered = sorted(paths, key=lambda id_: paths[id_])
    sheet = shared_sheet(events, roots, [paths[id_] for id_ in ordered])
    bases = [root.parent if is_recording(root) else root for root in roots]
    sources = [
        replace(_source(id_, paths[id_], bases), own_rows=sheet.of_file.get(paths[id_]))
        for id_ in ordered
    ]
    path_of = {id_: path for path, id_ in (tables or {}).items()}
    labels = {
        id_: [path_of[label] for label in ids if label in path_of]
        for id_, ids in inventory.label_files.items()
    }
    fingerprint = of_corpus(inventory.files)
    return FileScan(sources, inventory.files, inventory.subjects, {}, fingerprint, labels)


def ingest_known(
    source: Source,
    known: ScannedFile | Sequence[str],
    subject_id: str,
    settings: IngestSettings,
    out: Path,
    clip: Path | None,
) -> dict[str, Any]:
    """Make the recordings of a file as `ingest`, from its scan or the hashes of an earlier one.

    With hashes it is scanned again, and refused as ``changed`` where it has others.
    """
    if isinstance(known, ScannedFile):
        return ingest(source, known, subject_id, settings, out, clip)
    row, scanned = of_file(source, settings)
    if row["hashes"] != list(known):
        return {"file": source.id, "refused": [CHANGED, _OTHER_BYTES.reason]}
    if scanned is None:
        return {"file": source.id, "refused": row["refused"]}
    return ingest(source, scanned, subject_id, settings, out, clip)


def _source(id_: str, relative: str, bases: Sequence[Path]) -> Source:
    """The file at a path below the last of the folders that has it, or the first where none has."""
    there = (base for base in reversed(bases) if os.path.lexists(base / relative))
    base = next(there, bases[0])
    return Source(base / relative, base, relative, id_)
