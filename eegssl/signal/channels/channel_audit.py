"""Tabulate how channel labels were read, for a person to check.

A label is free text: it is shown only if all its words are in the channel vocabulary
(`eegssl.signal.channels.channel_vocabulary`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eegssl.signal.channels.channel_vocabulary import shown
from eegssl.signal.channels.electrodes import Channel, parse_channels

KINDS = ("eeg", "ecg", "eog", "emg", "other")

Entry = tuple[str, str, str, str]
"""``label``, ``became``, ``kind`` and ``reference``, as in `AuditRow`."""


@dataclass(frozen=True)
class AuditRow:
    """Reading of a ``label`` (or `WITHHELD`) in ``n`` recordings.

    ``became`` is the canonical name, empty for kind ``other``, whose channels aren't used.
    """

    label: str
    became: str
    kind: str
    reference: str
    n: int


def audit_one(labels: Sequence[str], channels: Sequence[Channel] | None = None) -> Counter[Entry]:
    """Count the readings of one recording's labels; add counters to merge recordings.

    ``channels`` are the readings, where they are not those of the labels alone.
    """
    readings = zip(labels, channels or parse_channels(labels), strict=True)
    return Counter({(shown(label), _became(c), c.kind, c.reference) for label, c in readings})


def audit_rows(counts: Counter[Entry]) -> list[AuditRow]:
    """The rows of merged counters, by kind, the most frequent first."""
    rows = [AuditRow(*entry, n) for entry, n in counts.items()]
    return sorted(rows, key=lambda r: (KINDS.index(r.kind), -r.n, r.became, r.label, r.reference))


def _became(channel: Channel) -> str:
    return "" if channel.kind == "other" else channel.name
