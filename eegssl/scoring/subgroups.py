"""Score strata: age, sex, kind of seizure, recording length.

Every recording is in exactly one stratum of age, sex and length, and in one for each kind of
seizure that it holds; unknown traits have their own stratum, "n/a". Strata of few patients are
marked as small.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.errors import InputError

UNKNOWN = "n/a"
NO_SEIZURE = "no seizure"
SMALL_BELOW_PATIENTS = 10
"""A stratum of fewer patients is marked as small (ours; the bootstrap's own limit)."""

AGE_BANDS_YEARS: dict[str, float] = {
    "under 28 days": 28 / 365.25,
    "28 days to 1 year": 2.0,
    "2 to 11 years": 12.0,
    "12 to 17 years": 18.0,
    "18 to 64 years": 65.0,
    "65 years and over": np.inf,
}
"""Band -> its upper edge in years, which belongs to the next (ICH E11(R1) and E7)."""

LENGTH_BANDS_H: dict[str, float] = {
    "under 1 h": 1.0,
    "1 to 6 h": 6.0,
    "6 to 24 h": 24.0,
    "24 h and over": np.inf,
}
"""Band -> its upper edge in hours, which belongs to the next (ours)."""

SEIZURE_CLASSES: dict[str, str] = {
    "sz_foc": "focal onset",
    "sz_gen": "generalized onset",
    "sz_uo": "unknown onset",
    "sz": "unclassified",
}
"""First words of a SzCORE event type -> ILAE 2017 class; the first that fits counts."""

SEXES: dict[str, str] = {"f": "female", "m": "male", "o": "other"}
"""As participants tables of BIDS write it -> in words."""


@dataclass(frozen=True)
class Traits:
    """Traits of one recording; None is unknown.

    ``seizure_types`` names the type of each seizure in it, () where there is none; None where
    it was not annotated.
    """

    subject: str
    duration_s: float
    age_years: float | None = None
    sex: str | None = None
    seizure_types: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Stratum:
    """Recordings that share a trait: their places in the list, and their amount.

    ``n_seizures`` are of the stratum's own kind where ``by`` is the kind of seizure.
    """

    by: str
    name: str
    recordings: tuple[int, ...] = field(repr=False)
    n_patients: int
    n_seizures: int
    hours: float

    @property
    def small(self) -> str:
        """ "small: 3 patients", or "" from ten patients up."""
        if self.n_patients >= SMALL_BELOW_PATIENTS:
            return ""
        return f"small: {self.n_patients} patient{'s' if self.n_patients != 1 else ''}"


@dataclass(frozen=True)
class StratumScores:
    """A stratum with its scores."""

    stratum: Stratum
    scores: Mapping[str, float | None]

    def as_dict(self) -> dict[str, Any]:
        """Counts, scores and whether the stratum is small as plain values for JSON."""
        stratum = self.stratum
        return {
            "by": stratum.by,
            "stratum": stratum.name,
            "n_patients": stratum.n_patients,
            "n_recordings": len(stratum.recordings),
            "n_seizures": stratum.n_seizures,
            "hours": stratum.hours,
            "small": stratum.small,
            "scores": dict(self.scores),
        }


def strata(recordings: Sequence[Traits]) -> list[Stratum]:
    """All strata that hold a recording, in the order of the tables above, "n/a" last."""
    divided = []
    for by, (names_of, order) in _DIVISIONS.items():
        names = [names_of(traits) for traits in recordings]
        for name in order:
            members = tuple(k for k, names_held in enumerate(names) if name in names_held)
            if members:
                divided.append(_stratum(by, name, members, recordings))
    return divided


def score_strata(
    recordings: Sequence[Traits],
    score: Callable[[NDArray[np.int64]], Mapping[str, float | None]],
) -> list[StratumScores]:
    """The scores of each stratum; ``score`` takes the places [m] of its recordings.

    By kind of seizure, a recording with two kinds counts whole in both, false alarms included;
    a sensitivity to one kind needs the other kinds' events taken out by ``score`` itself.
    """
    return [
        StratumScores(stratum, score(np.array(stratum.recordings, dtype=np.int64)))
        for stratum in strata(recordings)
    ]


def seizure_class(event_type: str) -> str:
    """The class of a seizure from its SzCORE type, hyphens as underscores; "n/a" for no seizure."""
    words = event_type.lower().replace("-", "_")
    for first, name in SEIZURE_CLASSES.items():
        if words == first or words.startswith(first + "_"):
            return name
    return UNKNOWN


def _classes(traits: Traits) -> set[str]:
    if traits.seizure_types is None:
        return {UNKNOWN}
    return {seizure_class(kind) for kind in traits.seizure_types} or {NO_SEIZURE}


def band(value: float | None, upper_edges: Mapping[str, float]) -> str:
    """The first band whose upper edge lies above a value; "n/a" for an unknown one."""
    if value is None or np.isnan(value):
        return UNKNOWN
    if value < 0 or np.isinf(value):
        raise InputError(f"got {value} for an age or a length; expected a number from 0.")
    return next(name for name, edge in upper_edges.items() if value < edge)


def _stratum(by: str, name: str, places: tuple[int, ...], recordings: Sequence[Traits]) -> Stratum:
    members = [recordings[k] for k in places]
    kinds = [kind for traits in members for kind in traits.seizure_types or ()]
    if by == BY_SEIZURE:
        kinds = [kind for kind in kinds if seizure_class(kind) == name]
    return Stratum(
        by=by,
        name=name,
        recordings=places,
        n_patients=len({traits.subject for traits in members}),
        n_seizures=len(kinds),
        hours=sum(traits.duration_s for traits in members) / 3600,
    )


BY_SEIZURE = "kind of seizure"
_NamesOf = Callable[[Traits], Iterable[str]]
_DIVISIONS: dict[str, tuple[_NamesOf, tuple[str, ...]]] = {
    "age": (lambda t: {band(t.age_years, AGE_BANDS_YEARS)}, (*AGE_BANDS_YEARS, UNKNOWN)),
    "sex": (lambda t: {SEXES.get(t.sex or "", UNKNOWN)}, (*SEXES.values(), UNKNOWN)),
    BY_SEIZURE: (_classes, (*dict.fromkeys(SEIZURE_CLASSES.values()), NO_SEIZURE, UNKNOWN)),
    "length of recording": (
        lambda t: {band(t.duration_s / 3600, LENGTH_BANDS_H)},
        tuple(LENGTH_BANDS_H),
    ),
}
