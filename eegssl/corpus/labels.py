"""A table of labels for the recordings of a corpus, with what a manifest records of it."""

from dataclasses import dataclass
from pathlib import Path

from eegssl.corpus.store import Corpus
from eegssl.files import hash_file
from eegssl.io.labels import read_labels


@dataclass(frozen=True)
class LabelTable:
    """Recording id -> class name, or None where a task's labels come from events."""

    labels: dict[str, str] | None
    inputs: tuple[tuple[str, str], ...] = ()


def label_table(corpus: Corpus, path: str | None) -> LabelTable:
    """Read a table of labels for these recordings; without a path there is none.

    Raises ConfigError when it is missing or lacks a column.
    """
    if path is None:
        return LabelTable(None)
    corpora = sorted({a.manifest.config["corpus"] for a in corpus.artifacts})
    labels = read_labels(Path(path), corpora)
    labels |= {r.id: labels[r.file] for r in corpus.recordings if r.file in labels}
    return LabelTable(labels, (("labels-table", hash_file(Path(path))),))
