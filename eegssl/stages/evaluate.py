"""Evaluate a model on recordings, or probe an encoder."""

from collections.abc import Sequence
from pathlib import Path

from eegssl.artifacts.context import Context, Result
from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.reading import read_manifest
from eegssl.config.stages import EvaluateConfig, FoldConfig
from eegssl.corpus.folds import refolded
from eegssl.corpus.store import Corpus, open_corpus
from eegssl.errors import ConfigError
from eegssl.probes.config import ProbesConfig
from eegssl.probes.run_probes import probe
from eegssl.tasks import base
from eegssl.tasks.kinds import open_model
from eegssl.training.weights import ENCODER


def run(config: EvaluateConfig, model: Path, folders: Sequence[Path], context: Context) -> Result:
    """Make an evaluation artifact of a model.

    Raises LeakError when something upstream was fitted on what is to be scored, unless
    ``config.allow_leak``: then every result is marked.
    """
    artifact, kind = open_model(model)
    corpus = _as_trained(open_corpus(folders), artifact)
    return base.evaluate(kind, config, artifact, corpus, context)


def run_probes(
    config: ProbesConfig, encoder: Path, folders: Sequence[Path], context: Context
) -> Result:
    """Make an artifact of what an encoder knows of the subjects of recordings.

    Raises ConfigError for a folder that holds no encoder, and LeakError as `run` does.
    """
    kind = read_manifest(encoder).kind
    if kind != ENCODER.kind:
        raise ConfigError(
            f"{encoder} holds {kind}, and --probes asks what an encoder knows: give the folder "
            "that pretrain made, of a model the encoder that it was fine-tuned from"
        )
    return probe(config, open_artifact(encoder, ENCODER), open_corpus(folders), context)


def _as_trained(corpus: Corpus, model: Artifact) -> Corpus:
    """The corpus, split as for the fold that the model was trained on, if it is that corpus."""
    cross = FoldConfig.model_validate(model.manifest.config["cross"])
    same = {i for kind, i in model.manifest.inputs if kind == "recordings"} == {
        i for _, i in corpus.inputs()
    }
    if not cross.folds or not same:
        return corpus
    return refolded(corpus, cross.folds, cross.fold, model.manifest.seed)
