"""Build a quality page for each recording, and their index."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.atomic import atomic_path
from eegssl.corpus.preprocessing.clips import Clip
from eegssl.reports.cautions import SYNTHETIC
from eegssl.reports.cells import NOT_AVAILABLE, count_cell, counted, heads, hours
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.html import render_page
from eegssl.reports.quality.quality_figures import (
    FLAG_WORDS,
    before_and_after,
    flag_strip,
    spectra,
    worst_flag,
)
from eegssl.reports.sections import (
    Banner,
    Cell,
    Column,
    Counts,
    Page,
    ReportFigure,
    Table,
    Text,
    section,
)
from eegssl.signal.quality import FLAGS

LOOK = "look"
_CONCERNS = "What to look into"
_FACTS = (
    *(("recordings", "Recordings"), ("refused", "Files refused"), ("subjects", "Subjects")),
    *(("hours", "Hours"), ("sfreq_hz", "Sampling rate (Hz)"), ("phase", "Filter phase")),
)
_DIVIDED = {
    "refused_by_code": "Files refused, by reason",
    "events": "Events, by type",
    "line_hz": "Recordings, by mains frequency (Hz)",
}


def write_quality_pages(out: Path, clips: Iterable[Clip], facts: Mapping[str, Any]) -> list[Path]:
    """Write ``look/<recording>.html`` for each clip and ``look/index.html`` below ``out``.

    One clip is in memory at a time. ``facts`` are those of the manifest; ``refused_by_code``
    (code -> files) may stand beside them. Returns the paths; same inputs, same bytes.
    """
    banners = (Banner(SYNTHETIC, "warning"),) if facts.get("synthetic") else ()
    written, rows = [], []
    for clip in clips:
        name = f"{clip.recording}.html"
        written.append(_write(out / LOOK / name, recording_page(clip, banners, facts)))
        rows.append((name, _index_row(clip, name)))
    rows.sort(key=lambda row: row[0])
    index = index_page([cells for _, cells in rows], facts, banners)
    return [*written, _write(out / LOOK / "index.html", index)]


def index_page(
    rows: Sequence[tuple[Cell, ...]], facts: Mapping[str, Any], banners: tuple[Banner, ...]
) -> Page:
    """The index of all quality pages, with the counts of the corpus."""
    shown = f"Shown: {len(rows):,} of {facts['recordings']:,}. " if "recordings" in facts else ""
    table = Table(
        "Recordings",
        _INDEX_COLUMNS,
        tuple(rows),
        f"{shown}Flagged: share of channel windows with a quality flag; flags are notes, nothing "
        "is cut. Click an id to see traces and spectra.",
    )
    return Page(
        kicker="Preprocessing",
        title="Before and after cleaning",
        lead="The recorded signal beside the stored signal, so that you can see the effect of the "
        "cleaning.",
        banners=banners,
        counts=tuple((words, _plain(facts[name])) for name, words in _FACTS if name in facts),
        sections=(
            section(
                "Recordings",
                table if rows else Text("No recording was chosen to be shown.", small=True),
            ),
            section(_CONCERNS, _concern_table(facts)),
            section("The corpus", *_divided(facts)),
        ),
    )


def recording_page(
    clip: Clip, banners: tuple[Banner, ...], facts: Mapping[str, Any] | None = None
) -> Page:
    """The quality page of one recording, with the concerns that name it first."""
    return Page(
        kicker="Preprocessing",
        title=f"Recording {clip.recording}",
        lead=f"Subject {clip.subject}. The recorded signal and the stored signal.",
        banners=banners,
        counts=_counts(clip),
        back=("All recordings", "index.html"),
        sections=(
            section(_CONCERNS, _concern_table(facts or {}, clip.recording)),
            section("Before and after cleaning", *_figures(clip)),
            section("Channels", _channel_table(clip)),
        ),
    )


_INDEX_COLUMNS = heads(
    ("Recording", "Subject"), "Length", "Channels", "Hz", "Mains", "Flagged", "Seizures"
)


def _write(path: Path, page: Page) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_text(render_page(page), encoding="utf-8")
    return path


def _figures(clip: Clip) -> tuple[ReportFigure, ...]:
    """Traces, spectra and, where there are windows, flags."""
    events = _shown_events(clip)
    shown_s = (clip.onset_s, clip.onset_s + clip.after_uv.shape[1] / clip.after_sfreq_hz)
    traces = before_and_after(
        *(clip.before_uv, clip.before_names, clip.before_sfreq_hz),
        *(clip.after_uv, clip.after_names, clip.after_sfreq_hz),
        *(clip.onset_s, events),
    )
    before, after = (clip.before_freqs_hz, clip.before_psd), (clip.after_freqs_hz, clip.after_psd)
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
            svg_uri(spectra(before, after, clip.band_hz, clip.line_hz)),
        ),
    ]
    if clip.flags.size:
        strip = flag_strip(worst_flag(clip.flags), clip.before_names, clip.seconds, shown_s, events)
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


def _counts(clip: Clip) -> tuple[tuple[str, str], ...]:
    events = _shown_events(clip)
    kinds = sorted({kind for _, _, kind in events})
    return (
        ("Length", hours(clip.seconds)),
        ("Channels", f"{len(clip.before_names)} → {len(clip.after_names)}"),
        ("Sampling rate", f"{clip.before_sfreq_hz:g} → {clip.after_sfreq_hz:g} Hz"),
        ("Pass band", f"{clip.band_hz[0]:g}–{clip.band_hz[1]:g} Hz"),
        ("Mains removed", _line(clip)),
        ("Windows flagged", f"{clip.flagged_share:.1%}"),
        ("Events", f"{len(events)} ({', '.join(kinds)})" if kinds else "none"),
    )


def _shown_events(clip: Clip) -> tuple[tuple[float, float, str], ...]:
    """The events worth a mark: background is what lies between them."""
    return tuple(event for event in clip.events if event[2] != "bckg")


def _line(clip: Clip) -> str:
    return "none found" if clip.line_hz is None else f"{clip.line_hz:g} Hz"


def _index_row(clip: Clip, name: str) -> tuple[Cell, ...]:
    n_before, n_after = len(clip.before_names), len(clip.after_names)
    return (
        Cell(clip.recording, link=name),
        Cell(clip.subject),
        Cell(hours(clip.seconds)),
        Cell(str(n_after) if n_after == n_before else f"{n_after} of {n_before}"),
        Cell(f"{clip.after_sfreq_hz:g}", small=f"from {clip.before_sfreq_hz:g}"),
        Cell(_line(clip)),
        Cell(f"{clip.flagged_share:.1%}"),
        count_cell(clip.seizures),
    )


def _channel_table(clip: Clip) -> Table:
    """Size of each channel before and after in the excerpt, and its flags in the recording."""
    after = dict(zip(clip.after_names, _rms_uv(clip.after_uv), strict=True))
    rows = []
    flags = dict(zip(clip.before_names, clip.flags, strict=True)) if clip.flags.size else {}
    for name, size_uv in zip(clip.before_names, _rms_uv(clip.before_uv), strict=True):
        stored = Cell(_microvolts(after[name])) if name in after else Cell("not kept")
        shares = [
            _share(flags[name] & bit) if name in flags else Cell("") for bit in FLAGS.values()
        ]
        rows.append((Cell(name), Cell(_microvolts(size_uv)), stored, *shares))
    columns = ("Before (µV)", "After (µV)", *(FLAG_WORDS[flag].capitalize() for flag in FLAGS))
    return Table(
        "Channels",
        heads(("Channel",), *columns),
        tuple(rows),
        caption="Before, after: root mean square in the clip that is drawn. Flags: share of "
        f"{counted(clip.flags.shape[1], 'window')} of the recording.",
    )


def _rms_uv(signal_uv: NDArray[np.floating]) -> NDArray[np.float64]:
    """Root mean square of each channel about its mean, NaN where a sample is not finite."""
    return np.std(np.where(np.isfinite(signal_uv), signal_uv, np.nan), axis=1, dtype=np.float64)


def _microvolts(value: float) -> str:
    return f"{value:,.1f}" if np.isfinite(value) else NOT_AVAILABLE


def _share(flags: NDArray[np.uint8]) -> Cell:
    share = float((flags > 0).mean()) if flags.size else 0.0
    return Cell("–" if share == 0 else f"{share:.0%}" if share >= 0.01 else "<1%")


def _plain(value: object) -> str:
    """A number as people write it, anything else as it is: 60.0 -> 60, 1234.567 -> 1,234.57."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _concern_table(facts: Mapping[str, Any], recording: str = "") -> Table | None:
    """The concerns of the manifest: how many of what, the first ids, and what mends it.

    With ``recording`` those that name it, or the file that it is a piece of.
    """
    concerns = (facts.get("concerns") or {}).values()
    named = (recording, recording.rpartition("-")[0])
    rows = tuple(
        (
            Cell(f"One of {row['n']:,}: {row['text']}")
            if recording
            else Cell(f"{row['n']:,} {row['text']}", small=", ".join(row["ids"])),
            Cell(row["cure"]),
        )
        for row in concerns
        if not recording or any(name in row["ids"] for name in named)
    )
    columns = (Column("What was found", numeric=False), Column("What to do", numeric=False))
    caption = "Ids: the first ones; concerns.tsv has all, with details."
    return Table(_CONCERNS, columns, rows, "" if recording else caption) if rows else None


def _divided(facts: Mapping[str, Any]) -> list[Counts]:
    """Counts by reason, type or frequency, the most frequent first, under their headings."""
    counts = []
    for name, title in _DIVIDED.items():
        ranked = sorted((facts.get(name) or {}).items(), key=lambda item: (-item[1], str(item[0])))
        pairs = tuple((_key(str(key)), f"{n:,}") for key, n in ranked)
        if pairs:
            counts.append(Counts(pairs, title))
    return counts


def _key(text: str) -> str:
    """A code or a type as it is, a frequency without zeros behind the point."""
    return "none found" if text == "None" else text.removesuffix(".0")
