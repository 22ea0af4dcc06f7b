"""Build the page of a patient-level task."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from eegssl.reports.cautions import banners, limits
from eegssl.reports.cells import (
    NO_INTERVAL,
    NOT_AVAILABLE,
    Footnotes,
    heads,
    interval_text,
    number_cell,
    number_text,
)
from eegssl.reports.embed import svg_uri
from eegssl.reports.score_forest import ForestRow, score_forest
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
from eegssl.scoring.statistics.intervals import Interval
from eegssl.tasks.patients.analysis import InputResult, PatientResult
from eegssl.tasks.patients.left_out import PatientPredictions
from eegssl.tasks.patients.patient_figures import calibration_figure, probability_figure

INPUT_WORDS = {
    "clinical": "what is known before treatment without any EEG",
    "band power": "log band power, the baseline of every encoder",
    "eeg": "embeddings of the frozen encoder",
    "before": "embeddings before treatment",
    "after": "embeddings after treatment",
    "difference": "embeddings after less those before",
    "combined": "clinical data and embeddings, each counting the same",
}
"""Input -> its features in words."""

HOW_TO_READ: tuple[tuple[str, str], ...] = (
    (
        "A patient counts once",
        "The windows of a patient were pooled before anything was fitted or scored. There are no "
        "scores of windows here: windows of one patient share one outcome, and a p-value that "
        "counts windows as patients finds an effect in any noise.",
    ),
    (
        "AUROC",
        "Chance that a patient of good outcome got a higher probability than one of poor outcome, "
        "both left out by the same models. 0.5 is guessing, 1 is perfect.",
    ),
    (
        "Its interval",
        "True values that fit the data of this cohort, from the same procedure with permuted "
        "outcomes. If the interval holds 0.5, nothing was shown.",
    ),
    (
        "p and Holm's p",
        "p is the share of permuted outcomes with an AUROC at least as high; one-sided. Holm's p "
        "is adjusted for all inputs of this page: quote this one, unless you named one input "
        "before the analysis.",
    ),
    (
        "Gain over clinical data",
        "Difference of two AUROCs on the same patients. Its interval resamples patients with their "
        "scores, ignores that models would differ if they were fitted again, and is therefore too "
        "narrow: a gain whose interval barely excludes 0 proves nothing.",
    ),
    (
        "Calibration",
        "Slope and intercept of the outcome on the predicted log odds: 1 and 0 are ideal. A slope "
        "below 1 means that the probabilities are too extreme; a slope near 0, that they mean "
        "nothing.",
    ),
)


def page_of(table: PatientPredictions, result: PatientResult) -> Page:
    """Build the page of predictions of patients left out, and their scores."""
    about = table.about
    title = "Outside cohort" if about["tested"] == "outside" else "Patients left out"
    when = "before and after treatment" if about["design"] == "paired" else "before treatment"
    return Page(
        kicker="Outcome of patients",
        title=f"{title}: {about['task']}",
        lead=f"Who will do well, predicted from recordings {when} and from clinical data; each "
        "patient counts once.",
        banners=banners(about),
        tiles=_tiles(result),
        counts=_counts(about),
        sections=(
            limits("cohort", *result.limits.words),
            section(
                "How well outcomes are predicted",
                _score_table(result),
                _aurocs(table, result),
                _probabilities(table, result),
            ),
            section(
                "Calibration", _calibration_table(result, about), _calibration(table, result, about)
            ),
            _method_section(about, result),
            section("How to read these numbers", Glossary(HOW_TO_READ)),
        ),
    )


def _text(interval: Interval | None) -> str:
    return interval_text(interval.low, interval.high, 2) if interval else ""


def _tiles(result: PatientResult) -> tuple[Tile, ...]:
    wanted = ("clinical", "band power", "eeg", "difference", "combined")
    shown = [(name, result.inputs[name]) for name in wanted if name in result.inputs]
    return tuple((f"AUROC, {name}", f"{one.scores.auroc:.2f}", _basis(one)) for name, one in shown)


def _basis(one: InputResult) -> str:
    interval = _text(one.auroc_interval) or "no interval"
    return interval if one.p_holm is None else f"{interval}, p = {one.p_holm:.3f} after Holm"


def _counts(about: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = [(name, f"{value:,}") for name, value in about["counts"].items()]
    months = about["follow_up"]
    if "median_months" in months:
        low, high = months["least_months"], months["most_months"]
        rows.append(("Follow-up, months", f"{months['median_months']:g} ({low:g} to {high:g})"))
    rows.append(("Follow-up known", f"{months['known']} patients"))
    sources = ", ".join(f"{n} by {what}" for what, n in about["told_by"].items())
    rows.append(("Outcomes are known", sources))
    return tuple(rows)


def _method_section(about: Mapping[str, Any], result: PatientResult) -> Section:
    """List the methods, and patients and recordings that were left out."""
    patients = about["set_aside_of_patients"]
    left_out = [(f"{n} patients", why) for why, n in about["left_out"].items()]
    left_out += [
        (f"{n} recordings of {patients[why]} patients", why)
        for why, n in about["set_aside"].items()
    ]
    rows = tuple((n, why[:1].upper() + why[1:]) for n, why in left_out)
    return section(
        "How it was done",
        Glossary(tuple((str(what), str(how)) for what, how in about["methods"])),
        Glossary(rows, "Left out") if rows else None,
        *(Text(note, small=True) for note in result.notes),
    )


def _score_table(result: PatientResult) -> Table:
    notes, rows = Footnotes(), []
    for name, one in result.inputs.items():
        interval, scores = one.auroc_interval, one.scores
        missing = f"{NO_INTERVAL}{interval.reason}" if interval.low is None else ""
        no_p = "no outcomes were permuted"
        gain = Cell(NOT_AVAILABLE, mark=notes.mark("the other inputs are compared with this one"))
        if one.gain is not None:
            gain = Cell(number_text(one.gain, sign="+"), small=_text(one.gain_interval))
        rows.append(
            (
                Cell(name, small=INPUT_WORDS.get(name, "")),
                Cell(f"{scores.auroc:.3f}", small=_text(interval), mark=notes.mark(missing)),
                number_cell(one.p, notes, no_p),
                number_cell(one.p_holm, notes, no_p),
                gain,
                number_cell(scores.brier, notes, small=_text(one.intervals["brier"]["bca"])),
            )
        )
    return Table(
        "Scores",
        heads(("Input",), "AUROC", "p", "p, Holm", "Gain over clinical", "Brier"),
        tuple(rows),
        f"Of {result.n_patients} patients. In small print: 95 % intervals. Brier score: mean "
        "squared error of the probabilities; a probability of one half for everyone gives 0.25.",
        notes.listed(),
    )


def _calibration_table(result: PatientResult, about: Mapping[str, Any]) -> Table:
    notes, rows = Footnotes(), []
    for name, one in result.inputs.items():
        undefined = one.scores.undefined
        cells = [
            number_cell(getattr(one.scores, key), notes, undefined.get(key, ""))
            for key in ("calibration_slope", "calibration_intercept", "ece")
        ]
        rows.append((Cell(name), *cells))
    n_bins = about["analysis"]["calibration_bins"]
    columns = heads(("Input",), "Slope", "Intercept", f"Calibration error, {n_bins} bins")
    return Table("Calibration", columns, tuple(rows), "", notes.listed())


def _aurocs(table: PatientPredictions, result: PatientResult) -> ReportFigure:
    rows = []
    for name, one in result.inputs.items():
        interval, null = one.auroc_interval, table.inputs[name].null
        low, high = interval.low, interval.high
        chance = np.quantile(null, (0.025, 0.975)).tolist() if len(null) else None
        known = None if low is None or high is None else (low, high)
        rows.append(ForestRow(name, one.scores.auroc, known, chance=chance))
    return ReportFigure(
        "AUROC of each input",
        "Dot: AUROC of patients left out; line: its 95 % interval. Grey: the range of 95 % of the "
        "AUROCs with permuted outcomes, through the same procedure. Dotted: chance.",
        "AUROC of each input with its interval and the range of permuted outcomes",
        svg_uri(score_forest(rows, "AUROC", chance=0.5, whole=True)),
    )


def _probabilities(table: PatientPredictions, result: PatientResult) -> ReportFigure:
    return ReportFigure(
        "Patient by patient",
        "Each dot is a patient: the probability of a good outcome from models that never saw this "
        "patient, mean over repeats. Upper row: patients of poor outcome; lower row: of good "
        "outcome. Bars: medians.",
        "Dots of each patient's probability by true outcome",
        svg_uri(probability_figure(table.truth, _probability(result))),
    )


def _calibration(
    table: PatientPredictions, result: PatientResult, about: Mapping[str, Any]
) -> ReportFigure:
    n_bins = about["analysis"]["calibration_bins"]
    return ReportFigure(
        "Predicted and observed outcomes",
        f"Left: {n_bins} bins of equally many patients; on the dotted line the share of good "
        "outcomes equals the predicted probability. Right: how often each probability was given.",
        "Calibration curves and histograms of probabilities",
        svg_uri(calibration_figure(table.truth, _probability(result), n_bins)),
    )


def _probability(result: PatientResult) -> dict[str, Any]:
    return {name: one.probability for name, one in result.inputs.items()}
