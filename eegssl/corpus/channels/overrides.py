"""Gather what settings and tables say of a file's channels."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from fnmatch import fnmatchcase
from pathlib import Path

from eegssl.corpus.channels.placed_labels import PlacedLabels, place_labels
from eegssl.errors import ConfigError
from eegssl.io.config import ReadSettings
from eegssl.io.physical_units import microvolts_per_unit, require_voltage
from eegssl.io.recording_header import RecordingHeader
from eegssl.io.tables.channel_tables import (
    BidsChannel,
    TableRow,
    bids_channels_file,
    read_bids_channels,
    read_channel_table,
)
from eegssl.io.tables.electrode_positions import read_electrode_positions
from eegssl.signal.channels.caps import NONE, cap_electrodes, contact_of, wears
from eegssl.signal.channels.channel_names import require_channel, require_reference
from eegssl.signal.channels.electrodes import parse_channel, parse_channels, plain_label
from eegssl.signal.config import ChannelSettings

DROP = "drop"
# BIDS: types that are kept beside the EEG, and those that say no more than a label does.
_AUXILIARY = {"EOG": "eog", "HEOG": "eog", "VEOG": "eog", "ECG": "ecg", "EMG": "emg"}
_EEG = ("EEG", "")


@dataclass(frozen=True)
class Override:
    """What counts for one signal in place of its header; empty, None and 1 change nothing.

    ``left_out`` is the code why the channel isn't used: ``dropped``, ``marked-bad``,
    ``no-electrode``, ``non-finite``; ``kind`` is ecg, eog, emg or other. ``by_position``: the
    label, or that there is none, was found by the electrode's position.
    """

    label: str = ""
    kind: str = ""
    reference: str = ""
    unit: str = ""
    spare_unit: str = ""
    scale: float = 1.0
    left_out: str = ""
    by_position: bool = False


@dataclass(frozen=True)
class ChannelRules:
    """All that may say something of channels; ``table`` are the rows of ``channels.table``."""

    channels: ChannelSettings
    read: ReadSettings
    table: tuple[TableRow, ...] = ()


NO_RULES = ChannelRules(ChannelSettings(), ReadSettings())
"""The rules of the default settings."""


def channel_rules(channels: ChannelSettings, read: ReadSettings) -> ChannelRules:
    """The rules of a corpus.

    Raises ConfigError for a name that is no channel, a unit that is no voltage, or a table that
    can't be read.
    """
    for name in channels.rename.values():
        _checked("channels.rename", require_channel, name)
    for unit in read.units.values():
        _checked("read.units", require_voltage, unit)
    if read.assumed_unit is not None:
        _checked("read.assumed_unit", require_voltage, read.assumed_unit)
    if channels.reference is not None:
        reference = _checked("channels.reference", require_reference, channels.reference)
        channels = channels.model_copy(update={"reference": reference})
    if channels.table is None:
        return ChannelRules(channels, read)
    rows = read_channel_table(Path(channels.table))
    return ChannelRules(channels, read, tuple(_row(row, channels.table) for row in rows))


def _row(row: TableRow, path: str) -> TableRow:
    """A row of the table whose name and reference are ones; raises ConfigError."""
    if row.name and row.name.lower() != DROP:
        _checked(path, require_channel, row.name)
    reference = _checked(path, require_reference, row.reference) if row.reference else ""
    return replace(row, reference=reference)


def _checked(where: str, require: Callable[[str], str], value: str) -> str:
    try:
        return require(value)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None


def overrides_of(
    header: RecordingHeader, relative: str, rules: ChannelRules
) -> tuple[Override, ...]:
    """An override for each signal of the file at a path below its folder, or () without any.

    The user's table counts before the settings, these before a BIDS ``channels.tsv``; a position in
    an ``electrodes.tsv`` counts for labels that name no electrode. Raises RecordingRefused for a
    ``channels.tsv`` that can't be read.
    """
    path = bids_channels_file(header.path)
    bids = read_bids_channels(path) if path else {}
    cap = rules.channels.cap
    labels = [header.labels[i] for i in header.ordinary_signals]
    if cap is not None and not wears(labels, cap):
        cap = None
    rows = [row for row in rules.table if not row.file or fnmatchcase(relative, row.file)]
    overrides = tuple(
        _over(_of_header(header, index, rules), _override(label, relative, rules, rows, bids, cap))
        for index, label in enumerate(header.labels)
    )
    if rules.channels.positions == "use":
        placed = labels_by_position(header, overrides)
        overrides = tuple(
            _over(override, _of_position(placed.electrodes[label]))
            if has_no_name(override) and label in placed.electrodes
            else override
            for label, override in zip(header.labels, overrides, strict=True)
        )
    return overrides if any(override != Override() for override in overrides) else ()


def labels_by_position(header: RecordingHeader, overrides: Sequence[Override]) -> PlacedLabels:
    """The electrodes of labels that name none and that nothing else speaks of, by position."""
    indices = header.ordinary_signals
    texts = texts_of(header, overrides)
    channels = parse_channels(texts)
    unknown = [
        header.labels[index]
        for index, channel in zip(indices, channels, strict=True)
        if channel.kind == "other" and (not overrides or has_no_name(overrides[index]))
    ]
    if not unknown:
        return PlacedLabels()
    taken = frozenset(name for channel in channels for name in channel.electrodes)
    return place_labels(read_electrode_positions(header.path), unknown, taken)


def texts_of(header: RecordingHeader, overrides: Sequence[Override]) -> list[str]:
    """What each ordinary signal is read by: its label or the override's; empty for those hidden.

    Hidden are those that are dropped, or no electrode: a cap's B7 is not read beside others.
    """
    hidden = {"no-electrode", "dropped"}
    pairs = [
        (header.labels[i], overrides[i] if overrides else Override())
        for i in header.ordinary_signals
    ]
    return ["" if o.left_out in hidden else o.label or label for label, o in pairs]


def has_no_name(override: Override) -> bool:
    """Whether nothing but the label says which channel a signal is."""
    return not (override.label or override.kind or override.left_out in ("dropped", "no-electrode"))


def _of_position(electrode: str) -> Override:
    if electrode:
        return Override(label=electrode, by_position=True)
    return Override(left_out="no-electrode", by_position=True)


def _override(
    label: str,
    relative: str,
    rules: ChannelRules,
    rows: Iterable[TableRow],
    bids: Mapping[str, BidsChannel],
    cap: str | None,
) -> Override:
    steps = [
        _of_bids(bids.get(label), keep=rules.channels.bads == "keep"),
        _of_cap(label, cap),
        _of_settings(label, relative, rules),
        *(_of_row(row) for row in rows if matches(row.label, label)),
    ]
    return functools.reduce(_over, steps)


def _over(one: Override, other: Override) -> Override:
    """One override with all that another says in its place; a name brings a contact back."""
    values = {f.name: getattr(other, f.name) for f in fields(Override)}
    changes = {k: v for k, v in values.items() if v != getattr(Override(), k)}
    if other.label and one.left_out == "no-electrode":
        changes = {"left_out": ""} | changes
    return replace(one, **changes)


def _of_header(header: RecordingHeader, index: int, rules: ChannelRules) -> Override:
    """What the file itself says beside the label: kind, and whether it can be used."""
    kind = header.kinds[index] if header.kinds else ""
    fault = header.faults[index] if header.faults else ""
    if kind or (fault == "marked-bad" and rules.channels.bads == "keep"):
        fault = ""
    return Override(kind=kind, left_out=fault)


def _of_bids(channel: BidsChannel | None, *, keep: bool) -> Override:
    if channel is None:
        return Override()
    kind = "" if channel.type in _EEG else _AUXILIARY.get(channel.type, "other")
    unit = channel.unit if microvolts_per_unit(channel.unit) else ""
    left_out = "marked-bad" if channel.bad and not kind and not keep else ""
    return Override(kind=kind, spare_unit=unit, left_out=left_out)


def _of_cap(label: str, cap: str | None) -> Override:
    contact = contact_of(label, cap) if cap else None
    if cap is None or contact is None:
        return Override()
    electrode = cap_electrodes(cap)[contact]
    return Override(left_out="no-electrode") if electrode == NONE else Override(label=electrode)


def _of_settings(label: str, relative: str, rules: ChannelRules) -> Override:
    channels, read = rules.channels, rules.read
    names = [v for k, v in channels.rename.items() if plain_label(k) == plain_label(label)]
    units = [unit for pattern, unit in read.units.items() if matches(pattern, label)]
    factors = [
        factor
        for pattern, factor in read.scale.items()
        if fnmatchcase(relative, pattern) or matches(pattern, label)
    ]
    dropped = any(matches(pattern, label) for pattern in channels.drop)
    return Override(
        label=names[-1] if names else "",
        reference=channels.reference or "",
        unit=units[-1] if units else "",
        scale=factors[-1] if factors else 1.0,
        left_out="dropped" if dropped else "",
    )


def _of_row(row: TableRow) -> Override:
    dropped = row.name.lower() == DROP
    return Override(
        label="" if dropped else row.name,
        reference=row.reference,
        unit=row.unit,
        scale=1.0 if row.scale is None else row.scale,
        left_out="dropped" if dropped else "",
    )


def matches(pattern: str, label: str) -> bool:
    """Whether a pattern is that of a label as written, or of the channel that it is read as."""
    wanted = plain_label(pattern)
    return any(fnmatchcase(text, wanted) for text in _spellings(label))


def _spellings(label: str) -> Iterator[str]:
    yield plain_label(label)
    yield parse_channel(label).name.upper()
