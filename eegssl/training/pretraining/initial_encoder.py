"""Begin a pretraining with the weights of another."""

from dataclasses import dataclass
from pathlib import Path

from eegssl.artifacts.contract import open_artifact
from eegssl.artifacts.manifest import Artifact, inputs_of
from eegssl.corpus.store import Corpus
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ArtifactError
from eegssl.objectives.weighted_sum import WeightedSum
from eegssl.training.weights import ENCODER, load_weights, read_module_config

_SEEN = ("montages", "electrodes")
"""Settings that say what an encoder has seen; two trainings add up."""
_FREE = ("dropout", "checkpointing")
"""Settings that weights do not depend on."""


@dataclass(frozen=True)
class InitialEncoder:
    """An encoder whose weights a pretraining begins with."""

    artifact: Artifact
    config: EncoderConfig

    def settings(self, wanted: EncoderConfig) -> EncoderConfig:
        """The settings of the new encoder, which has seen what both have.

        Raises ArtifactError, with their names, where the architectures differ.
        """
        own, other = wanted.model_dump(mode="json"), self.config.model_dump(mode="json")
        fixed = [name for name in own if name not in (*_SEEN, *_FREE)]
        differing = [name for name in fixed if own[name] != other[name]]
        if differing:
            words = [f"encoder.{n} is {own[n]} here and {other[n]} there" for n in differing]
            raise ArtifactError(
                f"the encoder of --init-from, {self.artifact.path}, has another architecture: "
                f"{'; '.join(words)}. Give the settings that it has, or leave --init-from out"
            )
        seen = {
            name: tuple(sorted({*getattr(wanted, name), *getattr(self.config, name)}))
            for name in _SEEN
            if getattr(self.config, name)
        }
        return wanted.model_copy(update=seen)

    def load(self, model: WeightedSum, tokens: Artifact | None) -> bool:
        """Load the weights; those of the heads too where they predict the same: whether they do.

        They do where the objectives are the same, and the codes. Raises ArtifactError where the
        weights do not fit.
        """
        load_weights(model.encoder, self.artifact.path, "encoder")
        manifest = self.artifact.manifest
        same = manifest.facts.get("objective") == list(model.config.terms)
        same &= tokens is None or set(inputs_of(tokens)) <= set(manifest.inputs)
        if same:
            load_weights(model.heads, self.artifact.path, "head")
        return same

    def tested(self, corpus: Corpus) -> list[str]:
        """The test subjects of a corpus that the encoder has been trained on."""
        fitted = set(self.artifact.manifest.fitted_on.subjects)
        return sorted({r.subject for r in corpus.recordings if r.split == "test"} & fitted)


def open_initial(path: Path) -> InitialEncoder:
    """Open an encoder. Raises ArtifactError where there is none, or a damaged one."""
    artifact = open_artifact(path, ENCODER)
    return InitialEncoder(artifact, read_module_config(path, "encoder", EncoderConfig))
