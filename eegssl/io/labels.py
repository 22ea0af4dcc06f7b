"""The user's table of labels (TSV): which recording has which class."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.errors import ConfigError
from eegssl.io.private import Pseudonyms
from eegssl.io.tables import read_tsv


def read_labels(path: Path, corpora: Sequence[str]) -> dict[str, str]:
    """Recording id -> label, from columns ``recording`` and ``label``.

    ``recording`` is the path below the EDF folder, as preprocess saw it; ids of recordings are
    taken as they are. ``corpora`` are the names (``--set corpus=``) of the recordings folders.

    Raises ConfigError for a table that can't be read or labels a recording twice.
    """
    pseudonyms = Pseudonyms()
    labels: dict[str, str] = {}
    for row in read_tsv(path, ("recording", "label")):
        name = row["recording"]
        prefixed = [f"{corpus}/{name}" if corpus else name for corpus in corpora]
        for id_ in [name, *map(pseudonyms.recording, prefixed)]:
            if labels.setdefault(id_, row["label"]) != row["label"]:
                raise ConfigError(f"{path} gives one recording two labels")
    return labels


def read_stored_labels(path: Path) -> dict[str, str]:
    """Recording id -> label, as a model stores the table that it was given."""
    return {row["recording"]: row["label"] for row in read_tsv(path, ("recording", "label"))}
