"""State what models of every kind of task hold."""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Literal

from pydantic import Field, TypeAdapter

from eegssl.artifacts.contract import Contract, Reader
from eegssl.artifacts.json_parts import Count, HashedId, OpenPart, damaged, read_json
from eegssl.artifacts.manifest import Artifact
from eegssl.artifacts.threads import Threads
from eegssl.config.settings import Settings
from eegssl.config.stages import FoldConfig
from eegssl.corpus.new_files.cleaned_as import CleanedAs
from eegssl.encoder.config import EncoderConfig
from eegssl.tasks.jobs import CLEANING, MODEL, TASK
from eegssl.training.history import EXAMPLES, HISTORY, HISTORY_PARTS
from eegssl.training.pretraining.examples import read_examples
from eegssl.training.weights import read_module_config, read_weights, require_size

_ENCODER = "encoder.json"


class _Leak(OpenPart):
    kind: str
    what: str
    n: Count


class _InTime(OpenPart):
    recordings: dict[HashedId, Count]
    leaks: tuple[_Leak, ...]


class ModelFacts(OpenPart):
    """Facts of a model that `evaluate` reads, whatever the kind of task."""

    task: str
    adaptation: str
    encoder_weights: Literal["pretrained", "random"]
    within_subject: bool
    synthetic: bool
    warnings: tuple[str, ...]
    threads: Threads = ()
    """Empty where an earlier version did not say them."""
    montages: tuple[Literal["referential", "derivations"], ...] = ()
    statistics: dict[str, tuple[HashedId, ...]] = Field(default_factory=dict)
    in_time: _InTime | None = None


class _Config(OpenPart):
    cross: FoldConfig
    task: dict[str, Any]


def model_contract(
    task: type[Settings],
    module: type[Settings],
    *,
    parts: Mapping[str, Reader] | None = None,
    others: Mapping[str, Reader] | None = None,
    facts: type[ModelFacts] = ModelFacts,
    whole: Callable[[Artifact], None] = lambda artifact: None,
    chosen: Collection[str] = (),
) -> Contract:
    """What a model of one kind of task holds; ``module`` are the settings in ``model.json``.

    ``chosen`` are the settings of the task that training decides.
    """

    def require(artifact: Artifact) -> None:
        encoder = read_module_config(artifact.path, "encoder", EncoderConfig)
        require_size(artifact / f"{MODEL}.safetensors", encoder)
        stored = read_module_config(artifact.path, "task", task).model_dump(mode="json")
        given = artifact.manifest.config["task"]
        if any(given.get(n, v) != v for n, v in stored.items() if n not in chosen):
            raise damaged(artifact / TASK, "it is not the task of the manifest")
        whole(artifact)

    return Contract(
        MODEL,
        parts={
            TASK: partial(read_json, schema=TypeAdapter(task)),
            f"{MODEL}.json": partial(read_json, schema=TypeAdapter(module)),
            f"{MODEL}.safetensors": read_weights,
            _ENCODER: partial(read_json, schema=TypeAdapter(EncoderConfig)),
            **(parts or {}),
        },
        others={
            CLEANING: partial(read_json, schema=TypeAdapter(CleanedAs)),
            **HISTORY_PARTS,
            f"{HISTORY}/pretrain/{EXAMPLES}": read_examples,
            **(others or {}),
        },
        facts=facts,
        config=_Config,
        whole=require,
    )
