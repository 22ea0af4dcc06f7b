"""Save and load a module's weights (safetensors) and its configuration (JSON)."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from eegssl.artifacts.array_parts import TensorFile, open_tensors
from eegssl.artifacts.contract import Contract
from eegssl.artifacts.json_parts import OpenPart, damaged, read_json
from eegssl.artifacts.manifest import MANIFEST, Artifact
from eegssl.artifacts.threads import Threads
from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import Settings
from eegssl.corpus.codes.tokens import CONTRACT as TOKENS_CONTRACT
from eegssl.encoder.config import EncoderConfig
from eegssl.errors import ArtifactError
from eegssl.regular_files import require_regular
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer
from eegssl.training.history import (
    EXAMPLES,
    HISTORY_PARTS,
    METRICS,
    USAGE,
    read_rows,
    read_usage,
)
from eegssl.training.pretraining.examples import read_examples

S = TypeVar("S", bound=Settings)
_NAMED = 5
_AT_ONCE = 1 << 22
_BFLOAT16_EXPONENT = 0x7F80


def save_module(writer: ArtifactWriter, name: str, module: nn.Module, config: Settings) -> None:
    """Write ``<name>.safetensors`` and ``<name>.json``."""
    tensors = {n: t.detach().cpu().contiguous().clone() for n, t in module.state_dict().items()}
    with writer.writing(f"{name}.safetensors") as path:
        save_file(tensors, path)
    writer.write_json(f"{name}.json", config.model_dump(mode="json"))


def read_module_config(folder: Path, name: str, schema: type[S]) -> S:
    """The configuration saved beside a module's weights.

    Raises ArtifactError if it is missing or not of this schema.
    """
    return read_json(folder / f"{name}.json", TypeAdapter(schema))


def read_weights(path: Path) -> TensorFile:
    """The header of a file of weights, all of which are finite; ArtifactError where one is not."""
    file = open_tensors(path)
    for name, place in file.tensors.items():
        flat = file.map(name, place.dtype.str[1:], place.shape).reshape(-1)
        for start in range(0, len(flat) if place.is_float else 0, _AT_ONCE):
            some = flat[start : start + _AT_ONCE]
            bits = some & _BFLOAT16_EXPONENT if some.dtype.kind == "u" else None
            whole = np.isfinite(some) if bits is None else bits != _BFLOAT16_EXPONENT
            if not whole.all():
                raise damaged(path, "a weight in it is not finite")
    return file


def require_size(path: Path, config: EncoderConfig | TokenizerConfig) -> None:
    """Raise ArtifactError where a module of this configuration has more weights than a file.

    Before the module is made, whose memory would be taken.
    """
    n_values, fewest = open_tensors(path).n_values, config.fewest_weights
    if n_values < fewest:
        raise damaged(
            path, f"it has {n_values:,} weights; its configuration needs {fewest:,} or more"
        )


def load_weights(module: nn.Module, folder: Path, name: str) -> None:
    """Load ``<name>.safetensors`` into a module; names and shapes of all tensors must match.

    Raises ArtifactError with those that do not, and where a weight is not finite.
    """
    path = folder / f"{name}.safetensors"
    wanted = {n: tuple(t.shape) for n, t in module.state_dict().items()}
    stored = {n: place.shape for n, place in read_weights(path).tensors.items()}
    wrong = sorted(n for n in {*wanted, *stored} if wanted.get(n) != stored.get(n))
    if wrong:
        some = [f"{n} (file {stored.get(n)}, model {wanted.get(n)})" for n in wrong[:_NAMED]]
        raise ArtifactError(
            f"{path} does not match the model: {len(wrong)} of {len(wanted)} tensors differ: "
            + ", ".join(some + ["..."] * (len(wrong) > _NAMED))
        )
    try:
        module.load_state_dict(load_file(require_regular(path)))
    except (OSError, SafetensorError) as error:
        raise damaged(path, f"it can't be read ({type(error).__name__})") from None


def read_tokenizer(folder: Path) -> Tokenizer:
    """Load the tokenizer that lies in a folder, in evaluation mode.

    Raises ArtifactError if its configuration or weights are missing or don't fit.
    """
    config = read_module_config(folder, "tokenizer", TokenizerConfig)
    require_size(folder / "tokenizer.safetensors", config)
    tokenizer = build_tokenizer(config, seed=0)
    load_weights(tokenizer, folder, "tokenizer")
    return tokenizer.eval()


class _EncoderFacts(OpenPart):
    """Facts of an encoder that have to be those of its settings."""

    sfreq_hz: float
    montages: tuple[str, ...]
    synthetic: bool
    within_subject: bool
    warnings: tuple[str, ...]
    threads: Threads = ()
    """Empty where an earlier version did not say them."""


def _require_tokenizer(artifact: Artifact) -> None:
    """Raise ArtifactError where a tokenizer is not that of its codes."""
    TOKENS_CONTRACT.whole(artifact)
    config = read_module_config(artifact.path, "tokenizer", TokenizerConfig)
    require_size(artifact / "tokenizer.safetensors", config)
    _require_same(artifact, config, ("n_codes", "patch_samples", "sfreq_hz"))
    counts = read_usage(artifact / USAGE)
    if len(counts["val"]) != config.n_codes:
        raise damaged(artifact / USAGE, f"it counts other codes than the {config.n_codes} there")


def _require_encoder(artifact: Artifact) -> None:
    """Raise ArtifactError where an encoder is not that of its settings."""
    config = read_module_config(artifact.path, "encoder", EncoderConfig)
    require_size(artifact / "encoder.safetensors", config)
    _require_same(artifact, config, ("sfreq_hz", "montages"))


def _require_same(artifact: Artifact, config: Settings, names: Sequence[str]) -> None:
    """Raise ArtifactError where facts are not those of a module's configuration."""
    values = config.model_dump(mode="json")
    for name in names:
        if artifact.manifest.facts[name] != values[name]:
            raise damaged(artifact.path / MANIFEST, f"facts.{name} is not that of its module")


TOKENS = replace(
    TOKENS_CONTRACT,
    parts={
        "tokenizer.json": partial(read_json, schema=TypeAdapter(TokenizerConfig)),
        "tokenizer.safetensors": read_weights,
        USAGE: read_usage,
    },
    others={METRICS: read_rows},
    whole=_require_tokenizer,
)
"""What `tokenize` makes."""
ENCODER = Contract(
    "encoder",
    parts={
        "encoder.json": partial(read_json, schema=TypeAdapter(EncoderConfig)),
        "encoder.safetensors": read_weights,
        "head.safetensors": read_weights,
    },
    others={EXAMPLES: read_examples, **HISTORY_PARTS},
    facts=_EncoderFacts,
    whole=_require_encoder,
)
"""What `pretrain` makes."""
