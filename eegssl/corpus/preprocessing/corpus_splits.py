"""Split the subjects or files of a corpus as the settings say."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.corpus.config import SplitsConfig
from eegssl.corpus.preprocessing.file_outcomes import also_refused, none_usable, scan_outcome
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.source_files import Naming
from eegssl.corpus.splits import (
    SPLITS,
    SplitUnit,
    assign,
    by_folders,
    check_given,
    complete,
    shares_by_hash,
)
from eegssl.errors import ConfigError, InputError
from eegssl.io.config import SubjectSettings
from eegssl.io.labels.event_types import is_seizure
from eegssl.io.tables.tsv import read_tsv

Row = Mapping[str, Any]


def official_splits(
    scan: FileScan, config: SplitsConfig, subjects: SubjectSettings, naming: Naming, advice: str
) -> dict[str, str] | None:
    """Unit (subject, or file) -> split where the user's table or the folders say it, else None.

    One file alone, which can't be split, is in ``test``, where no setting says anything else.

    Raises InputError where no file can be used or the units can't be split: before any work.
    It begins with ``advice`` on who is who, if there is any.
    """
    refused = scan_outcome(scan)["refused"]
    if not scan.subjects:
        raise InputError(f"{advice}{none_usable(refused)}", refused=refused)
    try:
        official = _official(scan, config, subjects, naming)
        _require_splittable(scan, config, official)
    except InputError as error:
        text = f"{advice}{error}{also_refused(refused)}"
        raise InputError(text, refused=refused) from None
    return official


def split_units(
    recordings: Sequence[Row],
    events: Sequence[Row],
    official: dict[str, str] | None,
    config: SplitsConfig,
    seed: int,
) -> dict[str, str]:
    """Unit (subject, or file of recordings) -> split; units with seizures are dealt apart."""
    unit = "subject" if config.by == "subject" else "file"
    unit_of = {row["recording"]: row[unit] for row in recordings}
    with_seizures = {unit_of[e["recording"]] for e in events if is_seizure(e["type"])}
    units = [SplitUnit(name, name in with_seizures) for name in sorted(set(unit_of.values()))]
    if official is None:
        return assign(units, config, seed)
    if config.folders:
        return complete(official, units, config, seed)
    return check_given(official, set(unit_of.values()), config.by)


def asked_by_hash(config: SplitsConfig) -> dict[str, float] | None:
    """Split -> its share on average where a hash decides, else None.

    Empty beside official splits, of which a hash draws but a part.
    """
    if config.assign != "hash":
        return None
    return {} if config.folders else shares_by_hash(config)


def _official(
    scan: FileScan, config: SplitsConfig, subjects: SubjectSettings, naming: Naming
) -> dict[str, str] | None:
    by_subject = config.by == "subject"
    units = scan.subjects if by_subject else {id_: id_ for id_ in scan.subjects}
    if config.all or (len(scan.sources) == 1 and _is_open(config)):
        return dict.fromkeys(units.values(), config.all or "test")
    if config.folders:
        pairs = [(units[s.id], s.relative) for s in scan.sources if s.id in units]
        return by_folders(pairs, config.folders)
    return _read_table(config, subjects, naming)


def _is_open(config: SplitsConfig) -> bool:
    """Whether no setting says which units are in which split."""
    given = config.folds, config.file, config.folders or None
    return config.assign == "stratified" and given == (None, None, None)


def _read_table(
    config: SplitsConfig, subjects: SubjectSettings, naming: Naming
) -> dict[str, str] | None:
    """The user's own table (``splits.file``) with hashed ids, or None.

    Raises ConfigError when it can't be read, or puts one unit into two splits, InputError for
    another word than train, val or test.
    """
    if config.file is None:
        return None
    by = config.by
    hashed = naming.subject if by == "subject" else naming.recording
    aliases = subjects.aliases if by == "subject" else {}
    table: dict[str, str] = {}
    rows = read_tsv(Path(config.file), (by, "split"))
    if wrong := [k for k, row in enumerate(rows, start=2) if row["split"] not in SPLITS]:
        raise InputError(  # and never the cell: with columns swapped it is a name
            f"splits file: {len(wrong)} of {len(rows)} {by}s have another split than train, val or "
            f"test, the first of them in row {wrong[0]}; expected one of these in the column "
            f"split, and the {by} in the column {by}: are the columns swapped?"
        )
    for row in rows:
        id_ = hashed(aliases.get(row[by], row[by]))
        if table.setdefault(id_, row["split"]) != row["split"]:
            raise ConfigError(
                f"the splits file puts one {by} ({id_}) into two splits; expected one: leave the "
                "row that is right"
            )
    return table


def _require_splittable(
    scan: FileScan, config: SplitsConfig, official: dict[str, str] | None
) -> None:
    by_recording = config.by == "recording"
    units = set(scan.subjects) if by_recording else set(scan.subjects.values())
    if official is None:
        assign([SplitUnit(unit, False) for unit in sorted(units)], config, 0)
    elif not config.folders:
        check_given(official, units, config.by)
