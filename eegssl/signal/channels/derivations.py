"""Find channels that repeat another: doubled and sign-flipped derivations.

A masked channel could be read off its visible copy: of CHB-MIT's 23 channels, T8-P8 comes
twice and P7-T7 is T7-P7 upside down.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from eegssl.signal.channels.electrodes import parse_channel


@dataclass(frozen=True)
class Redundant:
    """Channel ``index`` equals ``sign`` (1 or -1) times the earlier channel ``same_as``."""

    index: int
    same_as: int
    sign: int


def redundant_derivations(names: Sequence[str]) -> list[Redundant]:
    """The channels to drop, in order, by labels or canonical names; the first of each is kept.

    What is left has distinct canonical names. Channels of one electrode against different far
    references (``Fp1-REF``, ``Fp1-LE``) count as doubled; channels that aren't EEG never do; sums
    over three channels or more aren't looked for.
    """
    first_seen: dict[str, int] = {}
    redundant: list[Redundant] = []
    for index, label in enumerate(names):
        channel = parse_channel(label)
        if channel.kind != "eeg":
            continue
        flipped = "-".join(reversed(channel.name.split("-")))
        if channel.name in first_seen:
            redundant.append(Redundant(index, first_seen[channel.name], 1))
        elif flipped in first_seen:
            redundant.append(Redundant(index, first_seen[flipped], -1))
        else:
            first_seen[channel.name] = index
    return redundant
