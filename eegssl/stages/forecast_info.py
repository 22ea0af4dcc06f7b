"""What `info --task` says of forecasting the signal."""

from collections.abc import Sequence
from typing import Any

from eegssl.corpus.chains import filter_phases, require_causal
from eegssl.corpus.store import Corpus, Recording
from eegssl.errors import ConfigError, InputError
from eegssl.forecasting.config import ForecastTaskConfig
from eegssl.forecasting.sources import too_short
from eegssl.forecasting.windows import cut_pairs
from eegssl.stages.run import TaskInfo


def explain(task: ForecastTaskConfig, corpus: Corpus | None) -> TaskInfo:
    """What the task asks, and of recordings: their filters, pairs, and which are too short."""
    info = TaskInfo(
        {
            "name": task.name,
            "kind": task.kind,
            "asked": f"the signal of the next {task.horizon_s:g} s",
            "from": f"the {task.context_s:g} s before",
            "error minimised in": {"uv": "µV", "zscore": "z-scores of the context"}[task.unit],
            "head": task.head.kind,
            "base": task.head.base,
            "baselines": list(task.baselines.methods),
            "needs": f"recordings of at least {task.context_s + task.horizon_s:g} s, filtered with "
            "filter.phase=causal",
        }
    )
    if corpus is None:
        return info
    info.understood["filters"] = filter_phases(corpus)
    try:
        require_causal(corpus)
    except ConfigError as error:
        info.problems.append(error)
    for split in ("train", "val", "test"):
        recordings = [r for r in corpus.recordings if r.split == split]
        if recordings:
            info.splits[split] = _contents(corpus, recordings, task)
        if split != "test" and not info.splits.get(split, {}).get("pairs"):
            info.problems.append(none_long_enough(split, recordings, task))
    return info


def _contents(
    corpus: Corpus, recordings: Sequence[Recording], task: ForecastTaskConfig
) -> dict[str, Any]:
    short = too_short(recordings, task)
    long = [r for r in recordings if r not in short]
    return {
        "recordings": len(long),
        "subjects": len({r.subject for r in long}),
        "pairs": len(cut_pairs(corpus, long, task)) if long else 0,
        "too short": [r.id for r in short],
    }


def none_long_enough(
    split: str, recordings: Sequence[Recording], task: ForecastTaskConfig
) -> InputError:
    """The error of a split without a single pair."""
    if not recordings:
        return InputError(f"no recording is in split {split}; see splits.tsv")
    return InputError(
        f"task {task.name}: no recording of split {split} holds {task.context_s:g} s of context "
        f"and {task.horizon_s:g} s to forecast; set task.context_s or task.horizon_s, or give "
        "longer recordings"
    )
