"""Draw the EEG of missed events, false alarms and events found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from eegssl.corpus.store import Corpus
from eegssl.reports.embed import png_uri
from eegssl.reports.sections import ReportFigure, Text
from eegssl.reports.trace_figure import DetectedLine, clock, traces_with_predictions
from eegssl.scoring.events.event_lists import Event
from eegssl.scoring.events.postprocess import Postprocess
from eegssl.scoring.events.szcore_counts import AFTER_S, BEFORE_S
from eegssl.scoring.events.timeline import timeline
from eegssl.tasks.labels.measures.detected import Detected, Detections
from eegssl.tasks.labels.predictions import Predictions
from eegssl.tasks.labels.scores import rules_of

MISSED, FALSE, FOUND, UNSCORED = "Missed", "False alarm", "Found", "Detected"
ORDER = (MISSED, FALSE, FOUND, UNSCORED)
"""Kinds of pictures in order of interest."""
_COUNTED = {MISSED: "missed", FALSE: "false", FOUND: "found", UNSCORED: "detected, not scored"}
_WORDS = {
    MISSED: "An event of the reference (red) without a detection near it.",
    FALSE: "A detection (blue) without an event of the reference near it.",
    FOUND: "An event of the reference (red) with a detection (blue) near it.",
    UNSCORED: "A detection (blue) in a recording without labels.",
}
LEAD_S = 10.0
"""Seconds of EEG that are drawn before an event."""


@dataclass(frozen=True)
class Picture:
    """An event worth looking at, as SzCORE joins and cuts them, and its recording."""

    kind: str
    recording: Detected
    span: Event


def pictures_of(detections: Detections) -> list[Picture]:
    """Every event that was missed, raised a false alarm or was found, in order of interest."""
    pictures = [picture for one in detections.recordings for picture in _of_recording(one)]
    return sorted(pictures, key=lambda picture: ORDER.index(picture.kind))


def chosen(pictures: Sequence[Picture], count: int) -> list[Picture]:
    """The pictures that are drawn: of each kind as many, one of each subject before a second.

    They come back in order of interest.
    """
    by_kind = [list(_in_turn([p for p in pictures if p.kind == kind])) for kind in ORDER]
    in_turn = [p for several in zip_longest(*by_kind) for p in several if p is not None]
    return sorted(in_turn[:count], key=lambda picture: ORDER.index(picture.kind))


def event_pictures(
    corpus: Corpus, predictions: Predictions, detections: Detections, count: int, seconds: float
) -> tuple[Text | ReportFigure, ...]:
    """Say how many events there are to look at, and draw ``count`` of them, ``seconds`` each."""
    every = pictures_of(detections)
    if not every:
        return (Text("Nothing was detected, and the reference holds no event: nothing to draw."),)
    drawn = chosen(every, count)
    numbers = {kind: sum(p.kind == kind for p in every) for kind in ORDER}
    counts = ", ".join(f"{n:,} {_COUNTED[kind]}" for kind, n in numbers.items() if n)
    words = f"Events to look at: {counts}."
    if len(drawn) < len(every):
        words += (
            f" {len(drawn):,} of them are drawn, {len(every) - len(drawn):,} are left out; "
            f"evaluate --set traces={len(every)} draws all."
        )
    return (Text(words), *(_figure(corpus, predictions, p, seconds) for p in drawn))


def _of_recording(one: Detected) -> Iterator[Picture]:
    if not one.labelled:
        yield from (Picture(UNSCORED, one, span) for span in one.detections)
        return
    verdicts = one.verdicts
    for kind, spans in (
        (MISSED, verdicts.reference[~verdicts.hit]),
        (FALSE, verdicts.alarms[verdicts.false]),
        (FOUND, verdicts.reference[verdicts.hit]),
    ):
        yield from (Picture(kind, one, (on, off)) for on, off in spans.tolist())


def _in_turn(pictures: Sequence[Picture]) -> Iterator[Picture]:
    """One of each subject before a second of any."""
    of_subject: dict[str, list[Picture]] = {}
    for picture in pictures:
        of_subject.setdefault(picture.recording.subject, []).append(picture)
    for several in zip_longest(*of_subject.values()):
        yield from (picture for picture in several if picture is not None)


def _figure(
    corpus: Corpus, predictions: Predictions, picture: Picture, seconds: float
) -> ReportFigure:
    one = picture.recording
    recording = next(r for r in corpus.recordings if r.id == one.recording)
    onset_s = picture.span[0]
    start_s = max(0.0, min(onset_s - LEAD_S, one.duration_s - seconds))
    first = round(start_s * corpus.sfreq_hz)
    last = min(recording.n_samples, first + round(seconds * corpus.sfreq_hz))
    rows = np.array(predictions.recording) == one.recording
    windows = (predictions.start_s[rows], predictions.duration_s[rows])
    p = predictions.probabilities[rows, 1]
    figure = traces_with_predictions(
        corpus.read_uv(recording, first, last),
        recording.channels,
        corpus.sfreq_hz,
        start_s,
        *windows,
        p,
        one.reference,
        None,
        predictions.classes[1],
        _line(one, windows, p, rules_of(predictions)[one.recording]),
    )
    begin, end = (clock(t, one.duration_s) for t in picture.span)
    return ReportFigure(
        f"{picture.kind}: {begin} to {end}, recording {one.recording}, subject {one.subject}",
        " ".join(_words(picture, start_s, start_s + seconds)),
        f"EEG traces of recording {one.recording}: {picture.kind.lower()} at {begin}",
        png_uri(figure, dpi=110, colours=128),
    )


def _line(
    one: Detected, windows: tuple[np.ndarray, np.ndarray], p: np.ndarray, rule: Postprocess
) -> DetectedLine:
    line = timeline(*windows, p, rule.smooth)
    return DetectedLine(line.edges_us / 1e6, line.probability, rule.threshold, one.detections)


def _words(picture: Picture, start_s: float, stop_s: float) -> Iterator[str]:
    """Explain a picture, and what of its event lies beyond it."""
    one, (onset_s, offset_s) = picture.recording, picture.span
    yield _WORDS[picture.kind]
    if offset_s > stop_s:
        yield f"It goes on beyond the picture, to {clock(offset_s, one.duration_s)}."
    if picture.kind == FOUND:
        near = onset_s - BEFORE_S, offset_s + AFTER_S
        alarms = [span for span in one.detections if span[1] > near[0] and span[0] < near[1]]
        for first_s, last_s in alarms[:1]:
            beyond = " beyond the picture," if first_s >= stop_s or last_s <= start_s else ""
            when = clock(first_s, one.duration_s)
            yield f"Its first alarm begins{beyond} at {when}: {first_s - onset_s:+.1f} s."
