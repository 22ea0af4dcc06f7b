"""Build the page of a forecast: every method by horizon, comparisons, examples."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegssl.artifacts.manifest import Artifact
from eegssl.reports.cautions import banners, few_subjects, limits
from eegssl.reports.embed import png_uri, svg_uri
from eegssl.reports.model_history import model_history
from eegssl.reports.sections import Bullets, Page, ReportFigure, Section, Tile, inserted, section
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

_CHANNELS = ("O1", "O2", "Pz", "Cz", "C3", "Fz", "Fp1")
_DRAWN = 3
_TAIL_S, _AHEAD_S = 1.0, 3.0
_GROUPS = "Subject by subject, channel by channel"


def page_of(table: Forecasts, report: ForecastReport) -> Page:
    """The page of a table and its scores; nothing but these two is needed."""
    about = table.about
    folds = f", {about['folds']} folds" if "folds" in about else ""
    against = [name for name in ("ar", "mean", "persistence") if name in report.baselines]
    spans = (report.spans[0], whole_of(report))
    every = [make(report, unit) for unit in UNIT_WORDS for make in (overall_table, stretch_table)]
    return Page(
        kicker="Evaluation",
        title=f"Evaluation: {about['task']}{folds}",
        lead=f"The signal of the next {about['horizon_s']:g} s from the {about['context_s']:g} s "
        "before, sample by sample.",
        banners=banners(about),
        tiles=_tiles(report),
        counts=_counts(report, about),
        sections=(
            section(
                "The model against the baselines",
                Bullets(tuple(verdict(report, n, "uv", s) for n in against for s in spans)),
                _error_figure(report),
                *(comparison_table(report, unit) for unit in UNIT_WORDS),
            ),
            section("All methods", *every),
            section(
                _GROUPS,
                group_table(report, "per_subject", "Subject"),
                group_table(report, "per_channel", "Channel"),
            ),
            _limits(report, about["targets"] == APART),
        ),
    )


def with_examples(
    page: Page,
    methods: Mapping[str, Forecaster],
    pairs: RecordedPairs,
    model: Artifact,
    count: int,
) -> Page:
    """The page with the model's lineage and training, and ``count`` forecasts beside the signal.

    One of each recording, from its middle, recordings evenly spaced: none is chosen for its looks.
    """
    owners = len(pairs.windows.recordings)
    chosen = np.unique(np.linspace(0, owners - 1, min(count, owners)).round().astype(np.int64))
    examples = [_example(methods, pairs, int(owner)) for owner in chosen] if count else []
    page = inserted(page, section("Forecasts beside the true signal", *examples), (_GROUPS,))
    return inserted(page, model_history(model), (page.sections[-1].title,))


def _error_figure(report: ForecastReport) -> ReportFigure:
    return ReportFigure(
        "Error over the horizon",
        "Mean absolute error of each stretch, drawn at its geometric middle (the first at its "
        "half). Right: 1 is as good as forecasting the context's mean throughout.",
        "Curves of the error of each method over the horizon",
        svg_uri(error_over_horizon(report, METHOD_WORDS)),
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
        "The last second that methods read, then (shaded) the true signal and its forecasts.",
        f"EEG of recording {recording.id} with forecasts",
        png_uri(figure, dpi=110),
    )


def _tiles(report: ForecastReport) -> tuple[Tile, ...]:
    """The scores that a reader looks for first, the model's beside AR's and the mean's."""
    names = (report.model, *(name for name in SHOWN if name in report.baselines))
    whole, tiles = whole_of(report), []
    for span in (whole, report.spans[0]):
        for name in names:
            own = report.methods[name]["uv"]
            scores = own["overall"] if span == whole else own["per_stretch"][0]
            basis = f"{span[0]:g} to {span[1]:g} s ahead"
            tiles.append((f"MAE, {METHOD_WORDS[name]}", f"{scores['mae']:.2f} µV", basis))
    return tuple(tiles)


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
    "Targets were filtered without delay, contexts causally. AR and seasonal continue the context "
    "and take back the phase shift of its filters; persistence holds the last filtered sample."
)


def _limits(report: ForecastReport, filtered_apart: bool) -> Section:
    return limits(
        "evaluation",
        *((FILTERED_APART,) if filtered_apart else ()),
        *few_subjects(report.n_subjects),
        "Forecasts of one recording overlap and are alike; only subjects are independent.",
        "Most of the error over the whole horizon is noise that no method can forecast: read the "
        "first stretches, and the error as a share of the mean's.",
        "Squared error rewards forecasts that fade to the mean: a good score does not mean a "
        "lifelike signal, as the spectral distance shows.",
    )
