"""Build the page of what was detected in one file."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from eegssl.reports.cautions import banners
from eegssl.reports.cells import counted, heads, hours, number_text
from eegssl.reports.embed import png_uri
from eegssl.reports.sections import (
    Banner,
    Bullets,
    Cell,
    Page,
    Part,
    ReportFigure,
    Section,
    Table,
    Text,
    Tile,
    section,
)
from eegssl.reports.trace_figure import DetectedLine, clock, traces_with_predictions
from eegssl.scoring.events.event_lists import Event
from eegssl.tasks.labels.files.file_prediction import FilePrediction
from eegssl.tasks.labels.files.probability_figure import probability_figure, probability_line
from eegssl.tasks.labels.sections.rule_words import postprocess_words

ReadMicrovolts = Callable[[float, float], NDArray[np.floating]]
"""EEG [C, T] in µV of the model's channels, between two times in seconds within one segment."""

_ROWS = 500
_LEAD_S = 10.0
_RATE_FROM_S = 3600.0  # ours: a shorter recording says nothing of a day
_LIMITS = (
    "This is the answer of a model, which no person has checked: what it detected may be no "
    "seizure, and seizures may be missing. It is no medical device and no diagnosis.",
    "A probability is calibrated for recordings like those that the model was fitted on; for other "
    "patients, electrodes and hospitals it may be too high or too low.",
)
_MISSING = "What is missing"
_SEEN = {
    "recording": "fitted on this recording",
    "waveform": "fitted on the signal of this recording, under another id",
    "subject": "fitted on other EEG of this person",
    "statistics": "chosen on this person or this recording (a threshold, for one)",
}
"""Kinds of leaks, the worst first."""


def file_page(one: FilePrediction, pictures: tuple[ReportFigure, ...] = ()) -> Page:
    """The page of one file; ``pictures`` are drawn below the table (`detection_pictures`)."""
    missing = tuple(_missing(one))
    return Page(
        kicker="Detections in one recording",
        title=one.name,
        lead=f"What a model for the task {one.about.get('task', '')} detected, and when.",
        banners=(*banners(one.about), *_banners(one)),
        tiles=_tiles(one),
        counts=_counts(one),
        sections=(
            section("Probability over the recording", probability_figure(one)),
            section("What was detected", *_detected(one)),
            section("EEG of what was detected", *pictures),
            section(_MISSING, Bullets(missing) if missing else Text("Nothing.")),
            _model_section(one),
            Section("What this page can't show", (Bullets(_LIMITS),)),
        ),
    )


def detection_pictures(
    one: FilePrediction, read_uv: ReadMicrovolts, sfreq_hz: float, count: int, seconds: float
) -> tuple[ReportFigure, ...]:
    """The EEG of the ``count`` most probable detections in order of time, ``seconds`` each."""
    order = sorted(range(len(one.detections)), key=lambda k: -one.confidence[k])[:count]
    return tuple(
        _picture(one, one.detections[k], read_uv, sfreq_hz, seconds) for k in sorted(order)
    )


def _picture(
    one: FilePrediction, span: Event, read_uv: ReadMicrovolts, sfreq_hz: float, seconds: float
) -> ReportFigure:
    first_s, last_s = _view(one, span, seconds)
    shown = (one.times_s < last_s) & (one.times_s + one.window_s > first_s)
    line = probability_line(one)
    detected = DetectedLine(
        line.edges_us / 1e6, line.probability, one.rule.threshold, one.detections
    )
    figure = traces_with_predictions(
        read_uv(first_s, last_s),
        one.channels,
        sfreq_hz,
        first_s,
        one.times_s[shown],
        np.full(int(shown.sum()), one.window_s),
        one.probabilities[shown],
        None,
        None,
        one.kind,
        detected,
    )
    begin, end = (clock(seconds, one.duration_s) for seconds in span)
    beyond = f"It goes on beyond the picture, to {end}." if span[1] > last_s else ""
    title = f"Detected: {begin} to {end}"
    return ReportFigure(title, beyond, f"EEG traces from {begin}", png_uri(figure, 110, 128))


def _view(one: FilePrediction, span: Event, seconds: float) -> tuple[float, float]:
    """The part of a segment that is drawn of a detection."""
    onset_s, length_s = next(s for s in reversed(one.segments) if s[0] <= span[0] + 1e-6)
    last_s = onset_s + length_s
    first_s = max(onset_s, min(span[0] - _LEAD_S, last_s - seconds))
    return first_s, min(last_s, first_s + seconds)


def _banners(one: FilePrediction) -> Iterator[Banner]:
    seen = one.about.get("seen", ())
    if words := next((words for kind, words in _SEEN.items() if kind in seen), ""):
        better = "so that its answer is better here than it would be for others."
        yield Banner(f"Seen in training: the model was {words}, {better}", "warning")
    if one.missing:
        n = counted(len(one.missing), "channel")
        words = f"Missing: {n} that the model was fitted with ({', '.join(one.missing)})."
        yield Banner(words, "warning")
    if one.gaps:
        yield Banner(f"{counted(len(one.gaps), 'gap')} in the recording; times include gaps.")


def _tiles(one: FilePrediction) -> tuple[Tile, ...]:
    detected_s = sum(offset - onset for onset, offset in one.detections)
    long = one.recorded_s >= _RATE_FROM_S
    per_day = len(one.detections) * 86400 / one.recorded_s if long else None
    by_time = "detections, by the EEG there is" if long else "too little EEG for a rate"
    known = probability_line(one).probability
    known = known[~np.isnan(known)]
    highest = float(known.max()) if len(known) else None
    return (
        ("Detections", f"{len(one.detections):,}", f"in {hours(one.recorded_s)} of EEG"),
        ("In 24 h", number_text(per_day, 1), by_time),
        ("Detected time", f"{detected_s:,.0f} s", "of all detections together"),
        ("Highest probability", number_text(highest, 2), f"threshold {one.rule.threshold:.2f}"),
    )


def _counts(one: FilePrediction) -> tuple[tuple[str, str], ...]:
    start = one.start.isoformat(sep=" ", timespec="seconds") if one.start else "not told"
    return (
        ("Start", start),
        ("Duration", clock(one.duration_s, 3600)),
        ("Windows", f"{len(one.probabilities):,}"),
        ("Seconds of a window", f"{one.window_s:g}"),
        ("Channels", f"{len(one.channels)}"),
        ("Stretches of EEG", f"{len(one.segments):,}"),
    )


def _detected(one: FilePrediction) -> Iterator[Part]:
    if not one.detections:
        yield Text(
            f"Nothing in {hours(one.recorded_s)} of EEG: no proof that there was no seizure."
        )
        return
    rows = []
    for k, (span, confidence) in enumerate(zip(one.detections, one.confidence, strict=True)):
        times = [Cell(clock(seconds, one.duration_s)) for seconds in span]
        at = (
            [Cell(f"{one.start + timedelta(seconds=span[0]):%Y-%m-%d %H:%M:%S}")]
            if one.start
            else []
        )
        length, p = Cell(f"{span[1] - span[0]:.1f}"), Cell(number_text(confidence, 2))
        rows.append((Cell(f"{k + 1}"), Cell(one.kind), *at, *times, length, p))
    shown = sorted(range(len(rows)), key=lambda k: -one.confidence[k])[:_ROWS]
    caption = "From and to count from the first sample of the file."
    if len(rows) > _ROWS:
        caption = f"The {_ROWS} most probable of {len(rows):,}. {caption}"
    words = ("No.", "Type", *(("Began",) if one.start else ()))
    columns = heads(words, "From", "To", "Seconds", "Probability")
    yield Table("Detections", columns, tuple(rows[k] for k in sorted(shown)), caption)


def _missing(one: FilePrediction) -> Iterator[str]:
    """Everything that the model did not see of what it should have."""
    if one.missing:
        yield (
            f"Channels that the model was fitted with and that this file lacks: "
            f"{', '.join(one.missing)}. The model is less certain without them."
        )
    if one.gaps:
        spans = [f"{clock(a, one.duration_s)} to {clock(b, one.duration_s)}" for a, b in one.gaps]
        more = f" and {len(spans) - 10:,} more" if len(spans) > 10 else ""
        yield f"EEG in {counted(len(spans), 'gap')}: {', '.join(spans[:10])}{more}."
    rest_s = one.recorded_s - _covered_s(one)
    if rest_s > 0.5:
        yield f"Any answer for {rest_s:,.0f} s of EEG, at ends too short for a window."


def _covered_s(one: FilePrediction) -> float:
    """Seconds that a window covers."""
    line = probability_line(one)
    lengths = np.diff(line.edges_us) / 1e6
    return float(lengths[~np.isnan(line.probability)].sum())


def _model_section(one: FilePrediction) -> Section:
    warnings = tuple(one.about.get("warnings", ()))
    identifier = one.about.get("model", "")
    words = [one.about.get("fitted_on", ""), postprocess_words(one.rule)]
    if identifier:
        words.append(f"Model {identifier}.")
    return section(
        "How it was detected",
        Text(" ".join(filter(None, words))),
        Text(f"Channels: {', '.join(one.channels)}.", small=True),
        Bullets(warnings, "Warnings") if warnings else None,
    )
