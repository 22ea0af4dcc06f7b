"""Pages that show what the cleaning did: one a recording, and an index of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl import __version__
from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.preprocessing.clips import Clip
from eegssl.reports.content import (
    NOT_AVAILABLE,
    RESEARCH_USE,
    Banner,
    Cell,
    Column,
    ReportFigure,
    Table,
    count_cell,
    counted,
    hours,
)
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.html import render
from eegssl.reports.quality.quality_figures import (
    FLAG_WORDS,
    before_and_after,
    flag_strip,
    spectra,
    worst_flag,
)
from eegssl.signal.quality import FLAGS

LOOK = "look"
_FACTS = (
    *(("recordings", "Recordings"), ("refused", "Files refused"), ("subjects", "Subjects")),
    *(("hours", "Hours"), ("sfreq_hz", "Sampling rate (Hz)"), ("phase", "Filter phase")),
)
_DIVIDED = {
    "refused_by_code": "Files refused, by reason",
    "events": "Events, by type",
    "line_hz": "Recordings, by mains frequency (Hz)",
}


@dataclass(frozen=True)
class LookContent:
    """What a page shows beside figures; ``rows`` of the index are (page, cells)."""

    title: str
    banners: tuple[Banner, ...]
    counts: tuple[tuple[str, str], ...]
    version: str = __version__


def write_look(out: Path, excerpts: Iterable[Clip], facts: Mapping[str, Any]) -> list[Path]:
    """Write ``look/<recording>.html`` for each excerpt and ``look/index.html`` below ``out``.

    One excerpt is in memory at a time. ``facts`` are those of the manifest; ``refused_by_code``
    (code -> files) may stand beside them. Returns the paths; same inputs, same bytes.
    """
    banners = _banners(facts)
    written, rows = [], []
    for excerpt in excerpts:
        page = f"{excerpt.recording}.html"
        written.append(_write(out / LOOK / page, _recording_page(excerpt, banners)))
        rows.append((page, _index_row(excerpt)))
    rows.sort(key=lambda row: row[0])
    index = render(
        "look_index.html.j2",
        content=LookContent("Before and after cleaning", banners, _fact_counts(facts)),
        research_use=RESEARCH_USE,
        columns=_INDEX_COLUMNS,
        rows=rows,
        divided=_divided(facts),
    )
    return [*written, _write(out / LOOK / "index.html", index)]


_INDEX_COLUMNS = (
    Column("Recording", numeric=False),
    Column("Subject", numeric=False),
    Column("Length"),
    Column("Channels"),
    Column("Hz"),
    Column("Mains"),
    Column("Flagged"),
    Column("Seizures"),
)


def _write(path: Path, html: str) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def _banners(facts: Mapping[str, Any]) -> tuple[Banner, ...]:
    text = "Synthetic data: these recordings were simulated, not measured on a patient."
    return (Banner(text, "warning"),) if facts.get("synthetic") else ()


def _recording_page(excerpt: Clip, banners: tuple[Banner, ...]) -> str:
    return render(
        "look.html.j2",
        content=LookContent(f"Recording {excerpt.recording}", banners, _counts(excerpt)),
        research_use=RESEARCH_USE,
        subject=excerpt.subject,
        figures=_figures(excerpt),
        table=_channel_table(excerpt),
    )


def _figures(e: Clip) -> tuple[ReportFigure, ...]:
    """Traces, spectra and, where there are windows, flags."""
    events = _shown_events(e)
    shown_s = (e.onset_s, e.onset_s + e.after_uv.shape[1] / e.after_sfreq_hz)
    traces = before_and_after(
        *(e.before_uv, e.before_names, e.before_sfreq_hz),
        *(e.after_uv, e.after_names, e.after_sfreq_hz),
        *(e.onset_s, events),
    )
    before, after = (e.before_freqs_hz, e.before_psd), (e.after_freqs_hz, e.after_psd)
    figures = [
        ReportFigure(
            "Traces",
            "The same seconds at the same gain, which suits the cleaned signal; what swings "
            "further is cut off. Before: only each channel's offset was taken away. Channels named "
            "in red were not kept.",
            "EEG traces before and after cleaning",
            png_uri(traces, dpi=110),
        ),
        ReportFigure(
            "Spectra",
            "Line: median over channels. Shade: from the least to the greatest channel.",
            "Power spectra before and after cleaning",
            svg_uri(spectra(before, after, e.band_hz, e.line_hz)),
        ),
    ]
    if e.flags.size:
        strip = flag_strip(worst_flag(e.flags), e.before_names, e.seconds, shown_s, events)
        figures.append(
            ReportFigure(
                "Quality flags",
                "Every channel over the whole recording; of several flags in a window the worst is "
                "shown. Flags are notes: no window is cut for its amplitude. Events are red below.",
                "Quality flags by channel and time",
                png_uri(strip, dpi=110),
            )
        )
    return tuple(figures)


def _counts(e: Clip) -> tuple[tuple[str, str], ...]:
    events = _shown_events(e)
    kinds = sorted({kind for _, _, kind in events})
    return (
        ("Length", hours(e.seconds)),
        ("Channels", f"{len(e.before_names)} → {len(e.after_names)}"),
        ("Sampling rate", f"{e.before_sfreq_hz:g} → {e.after_sfreq_hz:g} Hz"),
        ("Pass band", f"{e.band_hz[0]:g}–{e.band_hz[1]:g} Hz"),
        ("Mains removed", _line(e)),
        ("Windows flagged", f"{e.flagged_share:.1%}"),
        ("Events", f"{len(events)} ({', '.join(kinds)})" if kinds else "none"),
    )


def _shown_events(e: Clip) -> tuple[tuple[float, float, str], ...]:
    """The events worth a mark: background is what lies between them."""
    return tuple(event for event in e.events if event[2] != "bckg")


def _line(e: Clip) -> str:
    return "none found" if e.line_hz is None else f"{e.line_hz:g} Hz"


def _index_row(e: Clip) -> tuple[Cell, ...]:
    n_before, n_after = len(e.before_names), len(e.after_names)
    return (
        Cell(e.recording),
        Cell(e.subject),
        Cell(hours(e.seconds)),
        Cell(str(n_after) if n_after == n_before else f"{n_after} of {n_before}"),
        Cell(f"{e.after_sfreq_hz:g}", small=f"from {e.before_sfreq_hz:g}"),
        Cell(_line(e)),
        Cell(f"{e.flagged_share:.1%}"),
        count_cell(e.seizures),
    )


def _channel_table(e: Clip) -> Table:
    """Size of each channel before and after in the excerpt, and its flags in the recording."""
    after = dict(zip(e.after_names, _rms_uv(e.after_uv), strict=True))
    rows = []
    flags = dict(zip(e.before_names, e.flags, strict=True)) if e.flags.size else {}
    for name, size_uv in zip(e.before_names, _rms_uv(e.before_uv), strict=True):
        kept = Cell(_microvolts(after[name])) if name in after else Cell("not kept")
        shares = [
            _share(flags[name] & bit) if name in flags else Cell("") for bit in FLAGS.values()
        ]
        rows.append((Cell(name), Cell(_microvolts(size_uv)), kept, *shares))
    columns = ("Before (µV)", "After (µV)", *(FLAG_WORDS[flag].capitalize() for flag in FLAGS))
    return Table(
        "Channels",
        (Column("Channel", numeric=False), *(Column(name) for name in columns)),
        tuple(rows),
        caption="Before, after: root mean square in the excerpt. Flags: share of "
        f"{counted(e.flags.shape[1], 'window')} of the recording.",
    )


def _rms_uv(signal_uv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Root mean square of each channel about its mean, NaN where a sample is not finite."""
    return np.std(np.where(np.isfinite(signal_uv), signal_uv, np.nan), axis=1, dtype=np.float64)


def _microvolts(value: float) -> str:
    return f"{value:,.1f}" if np.isfinite(value) else NOT_AVAILABLE


def _share(flags: NDArray[np.uint8]) -> Cell:
    share = float((flags > 0).mean()) if flags.size else 0.0
    return Cell("–" if share == 0 else f"{share:.0%}" if share >= 0.01 else "<1%")


def _fact_counts(facts: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    there = [(words, facts[name]) for name, words in _FACTS if name in facts]
    return tuple((words, _plain(value)) for words, value in there)


def _plain(value: object) -> str:
    """A number as people write it, anything else as it is: 60.0 -> 60, 1234.567 -> 1,234.57."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _divided(facts: Mapping[str, Any]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Counts by reason, type or frequency, the most frequent first, under their headings."""
    found = []
    for name, title in _DIVIDED.items():
        ranked = sorted((facts.get(name) or {}).items(), key=lambda item: (-item[1], str(item[0])))
        pairs = tuple((_key(str(key)), f"{n:,}") for key, n in ranked)
        if pairs:
            found.append((title, pairs))
    return found


def _key(text: str) -> str:
    """What is counted: a code or a type as it is, a frequency without zeros behind the point."""
    return "none found" if text == "None" else text.removesuffix(".0")
