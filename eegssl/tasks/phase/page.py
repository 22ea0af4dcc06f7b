"""The page of forecast phases: from one table and its scores to HTML."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegssl import __version__
from eegssl.reports.content import (
    RESEARCH_USE,
    Cell,
    Column,
    Footnotes,
    ReportFigure,
    Table,
    banners,
    count_cell,
    limits,
    number_cell,
)
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.html import render
from eegssl.tasks.phase.phase_figures import error_over_lead, waves
from eegssl.tasks.phase.phase_rows import PhasePredictions
from eegssl.tasks.phase.scores import METHOD_WORDS, MODEL, AllPhaseScores, Difference

_SHOWN_S = 3.0
_NOTHING = "no target oscillates in this band"
"""Stretches of lead time that the page shows where they are scored; the rest is in the file."""
_READING = (
    ("Phase", "The angle of the wave in a band of ±{half:g} Hz around the context's dominant "
     "frequency: 0° is a crest. The truth looks at both sides of every moment; forecasts saw the "
     "context only."),
    ("Mean absolute error", "The mean distance between forecast and truth, the short way round. "
     "90° is guessing."),
    ("Bias", "The direction of the mean error; above 0 the forecast runs ahead. It means little "
     "where phase-locking is near 0."),
    ("Phase-locking", "1 if the error is always the same, whatever it is; 0 if errors point "
     "everywhere."),
    ("Within ±45°", "The share of moments at which a stimulus timed by the forecast would hit the "
     "right quarter of the wave; 25 % is guessing."),
    ("Frequency error", "Mean absolute difference to the dominant frequency of the time to come, "
     "where it stands out of the spectrum. The baselines say that of the context."),
    ("Amplitude strata", "The phase of next to nothing is noise: errors are smaller where the true "
     "wave is large. Strata are quarters of all moments by true amplitude."),
)  # fmt: skip


def render_phase_page(table: PhasePredictions, scores: AllPhaseScores, traces: int) -> str:
    """One self-contained page; ``traces`` waves are drawn. Same table, same bytes."""
    about = table.about
    facts = {"leaks": about["leaks"], "encoder_weights": about.get("encoder_weights")}
    title = f"Evaluation: {about['task']}"
    if "folds" in about:
        title = f"Cross-validation: {about['task']}, {about['folds']} folds"
    return render(
        "phase.html.j2",
        content={
            "title": title,
            "task": "Frequency and phase to come, beside what needs no encoder",
            "banners": banners(about["synthetic"], about["within_subject"], False, facts),
            "counts": _counts(table),
            "version": __version__,
        },
        research_use=RESEARCH_USE,
        tiles=_tiles(scores),
        verdict=verdict(scores),
        tables=[_band_table(band, scores) for band in table.bands],
        errors=_error_figure(table),
        waves=_wave_figure(table, traces),
        strata=_strata_table(scores),
        differences=_difference_table(scores.differences),
        subjects=_subject_table(scores),
        how_to_read=[(name, text.format(half=about["half_width_hz"])) for name, text in _READING],
        limits=_limits(table),
    )


def verdict(scores: AllPhaseScores) -> str:
    """Whether the model beats the baselines in the first second, in a sentence."""
    near = [one for one in scores.differences if one.score == "near_mae_deg"]
    beaten = [one for one in near if one.difference is not None and one.difference < 0]
    sure = [one for one in beaten if one.p_holm is not None and one.p_holm < 0.05]
    against_ar = {one.band: one for one in near if one.against == "ar"}
    lines = [
        f"{band} {one.difference:+.1f}°"
        for band, one in against_ar.items()
        if one.difference is not None
    ]
    said = (
        f"Over the first second the model's error less that of AR + Hilbert, mean over subjects: "
        f"{', '.join(lines)} (below 0 is better). "
    )
    if not sure:
        return said + "No difference to a baseline is certain: the encoder does not beat them."
    named = ", ".join(f"{METHOD_WORDS[one.against]} in {one.band}" for one in sure)
    return said + f"After Holm's correction the model is better than {named}, and nowhere else."


def _counts(table: PhasePredictions) -> tuple[tuple[str, str], ...]:
    times = set(zip(table.recording, table.t_s.tolist(), strict=True))
    rows = [
        ("Test subjects", str(len(set(table.subject)))),
        ("Test recordings", str(len(set(table.recording)))),
        ("Times t", f"{len(times):,}"),
        ("Channels × times", f"{len(table) // len(table.about['bands']):,}"),
        ("Horizon", f"{table.lead_s[-1] + table.lead_s[1]:g} s"),
    ]
    rows += table.about["parts"].items()
    if "folds" in table.about:
        rows.insert(0, ("Folds", str(table.about["folds"])))
    return tuple(rows)


def _tiles(scores: AllPhaseScores) -> list[tuple[str, str, str]]:
    """The error of the first quarter second of each band, beside AR's, and how often there is an
    oscillation to have a phase."""
    tiles = []
    for band, found in scores.methods[MODEL].items():
        first = _stretch(found, 0.0, 0.25)
        beside = _stretch(scores.methods["ar"][band], 0.0, 0.25)
        there = f"{found['n_oscillating']:,} of {found['n_series']:,} series oscillate"
        if first is not None and beside is not None:
            small = f"AR + Hilbert {_deg(beside)}; {there}"
            tiles.append((f"{band}, first 250 ms", _deg(first), small))
    return tiles


def _stretch(found: Mapping[str, Any], from_s: float, to_s: float) -> Mapping[str, Any] | None:
    """The scores of lead times from ``from_s`` to ``to_s``, weighed by their numbers of samples."""
    parts = [
        one
        for one in found["per_horizon"]
        if one["from_s"] >= from_s - 1e-6 and one["to_s"] <= to_s + 1e-6
    ]
    n = sum(one["n"] for one in parts)
    if not n:
        return None
    mean = np.array([[one["n"] * (one[k] or 0.0) for k in _AVERAGED] for one in parts]).sum(axis=0)
    return dict(zip(_AVERAGED, (mean / n).tolist(), strict=True))


_AVERAGED = ("mae_deg", "share_within_45_deg")


def _deg(scores: Mapping[str, Any]) -> str:
    return f"{scores['mae_deg']:.0f}°"


def _band_table(band: str, scores: AllPhaseScores) -> Table:
    """Methods of one band by stretch of lead time, and over all of it."""
    notes, columns, rows = (
        Footnotes(),
        [Column("Method", numeric=False), Column("Lead time (s)")],
        [],
    )
    names = ("Error (°)", "Bias (°)", "Phase-locking", "Within ±45°", "Frequency error (Hz)")
    columns += [Column(name) for name in names]
    first = next(iter(scores.methods.values()))[band]
    stretches = [(one["from_s"], one["to_s"]) for one in first["per_horizon"]]
    for k, (from_s, to_s) in enumerate([*stretches, (0.0, stretches[-1][1])]):
        whole = k == len(stretches)
        found = {m: b[band]["phase"] if whole else b[band]["per_horizon"][k]
                 for m, b in scores.methods.items()}  # fmt: skip
        best = min(one["mae_deg"] for one in found.values())
        for method, one in found.items():
            hz = scores.methods[method][band]["frequency_mae_hz"]
            rows.append(
                (
                    Cell(METHOD_WORDS.get(method, method)),
                    Cell(f"{from_s:g} to {to_s:g}" if not whole else f"all, to {to_s:g}"),
                    Cell(f"{one['mae_deg']:.1f}", strong=one["mae_deg"] <= best),
                    number_cell(one["bias_deg"], notes, "errors point nowhere", 0),
                    number_cell(one["phase_locking"], notes, "", 2),
                    number_cell(one["share_within_45_deg"], notes, "", 2),
                    number_cell(hz, notes, _NOTHING, 2) if whole else Cell(""),
                )
            )
    n, there = first["n_series"], first["n_oscillating"]
    caption = f"{there:,} of {n:,} targets (a channel at a time t) oscillate in this band."
    return Table(band, tuple(columns), tuple(rows), caption, notes.listed())


def _strata_table(scores: AllPhaseScores) -> Table:
    """Errors by true amplitude, and where the target oscillates."""
    columns = [Column("Band", numeric=False), Column("Method", numeric=False)]
    most = max(len(one["by_amplitude"]) for b in scores.methods.values() for one in b.values())
    columns += [Column(f"Quarter {k + 1} (°)" if most == 4 else f"Stratum {k + 1} (°)")
                for k in range(most)]  # fmt: skip
    columns += [Column("Where it oscillates (°)")]
    notes, rows = Footnotes(), []
    for band in next(iter(scores.methods.values())):
        for method, bands in scores.methods.items():
            one = bands[band]
            cells = [
                Cell(f"{s['scores']['mae_deg']:.1f}", small=f"{s['low']:.1f} to {s['high']:.1f} µV")
                for s in one["by_amplitude"]
            ]
            cells += [Cell("")] * (most - len(cells))
            there = number_cell(one["phase_where_oscillating"]["mae_deg"], notes, _NOTHING, 1)
            rows.append((Cell(band), Cell(METHOD_WORDS.get(method, method)), *cells, there))
    caption = "Mean absolute error over all lead times, by true amplitude, weakest first."
    return Table("By amplitude", tuple(columns), tuple(rows), caption, notes.listed())


def _difference_table(found: list[Difference]) -> Table:
    """The model less each baseline, by subject."""
    names = ("Score", "Band", "Against")
    columns = [Column(name, numeric=False) for name in names]
    columns += [
        Column(name) for name in ("Subjects", "Difference", "95 % interval", "p", "p, Holm")
    ]
    words = {"mae_deg": "Error, all lead times (°)", "near_mae_deg": "Error, first second (°)",
             "frequency_mae_hz": "Frequency error (Hz)"}  # fmt: skip
    notes, rows = Footnotes(), []
    for one in found:
        if one.score == "frequency_mae_hz" and one.against != "ar":
            continue  # both baselines say the context's frequency
        interval = number_cell(None, notes, one.note)
        if one.low is not None and one.high is not None:
            interval = Cell(f"{one.low:+.2f} to {one.high:+.2f}")
        against = "the context's" if one.score == "frequency_mae_hz" else METHOD_WORDS[one.against]
        shown = Cell("n/a") if one.difference is None else Cell(f"{one.difference:+.2f}")
        rows.append(
            (
                Cell(words[one.score]),
                Cell(one.band),
                Cell(against),
                count_cell(one.n_subjects),
                shown,
                interval,
                number_cell(one.p, notes),
                number_cell(one.p_holm, notes),
            )
        )
    caption = (
        "Model less baseline, mean over subjects; below 0 the model is better. p: paired "
        "permutation over subjects, beside it after Holm over all differences of a score."
    )
    title = "The model against its baselines, subject by subject"
    return Table(title, tuple(columns), tuple(rows), caption, notes.listed())


def _subject_table(scores: AllPhaseScores) -> Table:
    """Errors of the first second by subject, of the model and of AR."""
    bands = list(next(iter(scores.methods.values())))
    columns = [Column("Subject", numeric=False)]
    columns += [Column(f"{band} (°)") for band in bands]
    notes, rows = Footnotes(), []
    for subject, methods in scores.per_subject.items():
        cells = []
        for band in bands:
            ours, ar = methods[MODEL][band]["near_mae_deg"], methods["ar"][band]["near_mae_deg"]
            beside = "" if ar is None else f"AR {ar:.1f}"
            cells.append(number_cell(ours, notes, "", 1, beside))
        rows.append((Cell(subject), *cells))
    caption = "Mean absolute error of the model over the first second; small: AR + Hilbert."
    return Table("Subject by subject", tuple(columns), tuple(rows), caption)


def _error_figure(table: PhasePredictions) -> ReportFigure:
    return ReportFigure(
        "Error by lead time",
        "Mean absolute phase error over all channels, times and subjects. Dotted: 90°, guessing. "
        "Lead times count from the end of the context; below 0.1 s the axis is linear.",
        "Curves of the mean absolute phase error by lead time, a panel for each band",
        svg_uri(error_over_lead(table, METHOD_WORDS)),
    )


def _wave_figure(table: PhasePredictions, traces: int) -> ReportFigure | None:
    rows = worth_showing(table, traces)
    if not rows:
        return None
    return ReportFigure(
        "Single channels",
        "Dark: the true wave in its narrow band, shaded its amplitude. Forecasts tell a phase and "
        "no amplitude: they are drawn as cosines. From each band, evenly over subjects, channels "
        "that oscillate with the median error of the model over the first second: neither its best "
        "nor its worst.",
        "Waves of single channels with their forecasts",
        png_uri(waves(table, rows, METHOD_WORDS, _SHOWN_S), dpi=110),
    )


def worth_showing(table: PhasePredictions, count: int) -> list[int]:
    """Rows to draw: band after band, that of median error among those that oscillate."""
    bands, of_band = list(table.bands), np.array(table.band)
    names, near = np.array(table.subject), table.lead_s < 1.0
    gap = table.methods[MODEL].rad[:, near] - table.true_rad[:, near]
    error = np.arccos(np.clip(np.cos(gap), -1, 1)).mean(axis=1)
    subjects = sorted(set(table.subject))
    rows: list[int] = []
    for k in range(count):
        band, subject = bands[k % len(bands)], subjects[k % len(subjects)]
        mine = np.flatnonzero((of_band == band) & table.oscillates & (names == subject))
        if mine.size == 0:
            mine = np.flatnonzero((of_band == band) & table.oscillates)
        if mine.size:
            rows.append(int(mine[np.argsort(error[mine], kind="stable")[len(mine) // 2]]))
    return list(dict.fromkeys(rows))


def _limits(table: PhasePredictions) -> tuple[str, ...]:
    about = table.about
    own = about.get("targets") == "own"
    signal = (
        "Truth and forecast are phases of the causally filtered signal, which runs behind the EEG "
        "by the filters' delay at each frequency."
        if own
        else "Truth is the phase of the signal filtered without delay; what the causal filters of "
        "the contexts add was taken back from every forecast."
    )
    return (
        *limits(len(set(table.subject)))[:-1],
        signal,
        "Channels of one recording, and times a few seconds apart, resemble each other: they are "
        "no independent cases. Only subjects are.",
        "Where a band holds no oscillation its phase is that of filtered noise, and nothing can "
        "forecast it for longer than the filter remembers.",
        "A narrow band makes every signal look like a slowly changing wave: part of the short-term "
        "success of all methods is the filter's.",
    )
