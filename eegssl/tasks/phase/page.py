"""Build the page of forecast phases from one table and its scores."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegssl.reports.cautions import banners, few_subjects, limits
from eegssl.reports.cells import Footnotes, heads, number_cell
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.method_tables import difference_table, score_cells
from eegssl.reports.sections import (
    Cell,
    Glossary,
    Page,
    ReportFigure,
    Section,
    Table,
    Text,
    Tile,
    section,
)
from eegssl.tasks.benchmarked import MODEL_METHOD
from eegssl.tasks.phase.phase_figures import error_over_lead, waves
from eegssl.tasks.phase.phase_rows import PhasePredictions
from eegssl.tasks.phase.scores import METHOD_WORDS, AllPhaseScores

_SHOWN_S, _FIRST_S = 3.0, 0.25
_NOTHING = "no target oscillates in this band"
_READING = (
    ("Phase", "The angle of the wave in a band of ±{half:g} Hz around the context's dominant "
     "frequency: 0° is a crest. The truth looks at both sides of every moment; forecasts saw the "
     "context only."),
    ("Mean absolute error", "The mean angle between forecast and truth, the short way round. "
     "90° is guessing."),
    ("Bias", "The direction of the mean error; above 0 the forecast runs ahead. It means little "
     "where phase-locking is near 0."),
    ("Phase-locking", "1 if the error is always the same, whatever it is; 0 if errors point "
     "everywhere."),
    ("Within ±45°", "The share of moments at which a stimulus timed by the forecast would hit the "
     "right quarter of the wave; 25 % is guessing."),
    ("Frequency error", "Mean absolute difference to the dominant frequency of the time to come, "
     "where it stands out of the spectrum. The baselines give that of the context."),
    ("Amplitude strata", "The phase of a very weak wave is noise: errors are smaller where the "
     "true wave is large. Strata are quarters of all moments by true amplitude."),
)  # fmt: skip


def page_of(table: PhasePredictions, scores: AllPhaseScores, traces: int) -> Page:
    """The page of a table and its scores; ``traces`` waves are drawn."""
    about = table.about
    title = f"Evaluation: {about['task']}"
    if "folds" in about:
        title = f"Cross-validation: {about['task']}, {about['folds']} folds"
    reading = tuple((name, text.format(half=about["half_width_hz"])) for name, text in _READING)
    return Page(
        kicker="Evaluation",
        title=title,
        lead="Future frequency and phase, beside methods that need no encoder",
        banners=banners(about),
        tiles=_tiles(scores),
        counts=_counts(table),
        sections=(
            section(
                "How far ahead the phase is known", Text(verdict(scores)), _error_figure(table)
            ),
            section("Forecasts beside the truth", _wave_figure(table, traces)),
            section("Against the baselines", _difference_table(scores.differences)),
            section("Band by band", *(_band_table(band, scores) for band in table.bands)),
            section("By amplitude", _strata_table(scores)),
            section("Subject by subject", _subject_table(scores)),
            section("How to read these numbers", Glossary(reading)),
            _limits(table),
        ),
    )


def verdict(scores: AllPhaseScores) -> str:
    """Compare the model with the baselines in the first second, in a sentence."""
    near = [one for one in scores.differences if one["score"] == "near_mae_deg"]
    near = [one for one in near if one["difference"] is not None]
    if not near:
        return "No subject has an error of the model and of a baseline to compare."
    better = [one for one in near if one["difference"] < 0]
    sure = [one for one in better if one["p_holm"] is not None and one["p_holm"] < 0.05]
    against_ar = ", ".join(
        f"{one['band']} {one['difference']:+.1f}°" for one in near if one["against"] == "ar"
    )
    sentence = (
        "Over the first second, the model's error less that of AR + Hilbert, mean over subjects: "
        f"{against_ar} (below 0 is better). "
    )
    if not sure:
        return f"{sentence}The model is not surely better than any baseline."
    named = ", ".join(f"{METHOD_WORDS[one['against']]} in {one['band']}" for one in sure)
    return f"{sentence}After Holm's correction the model is better than {named}, and nowhere else."


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


def _tiles(scores: AllPhaseScores) -> tuple[Tile, ...]:
    """The error of the first quarter second of each band, beside AR's, and how often there is an
    oscillation to have a phase."""
    tiles = []
    for band, own in scores.methods[MODEL_METHOD].items():
        first = _first_error(own)
        beside = _first_error(scores.methods["ar"][band])
        oscillating = f"{own['n_oscillating']:,} of {own['n_series']:,} series oscillate"
        if first is not None and beside is not None:
            small = f"AR + Hilbert {beside:.0f}°; {oscillating}"
            tiles.append((f"{band}, first 250 ms", f"{first:.0f}°", small))
    return tuple(tiles)


def _first_error(scores: Mapping[str, Any]) -> float | None:
    """The mean absolute error up to a quarter second ahead, weighted by numbers of samples."""
    parts = [one for one in scores["per_horizon"] if one["to_s"] <= _FIRST_S + 1e-6]
    n = sum(one["n"] for one in parts)
    return sum(one["n"] * (one["mae_deg"] or 0.0) for one in parts) / n if n else None


def _band_table(band: str, scores: AllPhaseScores) -> Table:
    """Methods of one band by stretch of lead time, and over all of it."""
    notes, rows = Footnotes(), []
    first = next(iter(scores.methods.values()))[band]
    stretches = [(one["from_s"], one["to_s"]) for one in first["per_horizon"]]
    for k, (from_s, to_s) in enumerate([*stretches, (0.0, stretches[-1][1])]):
        whole = k == len(stretches)
        of_methods = [
            bands[band]["phase"] if whole else bands[band]["per_horizon"][k]
            for bands in scores.methods.values()
        ]
        errors = score_cells([one["mae_deg"] for one in of_methods], notes, digits=1)
        for (method, bands), one, error in zip(
            scores.methods.items(), of_methods, errors, strict=True
        ):
            hz = bands[band]["frequency_mae_hz"]
            rows.append(
                (
                    Cell(METHOD_WORDS.get(method, method)),
                    Cell(f"all, to {to_s:g}" if whole else f"{from_s:g} to {to_s:g}"),
                    error,
                    number_cell(one["bias_deg"], notes, "errors point in all directions", 0),
                    number_cell(one["phase_locking"], notes, "", 2),
                    number_cell(one["share_within_45_deg"], notes, "", 2),
                    number_cell(hz, notes, _NOTHING, 2) if whole else Cell(""),
                )
            )
    n, oscillating = first["n_series"], first["n_oscillating"]
    return Table(
        band,
        heads(("Method",), "Lead time (s)", "Error (°)", "Bias (°)", "Phase-locking",
              "Within ±45°", "Frequency error (Hz)"),
        tuple(rows),
        f"{oscillating:,} of {n:,} targets (a channel at a time t) oscillate in this band. The "
        "smallest error in bold.",
        notes.listed(),
    )  # fmt: skip


def _strata_table(scores: AllPhaseScores) -> Table:
    """Errors by true amplitude, and where the target oscillates."""
    most = max(len(one["by_amplitude"]) for b in scores.methods.values() for one in b.values())
    strata = [f"Quarter {k + 1} (°)" if most == 4 else f"Stratum {k + 1} (°)" for k in range(most)]
    notes, rows = Footnotes(), []
    for band in next(iter(scores.methods.values())):
        for method, bands in scores.methods.items():
            one = bands[band]
            cells = [
                Cell(f"{s['scores']['mae_deg']:.1f}", small=f"{s['low']:.1f} to {s['high']:.1f} µV")
                for s in one["by_amplitude"]
            ]
            cells += [Cell("")] * (most - len(cells))
            cells.append(number_cell(one["phase_where_oscillating"]["mae_deg"], notes, _NOTHING, 1))
            rows.append((Cell(band), Cell(METHOD_WORDS.get(method, method)), *cells))
    return Table(
        "By amplitude",
        heads(("Band", "Method"), *strata, "Where it oscillates (°)"),
        tuple(rows),
        "Mean absolute error over all lead times, by true amplitude, weakest first.",
        notes.listed(),
    )


def _difference_table(differences: list[dict[str, Any]]) -> Table:
    """The model less each baseline, by subject."""
    words = {"mae_deg": "Error, all lead times (°)", "near_mae_deg": "Error, first second (°)",
             "frequency_mae_hz": "Frequency error (Hz)"}  # fmt: skip
    rows = []
    for one in differences:
        score, against = one["score"], METHOD_WORDS[one["against"]]
        if score == "frequency_mae_hz":
            if one["against"] != "ar":
                continue  # both baselines give the context's frequency
            against = "the context's"
        rows.append(((words[score], one["band"], against), one["n_subjects"], one))
    return difference_table(
        "The model against its baselines, subject by subject",
        ("Score", "Band", "Against"),
        "subject",
        rows,
        "Model less baseline, mean over subjects; below 0 the model is better. p: paired "
        "permutation over subjects, beside it after Holm over all differences of a score.",
        digits=2,
    )


def _subject_table(scores: AllPhaseScores) -> Table:
    """Errors of the first second by subject, of the model and of AR."""
    bands = list(next(iter(scores.methods.values())))
    notes, rows = Footnotes(), []
    for subject, methods in scores.per_subject.items():
        cells = []
        for band in bands:
            own, ar = (
                methods[MODEL_METHOD][band]["near_mae_deg"],
                methods["ar"][band]["near_mae_deg"],
            )
            cells.append(number_cell(own, notes, "", 1, "" if ar is None else f"AR {ar:.1f}"))
        rows.append((Cell(subject), *cells))
    caption = "Mean absolute error of the model over the first second; small: AR + Hilbert."
    columns = heads(("Subject",), *(f"{band} (°)" for band in bands))
    return Table("Subject by subject", columns, tuple(rows), caption)


def _error_figure(table: PhasePredictions) -> ReportFigure:
    return ReportFigure(
        "Error by lead time",
        "Mean absolute phase error over all channels, times and subjects. Dotted: 90°, guessing. "
        "Lead times count from the end of the context; below 0.1 s the axis is linear.",
        "Curves of the mean absolute phase error by lead time, a panel for each band",
        svg_uri(error_over_lead(table, METHOD_WORDS)),
    )


def _wave_figure(table: PhasePredictions, traces: int) -> ReportFigure | None:
    rows = rows_to_draw(table, traces)
    if not rows:
        return None
    return ReportFigure(
        "Single channels",
        "Dark: the true wave in its narrow band; shaded: its amplitude. Forecasts give a phase and "
        "no amplitude, so they are drawn as cosines. Shown are, from each band and evenly over "
        "subjects, channels that oscillate and have the model's median error over the first "
        "second: neither its best nor its worst.",
        "Waves of single channels with their forecasts",
        png_uri(waves(table, rows, METHOD_WORDS, _SHOWN_S), dpi=110),
    )


def rows_to_draw(table: PhasePredictions, count: int) -> list[int]:
    """Rows to draw: band after band, that of median error among those that oscillate."""
    bands, of_band = list(table.bands), np.array(table.band)
    names, near = np.array(table.subject), table.lead_s < 1.0
    gap = table.methods[MODEL_METHOD].rad[:, near] - table.true_rad[:, near]
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


def _limits(table: PhasePredictions) -> Section:
    signal = (
        "Truth and forecast are phases of the causally filtered signal, which runs behind the EEG "
        "by the filters' delay at each frequency."
        if table.about.get("targets") == "own"
        else "Truth is the phase of the signal filtered without delay; what the causal filters of "
        "the contexts add was taken back from every forecast."
    )
    return limits(
        "evaluation",
        *few_subjects(len(set(table.subject))),
        signal,
        "Channels of one recording, and times a few seconds apart, resemble each other: they are "
        "no independent cases. Only subjects are.",
        "Where a band holds no oscillation its phase is that of filtered noise, and nothing can "
        "forecast it for longer than the filter remembers.",
        "A narrow band makes every signal look like a slowly changing wave: part of the short-term "
        "success of all methods comes from the filter.",
    )
