"""The page of a forecast: every method by horizon, what beats what, and examples."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from eegssl import __version__
from eegssl.artifacts.manifest import Artifact
from eegssl.reports.content import RESEARCH_USE, Banner, LineageStep, ReportFigure, banners
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.html import render
from eegssl.tasks.forecast.data import RecordedPairs
from eegssl.tasks.forecast.error_sums import Forecasts
from eegssl.tasks.forecast.forecast_figures import SHOWN, error_over_horizon, forecast_example
from eegssl.tasks.forecast.forecast_tables import (
    METHOD_WORDS,
    UNIT_WORDS,
    comparison_table,
    group_table,
    overall_table,
    stretch_table,
    verdict,
    whole_of,
)
from eegssl.tasks.forecast.methods.phase_compensation import Forecaster
from eegssl.tasks.forecast.scores import ForecastReport
from eegssl.tasks.forecast.targets import APART
from eegssl.tasks.labels.sections.model_sections import history_figures, lineage

_CHANNELS = ("O1", "O2", "Pz", "Cz", "C3", "Fz", "Fp1")
_DRAWN = 3
_TAIL_S, _AHEAD_S = 1.0, 3.0


@dataclass(frozen=True)
class ForecastContent:
    """All that the page shows beside its report; examples and lineage need the model at hand."""

    title: str
    task: str
    banners: tuple[Banner, ...]
    counts: tuple[tuple[str, str], ...]
    report: ForecastReport
    verdicts: tuple[str, ...]
    limits: tuple[str, ...]
    figures: tuple[ReportFigure, ...]
    examples: tuple[ReportFigure, ...] = ()
    lineage: tuple[LineageStep, ...] = ()
    training_figures: tuple[ReportFigure, ...] = ()
    version: str = __version__


def forecast_page(table: Forecasts, report: ForecastReport) -> ForecastContent:
    """The page of a table and its scores; nothing but these two is needed."""
    about = table.about
    folds = f", {about['folds']} folds" if "folds" in about else ""
    first, whole = report.spans[0], whole_of(report)
    against = [name for name in ("ar", "mean", "persistence") if name in report.baselines]
    return ForecastContent(
        title=f"Evaluation: {about['task']}{folds}",
        task=f"The signal of the next {about['horizon_s']:g} s from the {about['context_s']:g} s "
        "before, sample by sample.",
        banners=banners(about["synthetic"], about["within_subject"], False, about),
        counts=_counts(report, about),
        report=report,
        verdicts=tuple(verdict(report, n, "uv", s) for n in against for s in (first, whole)),
        limits=_limits(report, about["targets"] == APART),
        figures=(
            ReportFigure(
                "Error over the horizon",
                "Mean absolute error of each stretch, drawn at its geometric middle (the first at "
                "its half). Right: 1 is as good as forecasting the context's mean throughout.",
                "Curves of the error of each method over the horizon",
                svg_uri(error_over_horizon(report, METHOD_WORDS)),
            ),
        ),
    )


def render_forecast(content: ForecastContent) -> str:
    """The page as one self-contained HTML file; same content, same bytes."""
    report = content.report
    return render(
        "forecast.html.j2",
        content=content,
        research_use=RESEARCH_USE,
        tiles=_tiles(report),
        tables=[
            table
            for unit in UNIT_WORDS
            for table in (overall_table(report, unit), stretch_table(report, unit))
        ],
        comparisons=[comparison_table(report, unit) for unit in UNIT_WORDS],
        groups=[
            group_table(report, "per_subject", "Subject"),
            group_table(report, "per_channel", "Channel"),
        ],
    )


def with_examples(
    page: ForecastContent,
    methods: Mapping[str, Forecaster],
    pairs: RecordedPairs,
    model: Artifact,
    count: int,
) -> ForecastContent:
    """The page with the model's lineage and training, and ``count`` forecasts beside what came.

    One of each recording, from its middle, recordings evenly spaced: none is chosen for its looks.
    """
    owners = len(pairs.windows.recordings)
    chosen = np.unique(np.linspace(0, owners - 1, min(count, owners)).round().astype(np.int64))
    return replace(
        page,
        examples=tuple(_example(methods, pairs, int(owner)) for owner in chosen) if count else (),
        lineage=lineage(model),
        training_figures=history_figures(model),
    )


def _example(methods: Mapping[str, Forecaster], pairs: RecordedPairs, owner: int) -> ReportFigure:
    places = np.flatnonzero(pairs.windows.owner == owner)
    place = places[len(places) // 2]
    recording, sfreq_hz = pairs.windows.recordings[owner], pairs.horizon.sfreq_hz
    pair = pairs.batch(np.array([place]))
    wanted = [c for c in _CHANNELS if c in recording.channels] or list(recording.channels)
    rows = [recording.channels.index(c) for c in wanted[:_DRAWN]]
    tail, ahead = round(_TAIL_S * sfreq_hz), round(_AHEAD_S * sfreq_hz)
    shown = {n: m for n, m in methods.items() if n in ("model", *SHOWN)}
    figure = forecast_example(
        wanted[:_DRAWN],
        pair.context.signal_uv[0, rows, -tail:],
        pair.target_uv[0, rows, :ahead],
        {n: m.forecast(pair.context)[0, rows, :ahead] for n, m in shown.items()},
        sfreq_hz,
        METHOD_WORDS,
    )
    return ReportFigure(
        f"Recording {recording.id}, subject {recording.subject}, t = {pairs.t_s[place]:g} s",
        "The last second that methods read, then (shaded) what came and what was forecast.",
        f"EEG of recording {recording.id} with forecasts",
        png_uri(figure, dpi=110),
    )


def _tiles(report: ForecastReport) -> list[tuple[str, str, str]]:
    """The scores that a reader looks for first, the model's beside AR's and the mean's."""
    first, whole = report.spans[0], whole_of(report)
    tiles = []
    for words, span in (("MAE", whole), ("MAE", first)):
        for name in (report.model, *(n for n in SHOWN if n in report.baselines)):
            held = report.methods[name]["uv"]
            scores = held["overall"] if span == whole else held["per_stretch"][0]
            tiles.append((f"{words}, {METHOD_WORDS[name]}", f"{scores['mae']:.2f} µV", _over(span)))
    return tiles


def _over(span: tuple[float, float]) -> str:
    return f"{span[0]:g} to {span[1]:g} s ahead"


def _counts(report: ForecastReport, about: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    targets = about["targets"]
    return (
        *((("Folds", str(about["folds"])),) if "folds" in about else ()),
        ("Test subjects", str(report.n_subjects)),
        ("Test recordings", str(report.n_recordings)),
        ("Forecasts", f"{report.n_windows:,} of all channels"),
        ("Adaptation", f"{about['adaptation']}, {about['head']} head"),
        ("The head adds to", str(METHOD_WORDS.get(str(about["base"]), about["base"]))),
        ("Steps kept", str(about["best_step"])),
        ("Minimised", f"squared error in {UNIT_WORDS[str(about['minimised'])]}"),
        *about["parts"].items(),
        ("Targets", "filtered apart" if targets == APART else "the contexts' continuation"),
    )


FILTERED_APART = (
    "Targets were filtered without delay, contexts causally: AR and seasonal run a context on and "
    "take the phase of its filters back. Persistence holds the last sample as it was filtered."
)


def _limits(report: ForecastReport, filtered_apart: bool) -> tuple[str, ...]:
    n = report.n_subjects
    said = [
        "Forecasts of one recording overlap and are alike; only subjects are independent.",
        "An error of the whole horizon is dominated by what nobody can forecast: read the first "
        "stretches, and the share of the mean's error.",
        "Squared error rewards forecasts that fade to the mean: a good score is not a lifelike "
        "signal, as the spectral distance shows.",
    ]
    if n < 20:
        few = f"{n} test subject(s): with so few, another draw of subjects may score otherwise."
        said.insert(0, few)
    if filtered_apart:
        said.insert(0, FILTERED_APART)
    return tuple(said)
