"""Make the table and the section of scores over severity."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.context import Context
from eegssl.artifacts.contract import Reader
from eegssl.artifacts.table_parts import ANY, MISSING, NUMBER, Cells, read_text_table
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.corpus.labelled import LabelledWindows
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.corrupted.robustness_curves import severity_figure, severity_table
from eegssl.reports.corrupted.shown_scores import (
    METRIC_WORDS,
    chance_of,
    points_by_kind,
    shown_metrics,
)
from eegssl.reports.sections import Part, Section, Text, section
from eegssl.scoring.config import ScoringConfig
from eegssl.scoring.corrupted.robustness import AREA, Point, drawn_scores, subjects_of
from eegssl.scoring.corrupted.system_answers import CURVE_SCORES
from eegssl.signal.corruptions.config import CorruptionsConfig
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS, levels_of
from eegssl.tasks.labels.corrupted.corrupted_tables import (
    CORRUPTED_PARTS,
    Answer,
    read_curves,
    write_corrupted,
)

ROBUSTNESS = "robustness.tsv"
TITLE = "How scores bear corrupted recordings"
_SCORE = f"{NUMBER}|{MISSING}"
ROBUSTNESS_CELLS: Cells = {
    "kind": "|".join(CORRUPTIONS),
    "severity": f"[0-5]|{AREA}",
    "level": _SCORE,
    "metric": "|".join(CURVE_SCORES),
    "score": _SCORE,
    "low": _SCORE,
    "high": _SCORE,
    "units": "[0-9]+",
    "subjects": "[0-9]+",
    "note": ANY,
}
ROBUSTNESS_PARTS: Mapping[str, Reader] = {
    **CORRUPTED_PARTS,
    ROBUSTNESS: lambda path: read_robustness(path),
}
"""The parts that evaluations of corrupted recordings have beside others."""
Levels = Mapping[str, Mapping[int, float]]
"""Kind -> severity -> level."""


def robustness_points(folder: Path, seed: int, scoring: ScoringConfig) -> list[Point]:
    """Every score of the corrupted predictions of an evaluation, with its interval."""
    curves = read_curves(folder, scoring)
    subjects = subjects_of([curves])
    return drawn_scores({0: curves}, subjects, seed, scoring.bootstrap_resamples).points()


def robustness_text(points: Sequence[Point], levels: Levels) -> str:
    """The points as a TSV."""
    rows = [
        (
            one.kind,
            one.severity,
            _level(one, levels),
            one.metric,
            *(MISSING if v is None else f"{v:.4f}" for v in (one.score, one.low, one.high)),
            one.units,
            one.subjects,
            one.note,
        )
        for one in points
    ]
    return format_tsv(list(ROBUSTNESS_CELLS), rows)


def read_robustness(path: Path) -> list[dict[str, Any]]:
    """The rows of the TSV with numbers as such; None for what is not there."""
    rows = read_text_table(path, ROBUSTNESS_CELLS)
    return [{name: _value(name, cell) for name, cell in row.items()} for row in rows]


def robustness_section(points: Sequence[Point], levels: Levels) -> Section:
    """Curves and tables of the score that ranks, and of events; others stand in the TSV."""
    parts = [
        part for metric in shown_metrics(points) for part in _of_metric(points, levels, metric)
    ]
    return section(
        TITLE,
        Text(
            "The same recordings were corrupted and predicted again. The model, its threshold and "
            "all settings are those that were chosen on clean data."
        ),
        *parts,
    )


def _of_metric(points: Sequence[Point], levels: Levels, metric: str) -> tuple[Part, Part]:
    """Curves and table of one score."""
    words, own = METRIC_WORDS[metric], points_by_kind(points, metric)
    titles = {kind: CORRUPTIONS[kind].words for kind in own}
    steps = {k: ", ".join(f"{level:g}" for level in levels[k].values()) for k in own}
    shown = {kind: f"{CORRUPTIONS[kind].unit}: {steps[kind]}" for kind in own}
    lines = {kind: {"": some} for kind, some in own.items()}
    return (
        severity_figure(lines, titles, words, chance_of(metric)),
        severity_table(own, titles, shown, words),
    )


def _level(one: Point, levels: Levels) -> str:
    if one.severity in ("0", AREA):
        return MISSING
    return f"{levels[one.kind][int(one.severity)]:g}"


def _value(name: str, cell: str) -> Any:
    if cell == MISSING:
        return None
    if name in ("level", "score", "low", "high"):
        return float(cell)
    return int(cell) if name in ("units", "subjects") else cell


def corrupted_part(
    writer: ArtifactWriter,
    labelled: LabelledWindows,
    answer: Answer,
    config: CorruptionsConfig,
    scoring: ScoringConfig,
    context: Context,
) -> tuple[Section, ...]:
    """Write the predictions of corrupted recordings, then their scores; the section of these."""
    write_corrupted(writer, labelled, answer, config, context)
    points = robustness_points(writer.path, context.seed, scoring)
    levels = levels_of(config)
    writer.write(ROBUSTNESS, robustness_text(points, levels))
    return (robustness_section(points, levels),) if points else ()
