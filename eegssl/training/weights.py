"""Save and load a module's weights (safetensors) and its configuration (JSON)."""

import json
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from eegssl.artifacts.writer import ArtifactWriter
from eegssl.config.settings import Settings
from eegssl.errors import ArtifactError
from eegssl.regular_files import read_text, require_regular
from eegssl.tokenizer.config import TokenizerConfig
from eegssl.tokenizer.tokenizer import Tokenizer, build_tokenizer

S = TypeVar("S", bound=Settings)
_NAMED = 5


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
    path = folder / f"{name}.json"
    try:
        return schema.model_validate(json.loads(read_text(path)))
    except (OSError, ValueError) as error:
        raise ArtifactError(f"{path} holds no {schema.__name__} ({type(error).__name__})") from None


def load_weights(module: nn.Module, folder: Path, name: str) -> None:
    """Load ``<name>.safetensors`` into a module; names and shapes of all tensors must match.

    Raises ArtifactError with those that do not.
    """
    path = folder / f"{name}.safetensors"
    try:
        tensors = load_file(require_regular(path))
    except (OSError, SafetensorError) as error:
        raise ArtifactError(f"{path} can't be read ({type(error).__name__})") from None
    wanted = {n: tuple(t.shape) for n, t in module.state_dict().items()}
    stored = {n: tuple(t.shape) for n, t in tensors.items()}
    wrong = sorted(n for n in {*wanted, *stored} if wanted.get(n) != stored.get(n))
    if wrong:
        some = [f"{n} (file {stored.get(n)}, model {wanted.get(n)})" for n in wrong[:_NAMED]]
        raise ArtifactError(
            f"{path} does not match the model: {len(wrong)} of {len(wanted)} tensors differ: "
            + ", ".join(some + ["..."] * (len(wrong) > _NAMED))
        )
    module.load_state_dict(tensors)


def read_tokenizer(folder: Path) -> Tokenizer:
    """Load the tokenizer that lies in a folder, in evaluation mode.

    Raises ArtifactError if its configuration or weights are missing or don't fit.
    """
    tokenizer = build_tokenizer(read_module_config(folder, "tokenizer", TokenizerConfig), seed=0)
    load_weights(tokenizer, folder, "tokenizer")
    return tokenizer.eval()
