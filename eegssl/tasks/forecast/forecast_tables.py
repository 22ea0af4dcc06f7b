"""Tables of forecasts: every method in each, the best in bold, and the model against each."""

from collections.abc import Mapping
from typing import Any

from eegssl.reports.content import NOT_AVAILABLE, Cell, Column, Footnotes, Table, number_cell
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
_P_SHOWN = 4


def overall_table(report: ForecastReport, unit: str) -> Table:
    """Methods × scores over the whole horizon."""
    notes = Footnotes()
    scores = {name: held[unit]["overall"] for name, held in report.methods.items()}
    best = {metric: _best(scores, metric, higher) for metric, _, _, higher in _METRICS}
    rows = []
    for name, own in scores.items():
        row = [Cell(METHOD_WORDS[name])]
        for metric, _, digits, _ in _METRICS:
            reason = own["undefined"].get(metric, "")
            cell = number_cell(own[metric], notes, reason, digits)
            row.append(_strong(cell, own[metric] is not None and name in best[metric]))
        rows.append(tuple(row))
    columns = (Column("Method", numeric=False), *(Column(words) for _, words, _, _ in _METRICS))
    return Table(f"The whole horizon, in {UNIT_WORDS[unit]}", columns, tuple(rows), "",
                 notes.listed())  # fmt: skip


def stretch_table(report: ForecastReport, unit: str) -> Table:
    """Methods × stretches of the horizon: mean absolute error, and R² in small print."""
    spans, rows = report.spans, []
    per = {name: held[unit]["per_stretch"] for name, held in report.methods.items()}
    best = [_best({n: r[k] for n, r in per.items()}, "mae", False) for k in range(len(spans))]
    for name, stretches in per.items():
        row = [Cell(METHOD_WORDS[name])]
        for k, scores in enumerate(stretches):
            r2 = scores["r2"]
            small = NOT_AVAILABLE if r2 is None else f"R² {r2:.2f}"
            row.append(Cell(f"{scores['mae']:.3f}", small=small, strong=name in best[k]))
        rows.append(tuple(row))
    columns = (Column("Method", numeric=False), *(Column(f"{_words(s)} s") for s in spans))
    caption = "Mean absolute error by seconds after the last sample; the smallest in bold."
    return Table(f"By stretch, in {UNIT_WORDS[unit]}", columns, tuple(rows), caption)


def comparison_table(report: ForecastReport, unit: str) -> Table:
    """The model less each baseline over the whole horizon and the first stretches."""
    spans = [whole_of(report), *report.spans[:4]]
    notes, rows = Footnotes(), []
    for baseline in report.baselines:
        row = [Cell(METHOD_WORDS[baseline])]
        for span in spans:
            found = report.comparison(baseline, unit, "mae", span)
            row.append(_difference(found, notes))
        rows.append(tuple(row))
    heads = [f"{_words(span)} s" for span in spans]
    columns = (Column("Against", numeric=False), *(Column(head) for head in heads))
    caption = (
        "Mean difference of the subjects' MAE, model less baseline: below 0 the model errs less. "
        "In small print the 95 % interval over subjects (BCa), p of a paired permutation, adjusted "
        "for all baselines of a column (Holm), and in how many subjects the model is better."
    )
    marks = tuple((mark, f"the interval: {text}") for mark, text in notes.listed())
    return Table(f"The model against each, in {UNIT_WORDS[unit]}", columns, tuple(rows), caption,
                 marks)  # fmt: skip


def group_table(report: ForecastReport, group: str, title: str) -> Table:
    """Subjects or channels × methods: mean absolute error in µV over the whole horizon."""
    held = {name: of_units["uv"][group] for name, of_units in report.methods.items()}
    rows = []
    for one in held[report.model]:
        mine = {name: held[name][one] for name in held}
        best = _best(mine, "mae", False)
        cells = (Cell(f"{s['mae']:.3f}", strong=name in best) for name, s in mine.items())
        rows.append((Cell(one), *cells))
    columns = (Column(title, numeric=False), *(Column(METHOD_WORDS[name]) for name in held))
    return Table(f"By {title.lower()}", columns, tuple(rows), "Mean absolute error in µV.")


def verdict(report: ForecastReport, baseline: str, unit: str, span: Span) -> str:
    """Whether the model beats a baseline, in a sentence that does not flatter."""
    found = report.comparison(baseline, unit, "mae", span)
    theirs = report.methods[baseline][unit]
    error = next(
        s["mae"]
        for s in (
            {"from_s": whole_of(report)[0], "to_s": whole_of(report)[1], **theirs["overall"]},
            *theirs["per_stretch"],
        )
        if (s["from_s"], s["to_s"]) == span
    )
    share = 100 * found["difference"] / error if error else 0.0
    p = found["p_holm"]
    sure = p is not None and p < 0.05
    less = found["difference"] < 0
    word = ("beats" if less else "is worse than") if sure else "can't be told from"
    told = f"p {p:.3f}" if p is not None else "no p"
    return (
        f"Over {_words(span)} s the model {word} {METHOD_WORDS[baseline]}: its MAE is "
        f"{abs(share):.1f} % {'lower' if less else 'higher'} ({told}, better in "
        f"{found['n_better']} of {found['n_subjects']} subjects)."
    )


def whole_of(report: ForecastReport) -> Span:
    """The whole horizon in seconds."""
    return report.spans[0][0], report.spans[-1][1]


def _difference(found: Mapping[str, Any], notes: Footnotes) -> Cell:
    mark = notes.mark(found["note"]) if found["note"] else ""
    small = []
    if found["low"] is not None:
        small.append(f"{found['low']:+.3f} to {found['high']:+.3f}")
    if found["p_holm"] is not None:
        small.append(f"p {found['p_holm']:.{_P_SHOWN}f}")
    small.append(f"{found['n_better']}/{found['n_subjects']}")
    return Cell(f"{found['difference']:+.3f}", mark=mark, small=", ".join(small))


def _best(scores: Mapping[str, Mapping[str, Any]], metric: str, higher: bool) -> set[str]:
    """The methods whose score is best, as it is shown."""
    shown = {n: round(s[metric], 3) for n, s in scores.items() if s[metric] is not None}
    if not shown:
        return set()
    best = max(shown.values()) if higher else min(shown.values())
    return {name for name, value in shown.items() if value == best}


def _strong(cell: Cell, strong: bool) -> Cell:
    return Cell(cell.text, cell.mark, cell.small, strong)


def _words(span: Span) -> str:
    return f"{span[0]:g}–{span[1]:g}"
