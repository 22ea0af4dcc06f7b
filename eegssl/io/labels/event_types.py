"""Define events, the closed vocabulary of their types, and its spellings.

Source: SzCORE annotation format (Dan et al. 2024), which follows ILAE 2017 and HED-SCORE; its
website writes hyphens, BIDS and we underscores. ``impd`` (impedance check) is SeizeIT2's. What
SzCORE has no word for (spikes, artifacts, sleep stages) is in EXTRA_TYPES, which holds no seizure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eegssl.io.recording_header import Annotation

_MOTOR = ("automatisms", "atonic", "clonic", "spasms", "hyperkinetic", "myoclonic", "tonic")
_NON_MOTOR = ("autonomic", "behavior", "cognitive", "emotional", "sensory")
_GENERALIZED_MOTOR = (
    *("tonicClonic", "clonic", "tonic", "myoclonic"),
    *("myoTC", "myoAtonic", "atonic", "spasms"),
)
_ABSENCE = ("typical", "atypical", "myoclonic", "eyelidMyo", "eyelidMyio")
_UNKNOWN_MOTOR = ("myoclonic", "tonicClonic", "tonicMyio", "hyperkinetic", "spasms")


def _tree(stem: str, motor: tuple[str, ...], non_motor: tuple[str, ...]) -> list[str]:
    """A seizure class with its motor and non-motor kinds."""
    kinds = [stem, f"{stem}_m", f"{stem}_nm", f"{stem}_um"]
    kinds += [f"{stem}_m_{kind}" for kind in motor]
    return kinds + [f"{stem}_nm_{kind}" for kind in non_motor]


SEIZURE_TYPES: tuple[str, ...] = (
    "sz",
    "sz_foc",
    "sz_foc_f2b",
    *_tree("sz_foc_a", _MOTOR, _NON_MOTOR),
    *_tree("sz_foc_ia", _MOTOR, _NON_MOTOR),
    *_tree("sz_foc_ua", _MOTOR, _NON_MOTOR),
    *_tree("sz_gen", _GENERALIZED_MOTOR, _ABSENCE),
    *_tree("sz_uo", _UNKNOWN_MOTOR, ("behavior",)),
    "sz_uc",
)
EVENT_TYPES: tuple[str, ...] = ("bckg", "impd", *SEIZURE_TYPES)
# The classes of TUH's annotation guidelines (Ochal et al. 2020) that are no seizures. TUAR names
# two artifacts at once with two of them.
_TUH_FINDINGS = ("spsw", "gped", "pled", "slow", "intr", "trip", "hphs", "nesz")
ARTIFACT_TYPES: tuple[str, ...] = (
    *("artf", "eyem", "eybl", "chew", "shiv", "musc", "elec", "elpp", "elst", "calb"),
    *("chew_elec", "chew_musc", "eyem_chew", "eyem_elec", "eyem_musc", "eyem_shiv"),
    *("musc_elec", "shiv_elec"),
)
# Rechtschaffen & Kales 1968 (1 to 4) and AASM 2007 (N1 to N3), in the words of EDF+'s standard
# texts; stages 3 and 4 are not N3 here, so that a task may decide.
_SLEEP = {
    "sleep_stage_w": "sleep_wake",
    "sleep_stage_1": "sleep_1",
    "sleep_stage_2": "sleep_2",
    "sleep_stage_3": "sleep_3",
    "sleep_stage_4": "sleep_4",
    "sleep_stage_n1": "sleep_n1",
    "sleep_stage_n2": "sleep_n2",
    "sleep_stage_n3": "sleep_n3",
    "sleep_stage_r": "sleep_rem",
    "sleep_stage_m": "sleep_movement",
    "movement_time": "sleep_movement",
    "sleep_stage_?": "sleep_unscored",
}
SLEEP_TYPES: tuple[str, ...] = tuple(dict.fromkeys(_SLEEP.values()))
EXTRA_TYPES: tuple[str, ...] = (*_TUH_FINDINGS, *ARTIFACT_TYPES, *SLEEP_TYPES)
_ALIASES = {"seizure": "sz", "seiz": "sz", "background": "bckg"} | _SLEEP
_CANONICAL = {name.lower(): name for name in (*EVENT_TYPES, *EXTRA_TYPES)} | _ALIASES
_EDGE = re.compile(
    r"(?:seizure|seiz|sz)[ _-]?(start|starts|onset|begin|begins|on|end|ends|offset|stop|off)"
)
_START = ("start", "starts", "onset", "begin", "begins", "on")
_HINT = re.compile(
    r"sei[zs]|(?<![a-z])sz(?![a-z])|krampf|krämpf|kraempf|cris[ei]|convuls|anf(?:a|ä|ae|a\u0308)ll",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Event:
    """One labelled stretch of a recording; ``channels`` empty means all or not said.

    ``original`` is the corpus's own label where it is not the type itself, and only ever one of a
    closed vocabulary: what somebody typed is no label.
    """

    onset_s: float
    duration_s: float
    type: str
    channels: tuple[str, ...] = ()
    confidence: float | None = None
    source: str = ""
    original: str = ""


@dataclass(frozen=True)
class EventsFound:
    """Events in order of onset, and what was not taken over.

    ``n_dropped``: texts outside the vocabulary. ``n_unresolved``: of those not counted there,
    texts that seem to speak of a seizure and do not say from when to when. ``n_unreadable``:
    broken annotations, ``n_commas`` of them by decimal commas in their times. While one of these
    is above 0, what is no event here need not be background. ``source`` is the kind of file that
    says where seizures are, "" for none. ``n_untyped``: rows of a table that has no column of
    types, as BIDS allows.
    ``annotations`` are the recording's own, with their texts: in memory only.
    """

    events: tuple[Event, ...]
    n_dropped: int = 0
    n_unresolved: int = 0
    n_unreadable: int = 0
    source: str = ""
    n_untyped: int = 0
    n_commas: int = 0
    annotations: "tuple[Annotation, ...]" = field(default=(), repr=False)


def event_type(text: str, markers: tuple[str, ...] = ()) -> str | None:
    """The canonical type of a text, None where it is not in the vocabulary.

    Case and hyphens against underscores do not matter; ``markers`` count verbatim.
    """
    stripped = text.strip()
    if stripped in markers:
        return stripped
    return _CANONICAL.get(re.sub(r"[\s-]+", "_", stripped.lower()))


def original_of(text: str, kind: str) -> str:
    """Text for `Event.original` where `event_type` read a text as ``kind``."""
    return "" if text.strip() == kind else text.strip()


def seizure_edge(text: str) -> str | None:
    """``start`` or ``end`` for texts that mark one edge of a seizure, else None."""
    match = _EDGE.fullmatch(text.strip().lower())
    if not match:
        return None
    return "start" if match[1] in _START else "end"


def mentions_seizure(text: str) -> bool:
    """Whether a text that is no event type still seems to speak of a seizure."""
    return _HINT.search(text) is not None


def is_seizure(kind: str) -> bool:
    """Whether an event type is a seizure of any kind."""
    return kind in SEIZURE_TYPES


def in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    """Events sorted by onset, then duration, then type; one that is listed twice counts once."""
    return tuple(
        sorted(
            dict.fromkeys(events), key=lambda event: (event.onset_s, event.duration_s, event.type)
        )
    )
