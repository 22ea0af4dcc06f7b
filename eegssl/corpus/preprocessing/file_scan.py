"""A look at every file of a corpus, each in a worker of its own, before anything is made."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from eegssl.corpus.config import Limits
from eegssl.corpus.preprocessing import file_profile as fingerprint
from eegssl.corpus.preprocessing.ingest import IngestSettings
from eegssl.corpus.preprocessing.source_files import Naming, Source
from eegssl.corpus.preprocessing.workers import Failure, each


@dataclass(frozen=True)
class Overview:
    """What was seen: ``files`` by id, subject ids of the usable ones, the corpus as a whole."""

    sources: list[Source]
    files: dict[str, dict[str, Any]]
    subjects: dict[str, str]
    print: dict[str, Any]


def look(
    sources: list[Source],
    settings: IngestSettings,
    naming: Naming,
    jobs: int,
    limits: Limits,
    advance: Callable[[int], None],
) -> Overview:
    """Look at every file; ``advance`` is told how many are done."""
    files: dict[str, dict[str, Any]] = {}
    tasks = [(source, settings) for source in sources]
    for number, row in each(fingerprint.of_file, tasks, jobs, limits):
        files[sources[number].id] = _refused(row) if isinstance(row, Failure) else row
        advance(len(files))
    files = dict(sorted(files.items()))
    subjects = {
        id_: naming.subject(row.pop("subject"))
        for id_, row in files.items()
        if "refused" not in row
    }
    return Overview(sources, files, subjects, fingerprint.of_corpus(files))


def drawn(seen: Overview, n: int) -> set[str]:
    """Files to draw: up to half of them with seizures, all spread over the corpus."""
    ids = [source.id for source in seen.sources if source.id in seen.subjects]
    marked = [id_ for id_ in ids if seen.files[id_]["seizure_s"] > 0]
    some = _spread(marked, n // 2)
    return {*some, *_spread([id_ for id_ in ids if id_ not in some], n - len(some))}


def _spread(ids: Sequence[str], n: int) -> list[str]:
    n = min(n, len(ids))
    return [ids[k * len(ids) // n] for k in range(n)]


def _refused(failure: Failure) -> dict[str, Any]:
    return {"hashes": ["unreadable"], "refused": [failure.code, failure.reason]}
