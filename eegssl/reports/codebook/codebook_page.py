"""Build the page of a codebook: its codes, and those of seizures."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.codes.codebook_atlas import FALSE_DISCOVERY, PAGE, Atlas
from eegssl.reports.cautions import SYNTHETIC
from eegssl.reports.cells import NOT_AVAILABLE, count_cell, counted, heads, hours
from eegssl.reports.codebook.code_numbers import percent_words, q_words, ratio_words
from eegssl.reports.codebook.code_quality_table import code_quality_table
from eegssl.reports.codebook.codebook_figures import (
    Card,
    code_cards,
    course_figure,
    head_key,
    odds_and_shares,
)
from eegssl.reports.codebook.masked_patches import codebook_perplexity, codebook_usage
from eegssl.reports.config import AtlasConfig
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.glossary import CODE_WORDS, ICTAL_CODE_WORDS
from eegssl.reports.html import render_page
from eegssl.reports.sections import (
    Banner,
    Cell,
    Glossary,
    Page,
    Pairs,
    ReportFigure,
    Table,
    Text,
    section,
)
from eegssl.scoring.statistics.odds import MIN_SUBJECTS
from eegssl.signal.bands import BANDS_HZ
from eegssl.signal.channels.regions import REGIONS

_ROWS = 40


def write_page(
    writer: ArtifactWriter,
    atlas: Atlas,
    config: AtlasConfig,
    *,
    synthetic: bool,
    within_subject: bool = False,
    quality: Mapping[str, Any] | None = None,
) -> None:
    """Write `PAGE`, unless no code is to be drawn; the same atlas gives the same bytes."""
    if config.codes:
        banners = _banners(atlas, synthetic=synthetic, within_subject=within_subject)
        writer.write(PAGE, render_page(codebook_page(atlas, config.codes, banners, quality)))


def codebook_page(
    atlas: Atlas,
    n_codes: int,
    banners: tuple[Banner, ...],
    quality: Mapping[str, Any] | None = None,
) -> Page:
    """The page of a codebook; ``n_codes`` of the most ictal and of the most frequent are drawn."""
    ictal = atlas.ictal_first()[:n_codes].tolist()
    frequent = atlas.used[:n_codes].tolist()
    why, seizures = _why_no_interval(atlas), bool(atlas.sums.n_seizures)
    drawn = ((ictal, _ictal(atlas)), (frequent, _FREQUENT))
    cards = [_cards_figure(atlas, codes, words) for codes, words in drawn if codes]
    return Page(
        kicker="Tokenizer",
        title="Atlas of the codebook",
        lead=f"A code stands for pieces of EEG (patches of {atlas.patch_s:g} s of one channel) "
        "that the tokenizer treats as the same. This page shows what codes look like, where on "
        "the head and in which frequency band they occur, and which of them belong to seizures.",
        banners=banners,
        counts=_counts(atlas),
        sections=(
            section(
                "Codes and seizures",
                Text(why, small=True) if why else None,
                _odds_figure(atlas, ictal) if seizures else None,
                _course(atlas) if atlas.followed else None,
            ),
            section("What codes look like", cards[0], _head_key(), *cards[1:]),
            section("How the codebook is used", _usage(atlas), code_quality_table(quality)),
            section("Codes in numbers", _table(atlas, ictal, frequent)),
            section("How to read this", Glossary(_reading(seizures))),
        ),
    )


def _reading(seizures: bool) -> Pairs:
    """Terms with their meaning; those about seizures only where there are some."""
    rows = (*ICTAL_CODE_WORDS, *CODE_WORDS) if seizures else CODE_WORDS
    return tuple((term, meaning.format(rate=FALSE_DISCOVERY)) for term, meaning in rows)


_ICTAL = (
    "The codes of seizures",
    "Commoner in seizures than in the background of the same person; the surest first.",
)
_PERHAPS_ICTAL = (
    "The codes nearest to seizures",
    "No code is surely commoner in seizures than in the background of the same person (none with "
    f"q below {FALSE_DISCOVERY:g}). These come nearest to it.",
)
_FREQUENT = ("The most frequent codes", "Most patches first.")
_REGION_WORDS = {
    **{"LF": "left frontal", "RF": "right frontal", "LT": "left temporal", "RT": "right temporal"},
    **{"LC": "left central", "RC": "right central", "O": "occipital", "M": "midline"},
}
_LOCAL = 1.5  # times as common in a region as codes are: below, a code is found all over


def _ictal(atlas: Atlas) -> tuple[str, str]:
    """Title and words of the codes of seizures, or of those that may be, where none is surely."""
    return _PERHAPS_ICTAL if atlas.sums.n_seizures and not atlas.commoner.any() else _ICTAL


def _banners(atlas: Atlas, *, synthetic: bool, within_subject: bool) -> tuple[Banner, ...]:
    text = "Made from training and validation subjects; no test subject was used."
    if within_subject:
        text = "Made from training and validation recordings; the same people are also tested."
    banners = [Banner(text)]
    if synthetic:
        banners.insert(0, Banner(SYNTHETIC, "warning"))
    if not atlas.sums.n_seizures:
        text = "No seizure is annotated in these recordings: the codes are described, not compared."
        banners.append(Banner(text, "warning"))
    return tuple(banners)


def _counts(atlas: Atlas) -> tuple[tuple[str, str], ...]:
    sums, odds = atlas.sums, atlas.odds
    patches, ictal = int(sums.counts.sum()), int(sums.seizure.sum())
    known = bool(np.isfinite(odds.q).any())
    return (
        ("Subjects", f"{len(sums.subjects):,}"),
        ("… with seizure and background", f"{odds.n_both:,}"),
        ("Length", hours(sums.seconds)),
        ("Seizures", f"{sums.n_seizures:,}"),
        ("Patches", f"{patches:,}"),
        ("… in seizures", f"{ictal:,} ({ictal / patches:.1%})"),
        ("Codes used", f"{len(atlas.used):,} of {len(sums.counts):,}"),
        ("Perplexity", f"{codebook_perplexity(sums.counts):,.0f}"),
        (
            "Codes commoner in seizures",
            f"{int(atlas.commoner.sum()):,}" if known else NOT_AVAILABLE,
        ),
        ("Codes rarer in seizures", f"{int(atlas.rarer.sum()):,}" if known else NOT_AVAILABLE),
    )


def _why_no_interval(atlas: Atlas) -> str:
    """The reason why odds ratios have no interval, or nothing where they do."""
    if not atlas.sums.n_seizures or np.isfinite(atlas.odds.q).any():
        return ""
    return (
        f"Intervals, p and q are n/a: {counted(atlas.odds.n_both, 'subject')} with both seizure "
        f"and background patches, at least {MIN_SUBJECTS} are needed. Subjects, not patches, are "
        "what counts as evidence."
    )


def _cards_figure(atlas: Atlas, codes: list[int], words: tuple[str, str]) -> ReportFigure:
    sums, bands = atlas.sums, _bands(atlas)
    expected = sums.mean_of(sums.regions)
    cards = []
    for code in codes:
        wave = atlas.prototypes[code]
        lift = {
            region: float(sums.regions[code, r] / expected[r])
            for r, region in enumerate(REGIONS)
            if expected[r] > 0
        }
        lines, waves = _card_words(atlas, code, bands[code], lift), (wave.mean_uv, wave.nearest_uv)
        spectrum = sums.spectrum[code]
        cards.append(Card(f"Code {code}", lines, *waves, spectrum, bands[code], lift))
    figure = code_cards(cards, sums.freqs_hz, sums.mean_of(sums.spectrum), atlas.patch_s)
    caption = (
        f"Waveform ({atlas.patch_s:g} s, negative up): in colour the prototype, the mean of "
        "patches shifted to agree; below it three real patches as they were recorded. The colour "
        "is that of the band in which the code stands out. Spectrum: power of the code over that "
        "of all codes (grey). Head: orange where the code is commoner than codes there are."
    )
    return ReportFigure(words[0], f"{words[1]} {caption}", words[0], png_uri(figure, dpi=130))


def _card_words(atlas: Atlas, code: int, band: str, lift: dict[str, float]) -> str:
    """Three lines: odds ratio, how frequent the code is, and where."""
    sums = atlas.sums
    present = int(((sums.seizure + sums.background)[:, code] > 0).sum())
    most = max(lift, key=lambda region: lift[region], default=None)
    local = most is not None and lift[most] >= _LOCAL
    where = f"{_REGION_WORDS[most]} {lift[most]:.1f} ×" if most and local else "all over the head"
    place = f"{band}, {where}; {counted(present, 'subject')}"
    if not sums.n_seizures:
        count = int(sums.counts[code])
        return f"{percent_words(count / sums.counts.sum())} of all patches ({count:,})\n{place}"
    q = atlas.odds.q[code]
    sure = f", q {q_words(q)}" if np.isfinite(q) else ""
    seizure, background = (percent_words(share[code]) for share in _shares(atlas))
    shares = f"{seizure} of seizure, {background} of background"
    return f"odds ratio {ratio_words(atlas, code)}{sure}\n{shares}\n{place}"


def _odds_figure(atlas: Atlas, named: list[int]) -> ReportFigure:
    seizure, background = _shares(atlas)
    bands, used = _bands(atlas), atlas.used
    shown = used[np.isfinite(atlas.odds.log_odds_ratio[used])]
    figure = odds_and_shares(
        shown,
        atlas.odds.log_odds_ratio[shown],
        atlas.odds.q[shown],
        (seizure[shown], background[shown]),
        [bands[code] for code in shown.tolist()],
        named[:8],
        FALSE_DISCOVERY,
    )
    return ReportFigure(
        "Seizure against background",
        "A dot is a code, larger the more frequent it is, coloured by the band in which it stands "
        "out. Left: to the right what is commoner in seizures, the surer the higher; full "
        f"colour where q is below {FALSE_DISCOVERY:g}. Right: above the diagonal what is commoner "
        "in seizures, patches of all subjects pooled; dots on the edge occur in one of both only.",
        "Odds ratios of codes against their q, and shares of codes in seizure and background",
        svg_uri(figure),
    )


def _head_key() -> ReportFigure:
    return ReportFigure(
        "Regions and colours of the heads",
        "",
        "Regions of the head and the colours of the heads",
        png_uri(head_key()),
        narrow=True,
    )


def _shares(atlas: Atlas) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of the codes [K] of all seizure patches, and of all background patches."""
    seizure, background = atlas.sums.seizure.sum(axis=0), atlas.sums.background.sum(axis=0)
    return seizure / max(int(seizure.sum()), 1), background / max(int(background.sum()), 1)


def _bands(atlas: Atlas) -> list[str]:
    """The band of each code [K] in which its share of power exceeds that of all codes most."""
    excess = atlas.sums.bands - atlas.sums.mean_of(atlas.sums.bands)
    return [list(BANDS_HZ)[k] for k in excess.argmax(axis=1).tolist()]


def _course(atlas: Atlas) -> ReportFigure:
    parts = []
    for course in atlas.courses:
        error = course.sd / np.sqrt(np.maximum(course.n_subjects, 1))[:, None]
        parts.append((course.position, course.share, error))
    which = "all codes commoner in seizures together"
    if not atlas.commoner.any():
        which = "all codes commoner in seizures together, though none is surely so"
    subjects = int(max(c.n_subjects.max(initial=0) for c in atlas.courses))
    return ReportFigure(
        "Codes along a seizure",
        f"Above: {which}; below: those of most seizure patches, one by one. Shares of all "
        "channels' patches, mean over a subject's seizures, then over "
        f"{counted(subjects, 'subject')} ({counted(atlas.sums.n_seizures, 'seizure')}), shaded by "
        "one standard error. What lies in another seizure is left out before and after an onset. "
        "The codes were chosen on these very seizures: this describes them, it proves nothing.",
        "Shares of codes about seizure onset and within seizures",
        svg_uri(course_figure(parts[0], parts[1], atlas.followed)),
    )


def _usage(atlas: Atlas) -> ReportFigure:
    return ReportFigure(
        "How the codebook is used",
        "How often each code occurs in training and validation recordings, most used first.",
        "Codebook usage by rank",
        svg_uri(codebook_usage(atlas.sums.counts)),
    )


def _table(atlas: Atlas, ictal: Iterable[int], frequent: Iterable[int]) -> Table:
    """The codes drawn above and all that differ surely, in numbers."""
    sums = atlas.sums
    sure = np.flatnonzero(atlas.commoner | atlas.rarer).tolist()
    ratio = np.nan_to_num(atlas.odds.log_odds_ratio, nan=0.0, posinf=0.0, neginf=0.0)
    codes = sorted({*ictal, *frequent, *sure}, key=lambda code: -ratio[code])
    seizure, background = _shares(atlas)
    left_out = max(0, len(codes) - _ROWS)
    if left_out:
        codes = [*codes[: _ROWS // 2], *codes[-_ROWS // 2 :]]
    lift = sums.regions / np.maximum(sums.mean_of(sums.regions), 1e-12)
    bands, present = _bands(atlas), ((sums.seizure + sums.background) > 0).sum(axis=0)
    rows = []
    for code in codes:
        q = atlas.odds.q[code]
        rows.append(
            (
                Cell(str(code)),
                count_cell(int(sums.counts[code])),
                count_cell(int(present[code])),
                Cell(percent_words(seizure[code])),
                Cell(percent_words(background[code])),
                Cell(ratio_words(atlas, code)),
                Cell(
                    q_words(q) if np.isfinite(q) else NOT_AVAILABLE,
                    strong=bool(q < FALSE_DISCOVERY),
                ),
                Cell(str(int(atlas.odds.n_informative[code]))),
                Cell(bands[code]),
                Cell(REGIONS[int(lift[code].argmax())], small=f"{lift[code].max():.1f} ×"),
            )
        )
    note = (
        f" {left_out:,} codes in between are left out; all are in atlas.parquet."
        if left_out
        else ""
    )
    return Table(
        "Codes in numbers",
        (
            *heads((), "Code", "Patches", "Subjects", "Of seizure", "Of background"),
            *heads((), "Odds ratio (95 %)", "q", "Informative"),
            *heads(("Band", "Region")),
        ),
        tuple(rows),
        caption="The codes drawn above and all with q below "
        f"{FALSE_DISCOVERY:g}, by odds ratio. Of seizure, of background: share of all such "
        "patches. Informative: subjects with both in whom the code occurs. Band: in which its "
        f"share of power exceeds that of all patches most. Region: in which it is commonest.{note}",
    )
