"""Open targets, and say which recordings can hold pairs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.artifacts.manifest import Artifact
from eegssl.corpus.rebuilt_filters import (
    filter_phases,
    require_causal,
    require_made_alike,
    require_zero_phase,
)
from eegssl.corpus.store import Corpus, Recording, open_corpus
from eegssl.errors import ConfigError, InputError
from eegssl.tasks.forecast.config import ForecastConfig, ForecastTaskConfig
from eegssl.tasks.forecast.data import RecordedPairs, cut_pairs
from eegssl.tasks.forecast.temporal_split import PARTS, TESTED, gap_s, shortest_s
from eegssl.tasks.jobs import TaskInfo


def open_targets(folders: Sequence[str], contexts: Corpus) -> Corpus | None:
    """The recordings that targets are taken from, None where they are the contexts' own.

    Raises ConfigError where they were filtered causally, or differ in more than that.
    """
    if not folders:
        return None
    targets = open_corpus([Path(folder) for folder in folders])
    require_zero_phase(targets)
    require_made_alike(contexts, targets)
    return targets


OWN, APART = "own", "zero-phase"


def kind_of_targets(targets: Corpus | None) -> str:
    """Name the kind of targets: the contexts' own continuation, or filtered apart."""
    return OWN if targets is None else APART


def require_trained_targets(model: Artifact, targets: Corpus | None) -> None:
    """Raise ConfigError when a model is to be scored on targets of another kind than its own."""
    trained = model.manifest.facts["targets"]
    if trained == kind_of_targets(targets):
        return
    raise ConfigError(
        "the model was trained without --targets: leave them out"
        if trained == OWN
        else "the model was trained with --targets: give the same files, preprocessed with "
        "filter.phase=zero"
    )


def pairs_of_split(
    corpus: Corpus,
    recordings: Sequence[Recording],
    task: ForecastTaskConfig,
    split: str,
    targets: Corpus | None = None,
) -> RecordedPairs:
    """The pairs of a split. Raises InputError where no recording holds one, with what to do."""
    if not recordings:
        raise InputError(f"no recording is in split {split}; see splits.tsv")
    needed_s = shortest_s(task)
    if all(r.duration_s < needed_s - 0.5 / r.sfreq_hz for r in recordings):
        parts = f" in each of its three parts ({needed_s:g} s are needed for that)"
        raise InputError(
            f"task {task.name}: no recording of split {TESTED if task.in_time else split} holds "
            f"{task.context_s:g} s of context and {task.horizon_s:g} s to "
            f"forecast{parts if task.in_time else ''}; set task.context_s or task.horizon_s, or "
            "give longer recordings"
        )
    return cut_pairs(corpus, recordings, task, part=split, targets=targets)


def none_in_fold(
    task: Any, splits: Mapping[str, Mapping[str, Any]], fold: int, n_folds: int
) -> InputError | None:
    """The error for a fold without pairs to learn from or to score; None where it has some."""
    lacking = [split for split in PARTS if not splits.get(split, {}).get("pairs")]
    if not lacking:
        return None
    return InputError(
        f"task {task.name}: in fold {fold} of {n_folds} no recording of its subjects for "
        f"{' and '.join(lacking)} is long enough; give fewer folds (--folds), set shorter "
        "lengths, or leave subjects of short recordings out (`eegssl info --task` names "
        "recordings that are too short)"
    )


def explain_pairs(task: ForecastTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """Explain the task, and the filters, pairs and too short ones of recordings."""
    info = TaskInfo(understood(task))
    if corpus is None:
        return info
    info.understood["filters"] = filter_phases(corpus)
    try:
        require_causal(corpus)
    except ConfigError as error:
        info.problems.append(error)
    for split in PARTS:
        of = TESTED if task.in_time else split
        recordings = [r for r in corpus.recordings if r.split == of]
        pairs = None
        try:
            pairs = pairs_of_split(corpus, recordings, task, split)
        except InputError as error:
            needed = split != "test" or task.in_time is not None
            if needed and str(error) not in map(str, info.problems):
                info.problems.append(error)
        if recordings:
            info.splits[split] = contents(recordings, pairs)
    return info


def contents(recordings: Sequence[Recording], pairs: RecordedPairs | None) -> dict[str, Any]:
    """Count the pairs, recordings and subjects of a split; name recordings that are too short."""
    with_pairs = {r.id for r in pairs.recordings} if pairs else set()
    return {
        "recordings": len(with_pairs),
        "subjects": pairs.n_subjects if pairs else 0,
        "pairs": len(pairs) if pairs else 0,
        "too short": [r.id for r in recordings if r.id not in with_pairs],
    }


def understood(task: ForecastTaskConfig) -> dict[str, Any]:
    """Describe a task in words."""
    return {
        "name": task.name,
        "kind": task.kind,
        "asked": f"the signal of the next {task.horizon_s:g} s",
        "from": f"the {task.context_s:g} s before",
        "error minimised in": {"uv": "µV", "zscore": "z-scores of the context"}[task.unit],
        "head": task.head.kind,
        "base": task.head.base,
        "baselines": list(task.baselines.methods),
        "needs": f"recordings of at least {shortest_s(task):g} s, filtered with "
        "filter.phase=causal",
    } | in_words(task)


def in_words(config: ForecastConfig) -> dict[str, str]:
    """Describe how recordings are split in time, where they are."""
    if config.in_time is None:
        return {}
    shares = " and ".join(f"{share:.0%}" for share in config.in_time)
    return {
        "Within a subject": f"recordings of split {TESTED}: {shares} of each train and validate, "
        f"the rest is tested, {gap_s(config):g} s apart"
    }
