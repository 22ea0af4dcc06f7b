"""Show a benchmark's scores on corrupted recordings."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from eegssl.reports.corrupted.gain_tables import Names, gain_table, gains_by_kind
from eegssl.reports.corrupted.robustness_curves import area_table, severity_figure
from eegssl.reports.corrupted.shown_scores import (
    METRIC_WORDS,
    chance_of,
    points_by_kind,
    shown_metrics,
)
from eegssl.reports.sections import Glossary, Part, Section, Text, section
from eegssl.scoring.corrupted.gains import Gain
from eegssl.scoring.corrupted.robustness import MEAN, Point
from eegssl.scoring.corrupted.subject_weights import LOWER_IS_BETTER
from eegssl.signal.corruptions.known_corruptions import CORRUPTIONS
from eegssl.tasks.benchmarks.robust_cells import SCRATCH, SPECIALIST, Robustness

_ALL = "all"
_LEVELS = "What was done, from the mildest severity to the hardest"
_HOW = (
    "Test recordings were corrupted and predicted again by every system, all of them the same "
    "recordings. Weights, thresholds and settings are those that were chosen on clean data."
)


def robustness_sections(
    result: Robustness, levels: Mapping[str, Mapping[int, float]]
) -> Iterator[Section]:
    """A section for each task and number of labelled subjects; ``levels`` of each kind."""
    for task, labels in dict.fromkeys(key[:2] for key in result.points):
        points = {key[2]: some for key, some in result.points.items() if key[:2] == (task, labels)}
        gains = {
            (pair.system, pair.against, pair.against_is): some
            for pair, some in result.gains.items()
            if (pair.task, pair.labels_subjects) == (task, labels)
        }
        if any(points.values()):
            labelled = "" if labels == _ALL else f", labelled subjects: {labels}"
            title = f"{task}: scores on corrupted recordings{labelled}"
            yield section(title, Text(_HOW), _levels(points, levels), *_parts(points, gains))


def _levels(
    points: Mapping[str, Sequence[Point]], levels: Mapping[str, Mapping[int, float]]
) -> Glossary:
    """What each severity of these kinds is."""
    kinds = {one.kind for some in points.values() for one in some}
    rows = []
    for kind, some in levels.items():
        if kind in kinds:
            steps = ", ".join(f"{level:g}" for level in some.values())
            rows.append((CORRUPTIONS[kind].words, f"{CORRUPTIONS[kind].unit}: {steps}"))
    return Glossary(tuple(rows), _LEVELS)


def _parts(points: dict[str, list[Point]], gains: dict[Names, list[Gain]]) -> Iterator[Part]:
    metrics = shown_metrics(one for some in points.values() for one in some)
    for metric in metrics:
        yield from _of_metric(points, metric)
    for metric in metrics if gains else ():
        yield from _gains(gains, metric)
    if missing := _missing(gains):
        yield Text(missing, small=True)


def _of_metric(points: dict[str, list[Point]], metric: str) -> Iterator[Part]:
    """Curves and areas of one score, of the systems that have it."""
    systems = {name: points_by_kind(some, metric) for name, some in points.items()}
    kinds = list(dict.fromkeys(kind for own in systems.values() for kind in own))
    titles, words = _titles(kinds), METRIC_WORDS[metric]
    lines = {
        kind: {name: own[kind] for name, own in systems.items() if kind in own} for kind in kinds
    }
    yield severity_figure(lines, titles, words, chance_of(metric))
    yield area_table(lines, titles, words, lower_is_better=metric in LOWER_IS_BETTER)


def _gains(gains: dict[Names, list[Gain]], metric: str) -> Iterator[Part]:
    """Gains in one score by severity and by kind, of the pairs that have it."""
    pairs = {
        names: own
        for names, some in gains.items()
        if (own := [one for one in some if one.metric == metric])
    }
    if not pairs:
        return
    kinds = list(dict.fromkeys(one.kind for own in pairs.values() for one in own))
    titles, words = _titles(kinds), METRIC_WORDS[metric]
    over = "mean over kinds" if MEAN in kinds else titles[kinds[0]]
    yield gain_table(pairs, kinds[0], words, over, metric)
    if MEAN in kinds:
        of_kinds = {kind: title for kind, title in titles.items() if kind != MEAN}
        yield gains_by_kind(pairs, of_kinds, words, metric)


def _titles(kinds: Iterable[str]) -> dict[str, str]:
    return {k: CORRUPTIONS[k].words if k in CORRUPTIONS else "All kinds, mean" for k in kinds}


def _missing(gains: dict[Names, list[Gain]]) -> str:
    """What a reader may look for among the gains, and how to get it."""
    there = {relation for _, _, relation in gains}
    cures = {
        SCRATCH: "the same network trained from scratch (adaptations: scratch)",
        SPECIALIST: "specialists (baselines: eegnet, shallow-convnet or seizure-unet)",
    }
    lacking = [words for relation, words in cures.items() if relation not in there]
    if not gains:
        return "No gain is shown: no pretrained system stands beside another one."
    return f"Not among the systems: {' and '.join(lacking)}." if lacking else ""
