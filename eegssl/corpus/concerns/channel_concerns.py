"""Find concerns about channels: left out, not read, oddly written."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from eegssl.corpus.concerns.concern import Concern, Looked, of_lines

_CURES = {
    "marked-bad": "channels.bads=keep uses those marked bad",
    "unit": "read.units or read.assumed_unit names their unit",
    "limits": "export them again with limits that differ",
    "sampled-too-slowly": "a lower filter.low_hz takes slower ones",
}
_SHOWN = 4
_BY_CHOICE = frozenset({"dropped", "no-electrode"})


def left_out(looked: Looked) -> Sequence[Concern]:
    """Bad channels that cost themselves and not their file."""
    which = [
        (id_, f"{name}: {code}")
        for id_, row in _used(looked)
        for name, code in row["left_out"]
        if code not in _BY_CHOICE
    ]
    codes = {code for _, row in _used(looked) for _, code in row["left_out"]}
    text = "file(s) lack EEG channels that can't be used (limits, unit, rate, NaN, or marked bad)"
    cures = [cure for code, cure in _CURES.items() if code in codes]
    cure = "; ".join([*cures, "how many a file needs: channels.least"])
    return of_lines("channels-left-out", text, cure, which)


def labels_like_electrodes(looked: Looked) -> Sequence[Concern]:
    """Labels that begin like an electrode, and are read as no EEG."""
    labels = {id_: row["odd_labels"] for id_, row in _used(looked) if row["odd_labels"]}
    text = (
        f"label(s) in {len(labels)} file(s) begin like an electrode and are left out; channels.tsv "
        "lists them (--show-names shows the labels)"
    )
    cure = "name them by channels.rename, or a cap by channels.cap"
    which = [(id_, f"{len(some)} labels: {_some(some)}") for id_, some in labels.items()]
    n_labels = sum(map(len, labels.values()))
    return of_lines("labels-like-electrodes", text, cure, which, n_labels)


def used_positions(looked: Looked) -> Sequence[Concern]:
    """Channels that are electrodes by their position in a table."""
    pairs = {id_: p for id_, row in looked.scan.files.items() if (p := row.get("by_position"))}
    n_left = sum(not electrode for some in pairs.values() for _, electrode in some)
    counts = {id_: sum(bool(electrode) for _, electrode in some) for id_, some in pairs.items()}
    text = (
        f"channel(s) in {len(pairs)} file(s) are named after the electrode nearest to their "
        f"position in a BIDS electrodes.tsv (channels.tsv lists them); {n_left} more are left out, "
        "since none is near or another channel is nearer"
    )
    cure = "name them by channels.table; channels.positions=ignore reads labels alone"
    which = [
        (id_, f"{counts[id_]} channels: {_some([f'{a} is {b}' for a, b in some if b])}")
        for id_, some in pairs.items()
    ]
    return of_lines("positions-used", text, cure, which, sum(counts.values()))


def unread_positions(looked: Looked) -> Sequence[Concern]:
    """Channels without the name of an electrode, whose positions in a table were not used."""
    rows = {
        id_: row["unread_positions"] for id_, row in looked.scan.files.items() if "audit" in row
    }
    unread = {id_: (n, problem) for id_, (n, problem) in rows.items() if n}
    problems = dict.fromkeys(problem for _, problem in unread.values())
    text = (
        f"channel(s) in {len(unread)} file(s) have a position in a BIDS electrodes.tsv and no "
        f"name of an electrode, and are no EEG here: the positions are not used ({_some(problems)})"
    )
    cure = "mend the tables, or name them by channels.table, channels.cap or channels.rename"
    which = [(id_, f"{n} channels: {problem}") for id_, (n, problem) in unread.items()]
    return of_lines("positions-unread", text, cure, which, sum(n for n, _ in unread.values()))


def lost_signs(looked: Looked) -> Sequence[Concern]:
    """Units whose micro sign was replaced by a question mark."""
    text = "file(s) name the unit ?V, whose sign was lost: it was read as uV"
    return _noted(looked, "unit-sign-lost", text, "set read.units if it is another")


def decimal_commas(looked: Looked) -> Sequence[Concern]:
    """Limits with a decimal comma."""
    text = "file(s) write limits with a decimal comma, which EDF does not know: they were read so"
    return _noted(looked, "decimal-comma", text, "export them with a point")


def _some(words: Iterable[str]) -> str:
    """The first of some words, each once, and a sign for more."""
    different = list(dict.fromkeys(words))
    return ", ".join(different[:_SHOWN]) + (", …" if len(different) > _SHOWN else "")


def _noted(looked: Looked, note: str, text: str, cure: str) -> Sequence[Concern]:
    which = [(id_, "") for id_, row in _used(looked) if note in row["notes"]]
    return of_lines(note, text, cure, which)


def _used(looked: Looked) -> Iterator[tuple[str, dict[str, Any]]]:
    """Id and scan of the files that are not refused."""
    return ((id_, row) for id_, row in looked.scan.files.items() if "refused" not in row)
