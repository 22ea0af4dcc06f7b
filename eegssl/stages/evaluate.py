"""Evaluate a model on recordings."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.manifest import Artifact
from eegssl.config.stages import EvaluateConfig, FoldConfig
from eegssl.corpus.folds import refolded
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.tasks import base
from eegssl.tasks.kinds import open_model


def run(config: EvaluateConfig, model: Path, folders: Sequence[Path], context: Context) -> Result:
    """Make an evaluation artifact of a model.

    Raises LeakError when something upstream was fitted on what is to be scored, unless
    ``config.allow_leak``: then every result is marked.
    """
    artifact, kind = open_model(model)
    corpus = _as_trained(open_corpus(folders), artifact)
    return base.evaluate(kind, config, artifact, corpus, context)


def _as_trained(corpus: Corpus, model: Artifact) -> Corpus:
    """The corpus, split as for the fold that the model was trained on, if it is that corpus."""
    cross = FoldConfig.model_validate(model.manifest.config["cross"])
    same = {i for kind, i in model.manifest.inputs if kind == "recordings"} == {
        i for _, i in corpus.inputs()
    }
    if not cross.folds or not same:
        return corpus
    return refolded(corpus, cross.folds, cross.fold, model.manifest.seed)
