"""Compare the systems of a benchmark on corrupted recordings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from eegssl.artifacts.table_parts import ANY, MISSING, NUMBER, Cells
from eegssl.config.stages import BenchmarkConfig
from eegssl.io.tables.tsv import format_tsv
from eegssl.reports.benchmark.comparisons import Key
from eegssl.scoring.corrupted.gains import Gain, gains
from eegssl.scoring.corrupted.robustness import AREA, MEAN, Drawn, Point, drawn_scores, subjects_of
from eegssl.scoring.corrupted.system_answers import CURVE_SCORES
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS
from eegssl.tasks.benchmarked import BASELINE, Benchmarked
from eegssl.tasks.benchmarks.benchmark_rows import Scored
from eegssl.tasks.benchmarks.matrix_cells import Cell, MatrixSettings

ROBUSTNESS, GAINS = "robustness.tsv", "robustness_gains.tsv"
SCRATCH, RANDOM, SPECIALIST = "from scratch", "random weights", "specialist"
BAND_POWER, OTHER = "band power", "baseline"
_SPECIALISTS = ("eegnet", "shallow-convnet", "seizure-unet")
_SCORE, _COUNT = f"{NUMBER}|{MISSING}", "[0-9]+"
_PLACE: Cells = {
    "kind": "|".join((MEAN, *CORRUPTIONS)),
    "severity": f"[0-5]|{AREA}",
    "metric": "|".join(CURVE_SCORES),
}
_NAMES: Cells = {"task": ANY, "labels_subjects": ANY, "system": ANY}
ROBUSTNESS_CELLS: Cells = {
    **_NAMES,
    **_PLACE,
    **dict.fromkeys(("score", "low", "high"), _SCORE),
    **dict.fromkeys(("units", "subjects"), _COUNT),
    "note": ANY,
}
GAIN_CELLS: Cells = {
    **_NAMES,
    "against": ANY,
    "against_is": "|".join((SCRATCH, RANDOM, SPECIALIST, BAND_POWER, OTHER)),
    **_PLACE,
    **dict.fromkeys(("score", "other", "gain", "low", "high"), _SCORE),
    "subjects": _COUNT,
    "note": ANY,
}


@dataclass(frozen=True)
class Pair:
    """A pretrained system and another of the same task and labels; ``against_is`` says what."""

    task: str
    labels_subjects: str
    system: str
    against: str
    against_is: str


@dataclass
class Robustness:
    """Scores over severity of every system, and gains of pretrained ones over others."""

    points: dict[Key, list[Point]] = field(default_factory=dict)
    gains: dict[Pair, list[Gain]] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """Both tables as TSV, by file name."""
        points = [(*key, one) for key, some in self.points.items() for one in some]
        of_pairs = [(pair, one) for pair, some in self.gains.items() for one in some]
        named = (dict(zip(_NAMES, names, strict=True)) | asdict(one) for *names, one in points)
        pairs = (asdict(pair) | asdict(one) for pair, one in of_pairs)
        return {
            ROBUSTNESS: _text(ROBUSTNESS_CELLS, named),
            GAINS: _text(GAIN_CELLS, pairs),
        }


def robustness(
    scored: Scored,
    cells: Sequence[Cell],
    config: BenchmarkConfig,
    settings: MatrixSettings,
    benchmarks: Mapping[str, Benchmarked],
    seed: int,
) -> Robustness:
    """Scores of all systems on corrupted recordings; of each task under one draw of subjects."""
    result, scoring = Robustness(), config.evaluate.scoring
    for task, labels in dict.fromkeys(key[:2] for key in scored.folders):
        runs = {
            key: {run: benchmarks[task].curves(path, scoring) for run, path in folders.items()}
            for key, folders in scored.folders.items()
            if key[:2] == (task, labels)
        }
        subjects = subjects_of(curves for own in runs.values() for curves in own.values())
        drawn: dict[str, Drawn] = {}
        for key, own in runs.items():
            drawn[key[2]] = drawn_scores(
                own, subjects, seed, scoring.bootstrap_resamples
            ).with_mean()
            result.points[key] = drawn[key[2]].points()
        for one, other, relation in _pairs(cells, task, config, settings):
            if one in drawn and other in drawn:
                pair = Pair(task, labels, one, other, relation)
                result.gains[pair] = list(gains(drawn[one], drawn[other]))
    return result


def _pairs(
    cells: Sequence[Cell], task: str, config: BenchmarkConfig, settings: MatrixSettings
) -> Iterator[tuple[str, str, str]]:
    """Pretrained systems, each with what it is to be compared with, and what that is."""
    own = {cell.system: cell for cell in cells if cell.task == task}
    for system, cell in own.items():
        if settings.is_pretrained(cell):
            for other in own.values():
                if relation := _relation(cell, other, config):
                    yield system, other.system, relation


def _relation(cell: Cell, other: Cell, config: BenchmarkConfig) -> str:
    """What another system is to a pretrained one; empty where they are not compared."""
    if other.adaptation == BASELINE:
        if other.encoder in _SPECIALISTS:
            return SPECIALIST
        return BAND_POWER if other.encoder.startswith("band-power") else OTHER
    mine, entry = config.encoders[cell.encoder], config.encoders[other.encoder]
    if mine.path != entry.path:
        return ""
    if other.adaptation == "scratch":
        return SCRATCH
    same = entry.weights == "random" and other.adaptation == cell.adaptation
    return RANDOM if same else ""


def _text(cells: Cells, rows: Iterator[dict[str, Any]]) -> str:
    return format_tsv(list(cells), [[_cell(row[name]) for name in cells] for row in rows])


def _cell(value: Any) -> str:
    if value is None:
        return MISSING
    return f"{value:.4f}" if isinstance(value, float) else str(value)
