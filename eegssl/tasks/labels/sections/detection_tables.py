"""Show what was detected and what the reference holds, each by itself."""

from collections.abc import Sequence

from eegssl.reports.cells import counted, heads, hours, number_text
from eegssl.reports.sections import Cell, Column, Section, Table, Text, Tile, section
from eegssl.reports.trace_figure import clock
from eegssl.scoring.events.event_lists import Event, as_spans, overlaps
from eegssl.tasks.labels.measures.detected import Detected, Detections
from eegssl.tasks.labels.measures.detection_files import FOLDER
from eegssl.tasks.labels.scores import NO_LABELS

DETECTIONS = "What was detected"
ROWS = 100
"""Most rows of a table of events; its caption says how many are left out."""
_TIMES = ("From", "To", "Seconds")
_VERDICT = Column("Verdict", numeric=False)
_VERDICTS = (
    "Verdicts are SzCORE's: it joins events closer than 90 s, cuts those "
    "longer than 300 s, and allows 30 s before and 60 s after, so its counts may differ from the "
    "number of rows."
)


def detection_words(detections: Detections) -> str:
    """State what was detected, whatever the reference says."""
    where = f"{counted(len(detections.recordings), 'recording')} ({hours(detections.duration_s)})"
    if not detections.n:
        return f"Detected: nothing in {where}."
    words = f"Detected: {counted(detections.n, 'event')}, in {detections.n_with:,} of {where}"
    if detections.per_day is None:
        return f"{words}; none is as long as {hours(detections.shortest_s)}, so no rate per day."
    long = detections.long_enough
    if len(long.recordings) < len(detections.recordings):
        where = f"{counted(len(long.recordings), 'recording')} of {hours(long.shortest_s)} or more"
        words += f"; of these {long.n:,} in the {where} ({hours(long.duration_s)})"
    return f"{words}; that is {number_text(detections.per_day, 1)} in 24 h."


def reference_words(detections: Detections) -> str:
    """State what the reference holds, or that there is none."""
    if detections.none_labelled:
        return (
            f"{NO_LABELS.capitalize()}. Nobody said where the events of these recordings are, or "
            "that there are none, so no detection is right or wrong here."
        )
    labelled = [one for one in detections.recordings if one.labelled]
    n, n_with = (sum(f(one.reference) for one in labelled) for f in (len, bool))
    words = f"Reference: {counted(n, 'event')}, in {n_with:,} of "
    words += f"{counted(len(labelled), 'labelled recording')}."
    if detections.unlabelled:
        n_false = sum(len(one.detections) for one in detections.unlabelled)
        words += (
            f" {counted(len(detections.unlabelled), 'recording')} without labels: all of their "
            f"EEG counts as background, and the {counted(n_false, 'detection')} in them as false."
        )
    return words


def detection_tiles(detections: Detections) -> tuple[Tile, ...]:
    """The numbers that a reader looks for first where nothing can be scored."""
    of = counted(len(detections.recordings), "recording")
    per_day, long = number_text(detections.per_day, 1), detections.long_enough
    basis = f"{hours(long.duration_s)} recorded" if long.recordings else "no recording long enough"
    return (
        ("Detections", f"{detections.n:,}", f"in {detections.n_with:,} of {of}"),
        ("Detections in 24 h", per_day, f"{basis}; no labels"),
    )


def detection_section(detections: Detections | None, *, with_files: bool) -> Section:
    """Every event that was detected and, apart, every one of the reference."""
    if detections is None:
        return section(DETECTIONS)
    files = f" All of them, a SzCORE table a recording, are in {FOLDER}/." if with_files else ""
    return section(
        DETECTIONS,
        Text(f"{detection_words(detections)}{files}"),
        _detections_table(detections) if detections.n else None,
        Text(reference_words(detections)),
        _reference_table(detections),
    )


def _detections_table(detections: Detections) -> Table:
    rows = []
    for one in detections.recordings:
        short = one.duration_s < detections.shortest_s
        for span, p, hit in zip(one.detections, one.confidence, one.hits, strict=True):
            verdict = Cell(_verdict(one, "true alarm" if hit else "false alarm", short))
            known = () if p is None else (Cell(number_text(p)),)
            rows.append((-(p or 0.0), (*_cells(one, span), *known, verdict)))
    kept = sorted(range(len(rows)), key=lambda k: rows[k][0])[:ROWS]
    probable = () if len(rows[0][1]) == len(_TIMES) + 3 else ("Highest probability",)
    caption = _VERDICTS if not detections.none_labelled else ""
    if len(rows) > ROWS:
        caption = f"The {ROWS} most probable of {len(rows):,}. {caption}"
    return Table(
        "Detections",
        (*heads(("Subject", "Recording"), *_TIMES, *probable), _VERDICT),
        tuple(rows[k][1] for k in sorted(kept)),
        caption.strip(),
    )


def _verdict(one: Detected, words: str, short: bool) -> str:
    if not one.labelled:
        return "no labels"
    return f"{words}, not scored: too short" if short else words


def _reference_table(detections: Detections) -> Table | None:
    rows = []
    for one in detections.recordings if not detections.none_labelled else ():
        hits = overlaps(as_spans(one.reference), one.verdicts.reference[one.verdicts.hit])
        short = one.duration_s < detections.shortest_s
        rows += [
            (*_cells(one, span), Cell(_verdict(one, "found" if hit else "missed", short)))
            for span, hit in zip(one.reference, hits, strict=True)
        ]
    if not rows:
        return None
    shown = sorted(rows, key=_missed_first)[:ROWS] if len(rows) > ROWS else rows
    caption = f"{ROWS} of {len(rows):,}, missed ones first." if len(rows) > ROWS else ""
    columns = (*heads(("Subject", "Recording"), *_TIMES), _VERDICT)
    return Table("Events of the reference", columns, tuple(shown), caption)


def _missed_first(row: Sequence[Cell]) -> bool:
    return not row[-1].text.startswith("missed")


def _cells(one: Detected, span: Event) -> tuple[Cell, ...]:
    """Whose an event is, and when, by the clock of its recording."""
    times = (Cell(clock(seconds, one.duration_s)) for seconds in span)
    return Cell(one.subject), Cell(one.recording), *times, Cell(f"{span[1] - span[0]:.1f}")
