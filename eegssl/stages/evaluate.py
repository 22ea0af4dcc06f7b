"""Evaluate a model on recordings, or score a table of predictions again."""

import json
from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import load
from eegssl.config.stages import EvaluateConfig
from eegssl.corpus.folds import refolded
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import InputError
from eegssl.regular_files import read_text
from eegssl.tasks import base
from eegssl.tasks.kind import MODEL, TASK
from eegssl.tasks.kinds import kind_named
from eegssl.tasks.table import kind_of_table


def run(config: EvaluateConfig, model: Path, folders: Sequence[Path], context: Context) -> Result:
    """Make an evaluation artifact of a model.

    Raises LeakError when something upstream was fitted on what is to be scored, unless
    ``config.allow_leak``: then every result is marked.
    """
    artifact = load(model, MODEL)
    corpus = _as_trained(open_corpus(folders), artifact)
    kind = kind_named(json.loads(read_text(artifact / TASK))["kind"], artifact / TASK)
    return base.evaluate(kind, config, artifact, corpus, context)


def rescore(config: EvaluateConfig, source: Path, context: Context) -> Result:
    """Make an evaluation artifact from the predictions of another one; no model is run.

    ``source`` is an evaluation's folder, or its ``predictions.parquet``.
    """
    path = source / base.PREDICTIONS if source.is_dir() else source
    if not path.is_file():
        raise InputError(
            f"there is no {path}; give an evaluation's folder or its predictions, or a tree of "
            "event tables with --reference TREE"
        )
    return base.rescore(kind_named(kind_of_table(path), path), config, path, context)


def _as_trained(corpus: Corpus, model: Artifact) -> Corpus:
    """The corpus, split as for the fold that the model was trained on, if it is that corpus."""
    cross = model.manifest.config["cross"]
    same = {i for kind, i in model.manifest.inputs if kind == "recordings"} == {
        i for _, i in corpus.inputs()
    }
    if not cross["folds"] or not same:
        return corpus
    return refolded(corpus, cross["folds"], cross["fold"], model.manifest.seed)
