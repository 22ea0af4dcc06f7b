"""Key what a file's recordings are made from: files and settings."""

from collections.abc import Mapping
from typing import Any

from eegssl.artifacts.atomic import canonical_json
from eegssl.corpus.preprocessing.ingest import line_to_remove
from eegssl.corpus.preprocessing.opened_file import IngestSettings
from eegssl.corpus.preprocessing.source_files import Naming

MADE_FROM = "made_from"
"""Key of a file's row: hashes of what its signals and its labels are made from."""


class KeyOfFile:
    """Two secret hashes of a file, by the row of its scan: see `of`."""

    def __init__(self, settings: IngestSettings, naming: Naming) -> None:
        cleaning, events = settings.cleaning, settings.events
        self._naming, self._notch = naming, cleaning.filter.notch
        self._has_words = bool(events.columns or events.words)
        parts = {
            "filter": cleaning.filter.model_dump(mode="json", exclude={"notch"}),
            "montage": cleaning.montage.model_dump(mode="json"),
            "quality": cleaning.quality.model_dump(mode="json"),
            "read": settings.read.model_dump(mode="json"),
            "least": settings.channels.channels.least,
        }
        self._signals = canonical_json(parts)
        self._labels = canonical_json([events.model_dump(mode="json"), settings.keep_text])

    def of(self, row: Mapping[str, Any]) -> list[str]:
        """What its signals are made from, and what its labels; equal while these are the same."""
        own, labels = own_hashes(row, has_words=self._has_words)
        line_hz = line_to_remove(self._notch, row["line_hz"])
        signals = self._naming.digest(canonical_json([self._signals, own, line_hz]))
        return [signals, self._naming.digest(canonical_json([self._labels, signals, labels]))]


def own_hashes(row: Mapping[str, Any], *, has_words: bool) -> tuple[list[str], list[str]]:
    """The hashes of a scan, of what the signals depend on and of label files.

    ``has_words``: whether the settings name words or columns of labels, whose hash is among them.
    """
    hashes, n = row["hashes"], len(row["stamps"])
    end = n + len(row["label_stamps"])
    return [*hashes[:n], *hashes[end + has_words :]], hashes[n:end]
