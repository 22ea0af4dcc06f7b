"""Explain a task, and what recordings hold for it.

Nothing is written. Each problem says what to do; none hides the next one.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eegssl.config.resolve import read_task
from eegssl.corpus.store import open_corpus
from eegssl.tasks.kind import TaskInfo
from eegssl.tasks.kinds import KINDS


def explain(
    task: str, folders: Sequence[Path], overrides: Mapping[str, Any], seed: int = 0
) -> TaskInfo:
    """Read a task (by name, or a TOML file), and look for its labels in recordings, if given.

    ``overrides`` are settings of the task that beat its file. Raises ConfigError when the file
    itself, or they, can't be understood.
    """
    settings = read_task(task, overrides)
    corpus = open_corpus(folders) if folders else None
    return KINDS[settings.kind].explain(settings, corpus, seed)
