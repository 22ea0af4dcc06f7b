"""Build a quality page for each recording, and their index."""

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from eegssl import __version__
from eegssl.artifacts.atomic import atomic_path, hash_json
from eegssl.corpus.preprocessing.clips import Clip, read_clip
from eegssl.reports.cautions import SYNTHETIC
from eegssl.reports.cells import count_cell, heads, hours
from eegssl.reports.html import render_page
from eegssl.reports.quality.quality_parts import (
    CONCERNS,
    concern_table,
    concerns_of,
    mains_words,
)
from eegssl.reports.sections import (
    Banner,
    Cell,
    Counts,
    Page,
    Table,
    Text,
    section,
)

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


def draw_page(out: Path, clip_path: Path, facts: Mapping[str, Any]) -> Path:
    """Write ``look/<recording>.html`` below ``out``, of a clip that `write_clip` kept.

    ``facts`` are `facts_of_pages`. Returns the path; same inputs, same bytes.
    """
    from eegssl.reports.quality.recording_page import recording_page  # with matplotlib

    clip = read_clip(clip_path)
    return _write(page_path(out, clip.recording), recording_page(clip, _banners(facts), facts))


def facts_of_pages(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Those facts of the manifest that pages of recordings show."""
    return {name: facts[name] for name in ("synthetic", "concerns") if name in facts}


def write_index(out: Path, clips: Iterable[Clip], facts: Mapping[str, Any]) -> Path:
    """Write ``look/index.html`` below ``out``, with a row of each clip; one is in memory at a time.

    ``facts`` are those of the manifest; ``refused_by_code`` (code -> files) may stand beside them.
    """
    rows = sorted(((c.recording, _index_row(c)) for c in clips), key=itemgetter(0))
    index = index_page([cells for _, cells in rows], facts, _banners(facts))
    return _write(out / LOOK / "index.html", index)


def page_path(out: Path, recording: str) -> Path:
    """Where the page of a recording lies."""
    return out / LOOK / f"{recording}.html"


def page_key(facts: Mapping[str, Any], recording: str, clip_key: str) -> str:
    """Hash of all that the page of a recording is made from; equal while its bytes are."""
    concerns = [[row["text"], row["cure"]] for row in concerns_of(facts, recording)]
    return hash_json([__version__, clip_key, bool(facts.get("synthetic")), concerns])


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
            section(CONCERNS, concern_table(facts)),
            section("The corpus", *_divided(facts)),
        ),
    )


_INDEX_COLUMNS = heads(
    ("Recording", "Subject"), "Length", "Channels", "Hz", "Mains", "Flagged", "Seizures"
)


def _banners(facts: Mapping[str, Any]) -> tuple[Banner, ...]:
    return (Banner(SYNTHETIC, "warning"),) if facts.get("synthetic") else ()


def _write(path: Path, page: Page) -> Path:
    with atomic_path(path) as temporary:
        temporary.write_text(render_page(page), encoding="utf-8")
    return path


def _index_row(clip: Clip) -> tuple[Cell, ...]:
    n_before, n_after = len(clip.before_names), len(clip.after_names)
    return (
        Cell(clip.recording, link=f"{clip.recording}.html"),
        Cell(clip.subject),
        Cell(hours(clip.seconds)),
        Cell(str(n_after) if n_after == n_before else f"{n_after} of {n_before}"),
        Cell(f"{clip.after_sfreq_hz:g}", small=f"from {clip.before_sfreq_hz:g}"),
        Cell(mains_words(clip)),
        Cell(f"{clip.flagged_share:.1%}"),
        count_cell(clip.seizures),
    )


def _plain(value: object) -> str:
    """A number as people write it, anything else as it is: 60.0 -> 60, 1234.567 -> 1,234.57."""
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


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
