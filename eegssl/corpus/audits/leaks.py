"""Find training data among recordings to score, before scoring them.

Ids are not enough: a person may have another name (`aliases`), and a signal another id, key or
corpus (sketches of waveforms).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.manifest import Artifact, FittedOn
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import LeakError
from eegssl.signal.waveform import Sketches

STATISTICS = "statistics"
"""The fact of a manifest that names what was chosen on which recordings: name -> ids."""

REMEDIES: dict[str, str] = {
    "recording": "score other recordings",
    "subject": "train on this folder's own training subjects, or score others",
    "waveform": "take the copies out of what is scored, or give both the same subject "
    "(subjects.aliases)",
    "statistics": "choose thresholds, normalisation and post-processing on validation subjects, "
    "and score others",
    "overlap": "leave a gap between the windows of different splits",
    "twice": "score each window once: do two tables hold the same recording?",
}
"""Each kind of leak -> its remedy."""
_IDS_SHOWN = 3
_SAME_TIME_S = 1e-6


@dataclass(frozen=True)
class Leak:
    """``n`` leaks of one kind (a key of `REMEDIES`), with hashed ids in ``what``."""

    kind: str
    what: str
    n: int

    def in_words(self) -> str:
        """The leak in a line."""
        return f"{self.kind}: {self.n} {self.what}"


@dataclass(frozen=True)
class Times:
    """Windows [n] by id of their recording, start and length."""

    recording: Sequence[str]
    start_s: NDArray[np.float64]
    duration_s: NDArray[np.float64]


@dataclass(frozen=True)
class Upstream:
    """What artifacts were fitted on, to be looked through again and again.

    ``chosen_on`` names what else was chosen on which recordings or subjects (ids).
    """

    fitted_on: FittedOn
    chosen_on: Mapping[str, Collection[str]]

    @classmethod
    def of(
        cls,
        artifacts: Sequence[Artifact],
        statistics: Mapping[str, Collection[str]] = MappingProxyType({}),
        also: FittedOn = FittedOn(),
    ) -> "Upstream":
        """What these artifacts were fitted on together, and ``also`` and ``statistics`` besides."""
        fitted_on = also
        chosen_on = {name: set(ids) for name, ids in statistics.items()}
        for artifact in artifacts:
            fitted_on |= artifact.manifest.fitted_on
            for name, ids in artifact.manifest.facts.get(STATISTICS, {}).items():
                chosen_on.setdefault(name, set()).update(ids)
        return cls(fitted_on, chosen_on)

    @cached_property
    def sketches(self) -> Sketches:
        """The index of all waveforms, made when it is first searched."""
        return Sketches(self.fitted_on.sketches)

    @cached_property
    def recordings(self) -> frozenset[str]:
        """Ids of all recordings."""
        return frozenset(self.fitted_on.recordings)

    def leaks(self, corpus: Corpus, recordings: Sequence[Recording]) -> list[Leak]:
        """The leaks of ``recordings`` (of ``corpus``) into these artifacts."""
        person = _people(
            [
                *self.fitted_on.aliases,
                *((alias, r.subject) for r in corpus.recordings for alias in r.aliases),
            ]
        )
        return [
            *_recordings(self, recordings),
            *_subjects(self.fitted_on, recordings, person),
            *_waveforms(self, recordings),
            *_statistics(self.chosen_on, recordings, person),
        ]


def audit(
    upstream: Artifact | Sequence[Artifact],
    corpus: Corpus,
    recordings: Sequence[Recording],
    *,
    scored: Times | None = None,
    fitted: Times | None = None,
    statistics: Mapping[str, Collection[str]] | None = None,
    also: FittedOn = FittedOn(),
) -> list[Leak]:
    """The leaks of ``recordings`` (of ``corpus``) into something upstream.

    ``also`` adds what a system that is no artifact, such as a baseline, was fitted on.
    ``scored`` are the windows to score, ``fitted`` those that were trained on. ``statistics``
    names what else was chosen on which recordings or subjects; it is added to what the manifests
    say. Recordings of a folder that was split by recording may share a subject with training.
    """
    artifacts = [upstream] if isinstance(upstream, Artifact) else list(upstream)
    leaks = Upstream.of(artifacts, statistics or {}, also).leaks(corpus, recordings)
    return leaks + (audit_windows(scored, fitted) if scored is not None else [])


def audit_windows(scored: Times, fitted: Times | None = None) -> list[Leak]:
    """Windows to score that overlap one that was trained on, or come more than once."""
    leaks = []
    if fitted is not None and (n := _n_overlapping(scored, fitted)):
        leaks.append(Leak("overlap", f"of {len(scored.start_s)} windows overlap one trained on", n))
    starts = np.round(scored.start_s / _SAME_TIME_S).astype(np.int64).tolist()
    again = len(starts) - len(set(zip(scored.recording, starts, strict=True)))
    if again:
        leaks.append(Leak("twice", f"of {len(starts)} windows are there already", again))
    return leaks


def refuse(leaks: Sequence[Leak], *upstream: Artifact) -> None:
    """Raise LeakError with all leaks, and what to do about each, if there are any."""
    if not leaks:
        return
    names = ", ".join(str(a.path) for a in upstream)
    cause = f"{names} or something upstream was fitted on what is to be scored. " if names else ""
    listed = "; ".join(f"{leak.in_words()}: {REMEDIES[leak.kind]}" for leak in leaks)
    facts = [{"kind": leak.kind, "n": leak.n, "what": leak.what} for leak in leaks]
    raise LeakError(f"{cause}{listed}; --allow-leak scores it, and marks it", leaks=facts)


def _recordings(seen: Upstream, recordings: Sequence[Recording]) -> Iterable[Leak]:
    leaked = sorted({r.id for r in recordings} & seen.recordings)
    if leaked:
        yield Leak(
            "recording", f"of {len(recordings)} recordings to score ({_some(leaked)})", len(leaked)
        )


def _subjects(
    fitted_on: FittedOn, recordings: Sequence[Recording], person: Mapping[str, str]
) -> Iterable[Leak]:
    apart = {r.subject for r in recordings if not r.within_subject}
    trained = {person.get(subject, subject) for subject in fitted_on.subjects}
    leaked = sorted(subject for subject in apart if person.get(subject, subject) in trained)
    if leaked:
        renamed = len(set(leaked) - set(fitted_on.subjects))
        more = f", {renamed} of them under another name" if renamed else ""
        yield Leak("subject", f"of the subjects to score ({_some(leaked)}){more}", len(leaked))


def _waveforms(seen: Upstream, recordings: Sequence[Recording]) -> Iterable[Leak]:
    """The same signal under another id; ``_recordings`` finds those of the same id."""
    others = [r for r in recordings if r.id not in seen.recordings]
    copies = {r.id: list(seen.sketches.like(r.sketch)) for r in others}
    pairs = [f"{id_} = {like[0]}" for id_, like in sorted(copies.items()) if like]
    if pairs:
        yield Leak(
            "waveform",
            f"of {len(recordings)} recordings to score have the signal of one that was trained on, "
            f"under another id ({_some(pairs)})",
            len(pairs),
        )


def _statistics(
    chosen_on: Mapping[str, Collection[str]],
    recordings: Sequence[Recording],
    person: Mapping[str, str],
) -> Iterable[Leak]:
    tested = {r.id for r in recordings}
    tested |= {person.get(r.subject, r.subject) for r in recordings if not r.within_subject}
    used = {
        name: n
        for name, ids in sorted(chosen_on.items())
        if (n := len({person.get(id_, id_) for id_ in ids} & tested))
    }
    if used:
        names = ", ".join(used)
        yield Leak(
            STATISTICS, f"of those to score were used to choose: {names}", max(used.values())
        )


def _people(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Id -> one id for all names of a person, of ids that come in pairs."""
    above: dict[str, str] = {}

    def root(id_: str) -> str:
        while id_ in above:
            id_ = above[id_]
        return id_

    pairs = sorted(pairs)
    for one, other in pairs:
        first, last = sorted((root(one), root(other)))
        if first != last:
            above[last] = first
    return {id_: root(id_) for pair in pairs for id_ in pair}


def _n_overlapping(scored: Times, fitted: Times) -> int:
    """Count windows of ``scored`` that overlap one of ``fitted`` in the same recording."""
    by_recording: dict[str, list[int]] = {}
    for k, recording in enumerate(fitted.recording):
        by_recording.setdefault(recording, []).append(k)
    to_score: dict[str, list[int]] = {}
    for k, recording in enumerate(scored.recording):
        if recording in by_recording:
            to_score.setdefault(recording, []).append(k)
    total = 0
    for recording, windows in to_score.items():
        places = np.array(by_recording[recording])
        places = places[np.argsort(fitted.start_s[places], kind="stable")]
        starts_s = fitted.start_s[places]
        ends_s = np.maximum.accumulate(starts_s + fitted.duration_s[places])
        begins_s = scored.start_s[windows]
        before = np.searchsorted(starts_s, begins_s + scored.duration_s[windows] - _SAME_TIME_S)
        reach_s = np.concatenate([[-np.inf], ends_s])[before]
        total += int((reach_s > begins_s + _SAME_TIME_S).sum())
    return total


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_IDS_SHOWN]) + (" …" if len(ids) > _IDS_SHOWN else "")
