"""Turn window probabilities into detections, by a rule chosen on validation.

The steps, in this order (ours): windows smoothed by a moving mean, overlapping ones averaged onto
time, a threshold, detections joined over short gaps, short detections dropped. The rule is chosen
once on validation subjects and stays with the model: by the mean of SzCORE's event F1 and sample
F1, which is ours. Event F1 alone merges and tolerates so much that a rule may mark minutes for a
seizure of seconds; sample F1 alone hardly misses short seizures. Neither is bought with the other.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator, Field, NonNegativeFloat

from eegssl.artifacts.json_parts import EXACT, Count, Share
from eegssl.errors import InputError
from eegssl.scoring.config import PostprocessConfig, ScoringConfig
from eegssl.scoring.events.counts import EventCounts, ScoringLevel, scoring_level
from eegssl.scoring.events.event_lists import Event, Spans, as_spans, clean_events
from eegssl.scoring.events.event_scores import RecordingEvents, szcore_scores
from eegssl.scoring.events.szcore_counts import szcore_event_counts, szcore_sample_counts
from eegssl.scoring.events.timeline import Timeline, timeline

NOT_CHOSEN = "not chosen"


def _odd(n: int) -> int:
    if n % 2 == 0:
        raise ValueError("expected an odd number of windows")
    return n


@dataclass(frozen=True)
class Postprocess:
    """A rule, and where it came from: its score on so many validation subjects and recordings."""

    __pydantic_config__ = EXACT
    threshold: Share
    smooth: Annotated[int, Field(ge=1, lt=2**31), AfterValidator(_odd)] = 1
    min_duration_s: NonNegativeFloat = 0.0
    merge_gap_s: NonNegativeFloat = 0.0
    criterion: str = NOT_CHOSEN
    score: float | None = None
    n_subjects: Count = 0
    n_recordings: Count = 0

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Postprocess":
        """The rule that `asdict` gave; raises InputError for anything else."""
        try:
            rule = cls(**values)
            numbers = (rule.threshold, rule.smooth, rule.min_duration_s, rule.merge_gap_s)
            sound = all(np.isfinite(numbers)) and rule.smooth % 2 == 1 and min(numbers[1:]) >= 0
        except TypeError as error:
            raise InputError(
                f"post-processing rule: got the fields {sorted(values)}; expected those of "
                "a model's post-processing"
            ) from error
        if not sound:
            raise InputError(
                f"got the post-processing rule {dict(values)}; expected finite numbers"
            )
        return rule


@dataclass(frozen=True)
class Probabilities:
    """Windows of one recording with their probability of a seizure, and its reference events.

    ``start_s``, ``duration`` (seconds) and ``p`` are [n], in any order.
    """

    subject: str
    recording: str
    duration_s: float
    start_s: NDArray[np.floating]
    duration: NDArray[np.floating]
    p: NDArray[np.floating]
    reference: Sequence[Event]


def detections(
    start_s: NDArray[np.floating],
    duration_s: NDArray[np.floating],
    probability: NDArray[np.floating],
    rule: Postprocess,
) -> tuple[Event, ...]:
    """The detections of one recording's windows (arrays [n], any order), sorted and apart.

    No detection reaches over time without a window. Raises InputError as `timeline` does.
    """
    line = timeline(start_s, duration_s, probability, rule.smooth)
    spans = spans_of(line, rule.threshold, rule.merge_gap_s, rule.min_duration_s)
    return tuple((onset, offset) for onset, offset in spans.tolist())


def spans_of(line: Timeline, threshold: float, merge_gap_s: float, min_duration_s: float) -> Spans:
    """The detections [m, 2] on a timeline: threshold, gaps closed, then short ones dropped."""
    spans = line.above(threshold, merge_gap_s)
    return spans[spans[:, 1] - spans[:, 0] >= min_duration_s - 1e-9]


def choose_postprocess(
    recordings: Sequence[Probabilities],
    config: PostprocessConfig = PostprocessConfig(),
    scoring: ScoringConfig = ScoringConfig(),
) -> Postprocess:
    """The rule that maximises the criterion on these recordings, those of validation subjects.

    Among equally good ones: the fewest false alarms, then the fewest detections, then the least
    processing, and of thresholds that are left the middle one (ours): the highest would be the
    least robust. Recordings too short for an event score take no part.
    The rule's ``score`` (by ``timescoring``) is the best of many, so it is too high.
    Raises InputError where none is left, no seizure is in them, or all probabilities are equal.
    """
    lines = scored(recordings, scoring)
    if not any(len(one.reference) for one in lines):
        raise InputError(
            f"got no seizure in {len(lines)} validation recording(s) of at least "
            f"{scoring.shortest_event_recording_s / 60:g} minutes; expected one to choose "
            "post-processing by. Give the validation split longer recordings with seizures."
        )
    values = {float(value) for one in lines for value in np.unique(one.source.p)}
    if len(values) < 2:
        raise InputError(
            "got one probability for all validation windows; expected several, to choose a "
            "threshold of detections by"
        )
    ranked = list(_candidates(lines, config, scoring))
    least = min(key for key, _ in ranked)
    tied = sorted((rule for key, rule in ranked if key == least), key=lambda r: r["threshold"])
    best = tied[len(tied) // 2]
    scores = szcore_scores([_detected(one, best) for one in recordings], scoring)
    return Postprocess(
        **best,
        criterion=config.criterion,
        score=_criterion(scores.event, scores.sample, config),
        n_subjects=len({one.subject for one in lines}),
        n_recordings=len(lines),
    )


@dataclass(frozen=True)
class ScoredRecording:
    """A recording that gets an event score, its reference cleaned, as arrays [n, 2]."""

    source: Probabilities
    reference: Spans

    @property
    def subject(self) -> str:
        """The recording's subject."""
        return self.source.subject

    def line(self, smooth: int) -> Timeline:
        """Its probability over time."""
        return timeline(self.source.start_s, self.source.duration, self.source.p, smooth)

    def within(self, spans: Spans) -> Spans:
        """Detections cut to the recording."""
        cut = np.clip(spans, 0.0, self.source.duration_s)
        return cut[cut[:, 1] > cut[:, 0]]


def scored(recordings: Sequence[Probabilities], scoring: ScoringConfig) -> list[ScoredRecording]:
    """The recordings long enough for an event score, in order of subject and recording."""
    ordered = sorted(recordings, key=lambda one: (one.subject, one.recording))
    keys = [(one.subject, one.recording) for one in ordered]
    if len(set(keys)) < len(keys):
        raise InputError("got a recording more than once; expected it once.")
    return [
        ScoredRecording(one, as_spans(clean_events(one.reference, one.duration_s).events))
        for one in ordered
        if one.duration_s >= scoring.shortest_event_recording_s
    ]


def score_spans(
    recordings: Sequence[ScoredRecording], detected: Sequence[Spans], scoring: ScoringConfig
) -> ScoringLevel:
    """SzCORE's event scores of detections [m, 2], one array a recording."""
    return _level(szcore_event_counts, recordings, detected, scoring)


def _level(
    counts_of: Callable[[Spans, Spans, float], EventCounts],
    recordings: Sequence[ScoredRecording],
    detected: Sequence[Spans],
    scoring: ScoringConfig,
) -> ScoringLevel:
    """Scores of detections [m, 2] by one way of counting."""
    counts = {
        (one.subject, one.source.recording): counts_of(
            one.reference, one.within(spans), one.source.duration_s
        )
        for one, spans in zip(recordings, detected, strict=True)
    }
    return scoring_level(counts, scoring.nan_policy)


def thresholds(lines: Sequence[Timeline], n: int) -> list[float]:
    """Up to ``n`` thresholds, descending, from the highest probability to the lowest.

    All probabilities where no more than ``n`` differ. Else half of the thresholds are evenly apart,
    and half are probabilities that occur, at shares of the time steps from one step to all that
    make a geometric series (ours): seizures are rare, so thresholds matter in the highest few
    per cent of windows, whatever their probabilities are.
    """
    values = np.sort(np.concatenate([line.probability for line in lines]))  # NaN sort last
    values = values[: len(values) - int(np.isnan(values).sum())][::-1]
    if not len(values):
        raise InputError("got no windows in the recordings; expected some to set thresholds by.")
    different = np.unique(values)
    if len(different) <= n:
        return different[::-1].tolist()
    ranks = np.geomspace(1, len(values), n - n // 2).round().astype(np.int64) - 1
    even = np.linspace(values[0], values[-1], n // 2 + 2)[1:-1]
    return np.unique(np.concatenate([values[ranks], even]))[::-1].tolist()


def _candidates(
    recordings: Sequence[ScoredRecording], config: PostprocessConfig, scoring: ScoringConfig
) -> Iterator[tuple[tuple[float, ...], dict[str, Any]]]:
    """Every rule of the grid, with the key by which the best one is the smallest."""
    for smooth in sorted(config.smooth_windows):
        lines = [one.line(smooth) for one in recordings]
        grid = product(
            thresholds(lines, config.n_thresholds), config.merge_gap_s, config.min_duration_s
        )
        for threshold, gap_s, shortest_s in grid:
            detected = [spans_of(line, threshold, gap_s, shortest_s) for line in lines]
            event = score_spans(recordings, detected, scoring)
            sample = _level(szcore_sample_counts, recordings, detected, scoring)
            n_detected = sum(map(len, detected))
            score = round(_criterion(event, sample, config), 12)
            key = (-score, event.pooled.fp, n_detected, smooth, gap_s, shortest_s)
            yield (
                key,
                {
                    "threshold": threshold,
                    "smooth": smooth,
                    "merge_gap_s": gap_s,
                    "min_duration_s": shortest_s,
                },
            )


def _criterion(event: ScoringLevel, sample: ScoringLevel, config: PostprocessConfig) -> float:
    """The number to maximise, an undefined score counted as 0."""
    of_events = event.subject_mean["f1"].mean or 0.0
    if config.criterion == "pooled_event_f1":
        return event.pooled.f1 or 0.0
    if config.criterion == "event_f1":
        return of_events
    return (of_events + (sample.subject_mean["f1"].mean or 0.0)) / 2


def _detected(one: Probabilities, rule: dict[str, Any]) -> RecordingEvents:
    """A recording with what a rule detects in it."""
    events = detections(one.start_s, one.duration, one.p, Postprocess(**rule))
    return RecordingEvents(one.subject, one.recording, one.duration_s, one.reference, events)
