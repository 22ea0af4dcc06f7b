"""Fine-tune an encoder on a task."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.config.resolve import read_task
from eegssl.config.stages import FinetuneConfig
from eegssl.corpus.folds import n_folds, refolded
from eegssl.corpus.store import open_corpus
from eegssl.tasks import base
from eegssl.tasks.kinds import KINDS
from eegssl.training.ranks.process_group import process_group
from eegssl.training.ranks.together import RunOptions, on_all


def run(
    config: FinetuneConfig,
    folders: Sequence[Path],
    encoder: Path,
    task: str,
    context: Context,
    options: RunOptions = RunOptions(),
) -> Result:
    """Make what a task's kind makes: a model, or a whole analysis with its scores.

    Raises ConfigError for settings that the kind does not read, InputError for recordings that
    hold too little for the task.
    """
    with process_group(options.place, config.training.device):
        corpus, cross = on_all(options.place, lambda: open_corpus(folders)), config.cross
        if cross.folds:
            n_folds(corpus, cross.folds)
            corpus = refolded(corpus, cross.folds, cross.fold, context.seed)
        settings = read_task(task, config.task)
        kind = KINDS[settings.kind]
        return base.finetune(kind, config, corpus, encoder, settings, context, options)
