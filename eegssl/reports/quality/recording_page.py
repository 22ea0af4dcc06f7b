"""Show one recording before and after cleaning, with its flags."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.corpus.preprocessing.clips import Clip
from eegssl.reports.cells import NOT_AVAILABLE, counted, heads, hours
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.quality.quality_figures import (
    FLAG_WORDS,
    before_and_after,
    flag_strip,
    spectra,
    worst_flag,
)
from eegssl.reports.quality.quality_parts import CONCERNS, concern_table, mains_words
from eegssl.reports.sections import Banner, Cell, Page, ReportFigure, Table, section
from eegssl.signal.quality import FLAGS


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
            section(CONCERNS, concern_table(facts or {}, clip.recording)),
            section("Before and after cleaning", *_figures(clip)),
            section("Channels", _channel_table(clip)),
        ),
    )


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
        ("Mains removed", mains_words(clip)),
        ("Windows flagged", f"{clip.flagged_share:.1%}"),
        ("Events", f"{len(events)} ({', '.join(kinds)})" if kinds else "none"),
    )


def _shown_events(clip: Clip) -> tuple[tuple[float, float, str], ...]:
    """The events worth a mark: background is what lies between them."""
    return tuple(event for event in clip.events if event[2] != "bckg")


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
