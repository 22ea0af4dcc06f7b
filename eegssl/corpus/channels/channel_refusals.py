"""Tell channels that are left out, and files without any."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from eegssl.errors import RecordingRefused
from eegssl.signal.channels.caps import likely_cap
from eegssl.signal.channels.channel_vocabulary import may_be_shown, shown
from eegssl.signal.channels.electrodes import Channel

_SHOWN = 4


@dataclass(frozen=True)
class LeftOut:
    """An EEG channel by its canonical name, with code and reason why it isn't used."""

    name: str
    code: str
    reason: str


def no_eeg(labels: Sequence[str], channels: Sequence[Channel]) -> RecordingRefused:
    """The refusal of a file without a label that names an electrode, and the settings to help."""
    if not channels:
        return RecordingRefused("no-eeg", "the file holds annotations and no signal")
    kinds = Counter(channel.kind for channel in channels)
    there = ", ".join(f"{n} {kind}" for kind, n in sorted(kinds.items()))
    reason = f"none of {len(channels)} signals has the name of an electrode or derivation ({there}"
    others = [label for label, c in zip(labels, channels, strict=True) if c.kind == "other"]
    reason += f"{_some(others)})"
    if cap := likely_cap(labels):
        return RecordingRefused("no-eeg", f"{reason}; they look like a cap: channels.cap={cap}")
    cure = "say which label is which electrode: channels.rename, channels.cap or channels.table"
    return RecordingRefused(
        "no-eeg", f"{reason}; {cure} (eegssl preprocess --plan --show-names lists the labels)"
    )


def too_few(n_used: int, least: int, left_out: Sequence[LeftOut]) -> RecordingRefused:
    """The refusal of a file with too few good channels, under the code of most that are bad."""
    counts = Counter(channel.code for channel in left_out)
    code = counts.most_common(1)[0][0] if counts else "no-eeg"
    if not n_used and len(counts) == 1:
        return RecordingRefused(code, _of_all(left_out))
    codes = ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))
    bad = f", {len(left_out)} were left out ({codes})" if left_out else ""
    reason = f"{n_used} EEG channel(s) can be used{bad}; expected {least} or more (channels.least)"
    return RecordingRefused(code, reason)


def _of_all(left_out: Sequence[LeftOut]) -> str:
    first, n = left_out[0].reason, len(left_out)
    return first if n == 1 else f"all {n} EEG channels; the first: {first}"


def _some(labels: Sequence[str]) -> str:
    """Some of the labels whose words may be shown, and how many more there are."""
    known = list(dict.fromkeys(shown(label) for label in labels if may_be_shown(label)))[:_SHOWN]
    named = ", ".join(f'"{label}"' for label in known)
    return f": {named}{', …' if len(labels) > len(known) else ''}" if known else ""
