"""The page of a patient-level task: what a cohort shows, how sure that is, and what it can't."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eegssl import __version__
from eegssl.reports.content import (
    NOT_AVAILABLE,
    RESEARCH_USE,
    Banner,
    Cell,
    Column,
    Footnotes,
    ReportFigure,
    Table,
    banners,
    number_cell,
)
from eegssl.reports.embed import svg_uri
from eegssl.reports.html import render
from eegssl.scoring.statistics.intervals import Interval
from eegssl.tasks.patients.analysis import InputResult, PatientResult
from eegssl.tasks.patients.left_out import PatientPredictions
from eegssl.tasks.patients.patient_figures import (
    Range,
    auroc_figure,
    calibration_figure,
    probability_figure,
)

Tile = tuple[str, str, str]
INPUT_WORDS = {
    "clinical": "what is known before treatment without any EEG",
    "band power": "log band power, the baseline of every encoder",
    "eeg": "embeddings of the frozen encoder",
    "before": "embeddings before treatment",
    "after": "embeddings after treatment",
    "difference": "embeddings after less those before",
    "combined": "clinical data and embeddings, each counting the same",
}
"""Input -> what it is made of."""

HOW_TO_READ: tuple[tuple[str, str], ...] = (
    (
        "A patient counts once",
        "Windows were pooled to their patient before anything was fitted or scored. There are no "
        "scores of windows here: windows of one patient share one outcome, and a p-value that "
        "counts them as patients finds an effect in any noise.",
    ),
    (
        "AUROC",
        "Chance that a patient of good outcome got a higher probability than one of poor outcome, "
        "both left out by the same models. 0.5 is guessing, 1 is perfect.",
    ),
    (
        "Its interval",
        "True values that this cohort can't refuse, from the same procedure with permuted "
        "outcomes. If it holds 0.5, nothing was shown.",
    ),
    (
        "p and Holm's p",
        "Share of permuted outcomes that came out as well; one-sided. Holm's is adjusted for all "
        "inputs of this page: it is the one to quote, unless one input was named beforehand.",
    ),
    (
        "Gain over clinical data",
        "Difference of two AUROCs on the same patients. Its interval draws patients anew with the "
        "scores they got, leaves out how fits differ, and is therefore too narrow: a gain that "
        "barely excludes 0 is none.",
    ),
    (
        "Calibration",
        "Slope and intercept of the outcome on the predicted log odds: 1 and 0 are ideal, a slope "
        "below 1 says that probabilities are too extreme, one near 0 that they mean nothing.",
    ),
)


@dataclass(frozen=True)
class PatientsContent:
    """All that the page shows."""

    title: str
    task: str
    banners: tuple[Banner, ...]
    tiles: tuple[Tile, ...]
    counts: tuple[tuple[str, str], ...]
    scores: Table
    calibration: Table
    auroc_figure: ReportFigure
    probability_figure: ReportFigure
    calibration_figure: ReportFigure
    left_out: tuple[tuple[str, str], ...]
    methods: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    version: str = __version__


def render_patients(content: PatientsContent) -> str:
    """The page as one self-contained HTML text; same content, same bytes."""
    return render(
        "patients.html.j2", content=content, how_to_read=HOW_TO_READ, research_use=RESEARCH_USE
    )


def page_of_patients(found: PatientPredictions, result: PatientResult) -> PatientsContent:
    """The page of what patients left out got, and its scores; nothing else is needed."""
    about = found.about
    outside = about["tested"] == "outside"
    title = "Outside cohort" if outside else "Patients left out"
    return PatientsContent(
        title=f"{title}: {about['task']}",
        task=_question(about),
        banners=banners(about["synthetic"], False, False, about),
        tiles=_tiles(result),
        counts=_counts(about),
        scores=_score_table(result),
        calibration=_calibration_table(result, about),
        auroc_figure=_aurocs(found, result),
        probability_figure=_probabilities(found, result),
        calibration_figure=_calibration(found, result, about),
        left_out=_left_out(about),
        methods=tuple((str(a), str(b)) for a, b in about["methods"]),
        notes=result.notes,
        limits=result.limits.words,
    )


def interval_text(interval: Interval | None) -> str:
    """``0.61 to 0.92``, or an empty text where there is none."""
    if interval is None or interval.low is None or interval.high is None:
        return ""
    return f"{interval.low:.2f} to {interval.high:.2f}".replace(" ", "\u00a0")


def auroc_interval(one: InputResult) -> Interval:
    """The interval of an input's AUROC that is shown; see the notes of the analysis."""
    intervals = one.intervals["auroc"]
    return intervals["permutation"] if "permutation" in intervals else intervals["bca"]


def _question(about: Mapping[str, Any]) -> str:
    when = (
        "recordings before and after treatment"
        if about["design"] == "paired"
        else "recordings before treatment"
    )
    return f"Who fares well, told from {when} and from clinical data; one row a patient."


def _tiles(result: PatientResult) -> tuple[Tile, ...]:
    wanted = ("clinical", "band power", "eeg", "difference", "combined")
    shown = [(name, result.inputs[name]) for name in wanted if name in result.inputs]
    return tuple((f"AUROC, {name}", f"{one.scores.auroc:.2f}", _basis(one)) for name, one in shown)


def _basis(one: InputResult) -> str:
    said = interval_text(auroc_interval(one)) or "no interval"
    return f"{said}, p = {one.p_holm:.3f} after Holm" if one.p_holm is not None else said


def _counts(about: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    rows = [(name, f"{value:,}") for name, value in about["counts"].items()]
    months = about["follow_up"]
    if "median_months" in months:
        low, high = months["least_months"], months["most_months"]
        rows.append(("Follow-up, months", f"{months['median_months']:g} ({low:g} to {high:g})"))
    rows.append(("Follow-up known", f"{months['known']} patients"))
    told = ", ".join(f"{n} by {what}" for what, n in about["told_by"].items())
    rows.append(("Outcomes are told", told))
    return tuple(rows)


def _left_out(about: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    patients = [(why, f"{n} patients") for why, n in about["left_out"].items()]
    of = about["set_aside_of_patients"]
    recordings = [
        (why, f"{n} recordings of {of[why]} patients") for why, n in about["set_aside"].items()
    ]
    return tuple((why[:1].upper() + why[1:], n) for why, n in (*patients, *recordings))


def _score_table(result: PatientResult) -> Table:
    notes = Footnotes()
    rows = []
    for name, one in result.inputs.items():
        interval = auroc_interval(one)
        why = interval.reason if interval.low is None else ""
        auroc = Cell(
            f"{one.scores.auroc:.3f}",
            small=interval_text(interval),
            mark=notes.mark(f"no interval: {why}") if why else "",
        )
        no_p = "no outcomes were permuted"
        rows.append(
            (
                Cell(name, small=INPUT_WORDS.get(name, "")),
                auroc,
                number_cell(one.p, notes, no_p),
                number_cell(one.p_holm, notes, no_p),
                _gain(one, notes),
                number_cell(
                    one.scores.brier, notes, small=interval_text(one.intervals["brier"]["bca"])
                ),
            )
        )
    head = ("AUROC", "p", "p, Holm", "Gain over clinical", "Brier")
    return Table(
        title="Scores",
        columns=(Column("Input", numeric=False), *map(Column, head)),
        rows=tuple(rows),
        caption=f"Of {result.n_patients} patients. In small print: 95 % intervals. Brier score: "
        "mean squared error of the probabilities; saying one half to all gives 0.25.",
        footnotes=notes.listed(),
    )


def _gain(one: InputResult, notes: Footnotes) -> Cell:
    if one.gain is None:
        return Cell(NOT_AVAILABLE, mark=notes.mark("that is what the others are compared with"))
    return Cell(f"{one.gain:+.3f}", small=interval_text(one.gain_interval))


def _calibration_table(result: PatientResult, about: Mapping[str, Any]) -> Table:
    notes = Footnotes()
    rows = []
    for name, one in result.inputs.items():
        values = [Cell(name)]
        for key in ("calibration_slope", "calibration_intercept", "ece"):
            values.append(
                number_cell(getattr(one.scores, key), notes, one.scores.undefined.get(key, ""))
            )
        rows.append(tuple(values))
    n_bins = about["analysis"]["calibration_bins"]
    return Table(
        title="Calibration",
        columns=(
            Column("Input", numeric=False),
            Column("Slope"),
            Column("Intercept"),
            Column(f"Calibration error, {n_bins} bins"),
        ),
        rows=tuple(rows),
        footnotes=notes.listed(),
    )


def _aurocs(found: PatientPredictions, result: PatientResult) -> ReportFigure:
    intervals: dict[str, Range] = {}
    chance: dict[str, Range] = {}
    for name, one in result.inputs.items():
        interval, null = auroc_interval(one), found.inputs[name].null
        known = interval.low is not None and interval.high is not None
        intervals[name] = (float(interval.low or 0), float(interval.high or 0)) if known else None
        low, high = np.quantile(null, (0.025, 0.975)).tolist() if len(null) else (0.0, 0.0)
        chance[name] = (low, high) if len(null) else None
    drawn = auroc_figure({n: r.scores.auroc for n, r in result.inputs.items()}, intervals, chance)
    return ReportFigure(
        "How well patients are told apart",
        "Dot: AUROC of patients left out; line: its 95 % interval. Grey: where 95 % of permuted "
        "outcomes came out, through the same procedure. Dashed: chance.",
        "AUROC of each input with its interval and the range of permuted outcomes",
        svg_uri(drawn),
    )


def _probabilities(found: PatientPredictions, result: PatientResult) -> ReportFigure:
    p = {name: one.probability for name, one in result.inputs.items()}
    return ReportFigure(
        "Patient by patient",
        "A dot is a patient: the probability of a good outcome that models gave who never saw "
        "this patient, mean over repeats. The upper row fared poorly, the lower well. Bars: "
        "medians.",
        "Dots of each patient's probability by true outcome",
        svg_uri(probability_figure(found.truth, p)),
    )


def _calibration(
    found: PatientPredictions, result: PatientResult, about: Mapping[str, Any]
) -> ReportFigure:
    p = {name: one.probability for name, one in result.inputs.items()}
    n_bins = about["analysis"]["calibration_bins"]
    return ReportFigure(
        "Whether a probability means what it says",
        f"Left: {n_bins} bins of equally many patients; on the dotted line as many fare well as "
        "was said. Right: how often each probability was given.",
        "Calibration curves and histograms of probabilities",
        svg_uri(calibration_figure(found.truth, p, n_bins)),
    )


def patient_facts(about: Mapping[str, Any], result: PatientResult) -> dict[str, Any]:
    """What the manifest says, and the terminal shows."""
    shown = {}
    for name, one in result.inputs.items():
        interval = auroc_interval(one)
        shown[name] = {
            "auroc": one.scores.auroc,
            "interval": [interval.low, interval.high],
            "p": one.p,
            "p_holm": one.p_holm,
            "gain_over_clinical": one.gain,
        }
    told = ("task", "design", "tested", "encoder_weights", "leaks", "synthetic")
    return {name: about[name] for name in (*told, "follow_up", "told_by")} | {
        "adaptation": "probe",
        "pooling": about["analysis"]["pooling"],
        "patients": {
            "good": result.limits.n_good,
            "poor": result.limits.n_poor,
            "left_out": about["left_out"],
        },
        "recordings_set_aside": about["set_aside"],
        "recordings_set_aside_of_patients": about["set_aside_of_patients"],
        "scores": shown,
        "least_significant_auroc": result.limits.least_significant,
    }
