"""Show the scores of every forecasting method as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from eegssl.reports.cells import NO_INTERVAL, Footnotes, heads, interval_text, number_text
from eegssl.reports.method_tables import score_cells
from eegssl.reports.sections import Cell, Table
from eegssl.tasks.forecast.scores import ForecastReport, Span

UNIT_WORDS = {"uv": "µV", "zscore": "z-scores of the context"}
METHOD_WORDS = {
    "model": "encoder and head",
    "persistence": "persistence",
    "mean": "mean of the context",
    "seasonal": "seasonal",
    "ar": "AR(p)",
    "linear": "linear",
    "dlinear": "DLinear",
    "patchtst": "PatchTST-like",
}
_METRICS = (
    ("mae", "MAE", 3, False),
    ("mse", "MSE", 3, False),
    ("r2", "R²", 3, True),
    ("pearson", "Pearson's r", 3, True),
    ("mase", "MASE", 3, False),
    ("mae_over_persistence", "MAE ÷ persistence's", 3, False),
    ("log_psd_distance_db", "Spectral distance (dB)", 1, False),
)


def overall_table(report: ForecastReport, unit: str) -> Table:
    """Methods × scores over the whole horizon."""
    notes = Footnotes()
    scores = [units[unit]["overall"] for units in report.methods.values()]
    columns = [
        score_cells(
            [own[metric] for own in scores],
            notes,
            digits=digits,
            higher=higher,
            reasons=[own["undefined"].get(metric, "") for own in scores],
        )
        for metric, _, digits, higher in _METRICS
    ]
    names = [name for _, name, _, _ in _METRICS]
    title = f"The whole horizon, in {UNIT_WORDS[unit]}"
    return _table(title, report, names, columns, "The best in bold.", notes)


def stretch_table(report: ForecastReport, unit: str) -> Table:
    """Methods × stretches of the horizon: mean absolute error, and R² in small print."""
    stretches = [units[unit]["per_stretch"] for units in report.methods.values()]
    notes = Footnotes()
    columns = [
        score_cells(
            [own[k]["mae"] for own in stretches],
            notes,
            smalls=[f"R² {number_text(own[k]['r2'], 2)}" for own in stretches],
        )
        for k in range(len(report.spans))
    ]
    caption = "Mean absolute error by seconds after the last sample; the smallest in bold."
    names = [f"{_words(span)} s" for span in report.spans]
    return _table(f"By stretch, in {UNIT_WORDS[unit]}", report, names, columns, caption, notes)


def comparison_table(report: ForecastReport, unit: str) -> Table:
    """The model less each baseline over the whole horizon and the first stretches."""
    spans, notes, rows = [whole_of(report), *report.spans[:4]], Footnotes(), []
    for name in report.baselines:
        differences = [report.comparison(name, unit, "mae", span) for span in spans]
        rows.append((Cell(METHOD_WORDS[name]), *(_difference(one, notes) for one in differences)))
    caption = (
        "Mean difference of the subjects' MAE, model less baseline: below 0 the model errs less. "
        "In small print the 95 % interval over subjects (BCa), p of a paired permutation, adjusted "
        "for all baselines of a column (Holm), and in how many subjects the model is better."
    )
    names = [f"{_words(span)} s" for span in spans]
    title = f"The model against each, in {UNIT_WORDS[unit]}"
    return Table(title, heads(("Against",), *names), tuple(rows), caption, notes.listed())


def group_table(report: ForecastReport, group: str, title: str) -> Table:
    """Subjects or channels × methods: mean absolute error in µV over the whole horizon."""
    scores = [of_units["uv"][group] for of_units in report.methods.values()]
    notes = Footnotes()
    rows = [
        (Cell(one), *score_cells([own[one]["mae"] for own in scores], notes)) for one in scores[0]
    ]
    columns = heads((title,), *(METHOD_WORDS[name] for name in report.methods))
    caption = "Mean absolute error in µV; the smallest in bold."
    return Table(f"By {title.lower()}", columns, tuple(rows), caption)


def verdict(report: ForecastReport, baseline: str, unit: str, span: Span) -> str:
    """Compare the model with a baseline in a sentence."""
    compared = report.comparison(baseline, unit, "mae", span)
    scores = report.methods[baseline][unit]
    own = scores["overall"]
    if span != whole_of(report):
        own = next(s for s in scores["per_stretch"] if (s["from_s"], s["to_s"]) == span)
    share = 100 * compared["difference"] / own["mae"] if own["mae"] else 0.0
    p, less = compared["p_holm"], compared["difference"] < 0
    sure = p is not None and p < 0.05
    word = (
        ("is better than" if less else "is worse than") if sure else "is not clearly different from"
    )
    return (
        f"Over {_words(span)} s the model {word} {METHOD_WORDS[baseline]}: its mean absolute error "
        f"is {abs(share):.1f} % {'lower' if less else 'higher'} "
        f"({'no p' if p is None else f'p {p:.3f}'}, better in {compared['n_better']} of "
        f"{compared['n_subjects']} subjects)."
    )


def whole_of(report: ForecastReport) -> Span:
    """The whole horizon in seconds."""
    return report.spans[0][0], report.spans[-1][1]


def _table(
    title: str,
    report: ForecastReport,
    names: Sequence[str],
    columns: Sequence[Sequence[Cell]],
    caption: str,
    notes: Footnotes,
) -> Table:
    """One row a method, from the columns' cells."""
    labels = (Cell(METHOD_WORDS[name]) for name in report.methods)
    rows = tuple(zip(labels, *columns, strict=True))
    return Table(title, heads(("Method",), *names), rows, caption, notes.listed())


def _difference(one: Mapping[str, Any], notes: Footnotes) -> Cell:
    p = one["p_holm"]
    small = (
        interval_text(one["low"], one["high"], sign="+"),
        "" if p is None else f"p {p:.4f}",
        f"{one['n_better']}/{one['n_subjects']}",
    )
    mark = notes.mark(f"{NO_INTERVAL}{one['note']}") if one["note"] else ""
    return Cell(
        number_text(one["difference"], sign="+"), mark=mark, small=", ".join(filter(None, small))
    )


def _words(span: Span) -> str:
    return f"{span[0]:g}–{span[1]:g}"
