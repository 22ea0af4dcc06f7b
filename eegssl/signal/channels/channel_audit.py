"""What the labels of channels became, and how often: the table by which a person checks the names.

Labels are free text. One is shown only if all its words are channel words; see
`eegssl.signal.channels.channel_words`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from eegssl.signal.channels.channel_words import shown
from eegssl.signal.channels.electrodes import Channel, parse_channels

KINDS = ("eeg", "ecg", "eog", "emg", "other")

Entry = tuple[str, str, str, str]
"""``found``, ``became``, ``kind`` and ``reference``, as in `AuditRow`."""


@dataclass(frozen=True)
class AuditRow:
    """A label as ``found`` (or `WITHHELD`), what it ``became``, and in how many recordings, ``n``.

    ``became`` is the canonical name, empty for kind ``other``, whose channels aren't used.
    """

    found: str
    became: str
    kind: str
    reference: str
    n: int


def audit_one(labels: Sequence[str]) -> Counter[Entry]:
    """The labels of one recording, each reading once; add counters to merge recordings."""
    read = zip(labels, parse_channels(labels), strict=True)
    return Counter({(shown(label), _became(c), c.kind, c.reference) for label, c in read})


def audit_rows(counts: Counter[Entry]) -> list[AuditRow]:
    """The rows of merged counters, by kind, the most frequent first."""
    rows = [AuditRow(*entry, n) for entry, n in counts.items()]
    return sorted(rows, key=lambda r: (KINDS.index(r.kind), -r.n, r.became, r.found, r.reference))


def audit(label_lists: Iterable[Sequence[str]]) -> list[AuditRow]:
    """The audit of recordings by their labels."""
    counts: Counter[Entry] = Counter()
    for labels in label_lists:
        counts += audit_one(labels)
    return audit_rows(counts)


def _became(channel: Channel) -> str:
    return "" if channel.kind == "other" else channel.name
