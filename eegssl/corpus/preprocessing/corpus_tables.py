"""Join scan and cleaning of each file to the corpus tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.corpus.config import SplitsConfig
from eegssl.corpus.preprocessing.corpus_splits import asked_by_hash, split_units
from eegssl.corpus.preprocessing.file_outcomes import none_usable, refused_rows
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import WHOLE_FILE, Tables
from eegssl.errors import InputError


def join_tables(
    scan: FileScan,
    rows: Sequence[dict[str, Any]],
    official: dict[str, str] | None,
    aliases: Mapping[str, list[str]],
    config: SplitsConfig,
    seed: int,
    *,
    keep_text: bool,
) -> Tables:
    """The tables of a corpus, from a scan and from what cleaning each file gave (``rows``).

    ``official`` splits and ``aliases`` of subjects are by hashed id. Raises InputError where no
    recording is left.
    """
    recordings = [
        fields | {"aliases": aliases.get(fields["subject"], [])}
        for row in rows
        for fields in row.get("kept", ())
    ]
    refused = {id_: row["refused"] for id_, row in scan.files.items() if "refused" in row}
    refused |= {row["file"]: row["refused"] for row in rows if "refused" in row}
    if not recordings:
        raise InputError(none_usable(refused_rows(refused)), refused=refused_rows(refused))
    segments = [
        [row["file"], id_.rpartition("-")[2], code, reason]
        for row in rows
        for id_, code, reason in row.get("lost", ())
    ]
    events = [event for row in rows for event in row.get("events", ())]
    return Tables(
        recordings=recordings,
        events=events,
        refused=[[id_, WHOLE_FILE, *why] for id_, why in refused.items()] + segments,
        splits=split_units(recordings, events, official, config, seed),
        split_by=config.by,
        texts=[text for row in rows for text in row.get("texts", ())] if keep_text else None,
        asked=asked_by_hash(config),
    )
