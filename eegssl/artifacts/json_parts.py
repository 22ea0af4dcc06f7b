"""Read the JSON parts of artifacts by schemas.

A schema is a pydantic ``TypeAdapter``. Whatever a file holds in place of what its schema asks for
(another type, a number that is none, brackets nested a thousandfold) is an ArtifactError that names
the file and the place in it; nothing behind this boundary has to expect it.
"""

from pathlib import Path
from typing import Annotated, Any, TypeVar

import pydantic_core
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)

from eegssl.artifacts.atomic import canonical_json
from eegssl.errors import ArtifactError
from eegssl.regular_files import read_bytes

T = TypeVar("T")

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, or a probability."""
Count = Annotated[int, Field(ge=0, lt=2**62)]
"""A number of things."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
HASHED_ID = r"[frs]-[0-9a-z]+(-[0-9]+)?"
"""Pattern of the id of a subject, file or recording, which is also a name of files."""
HashedId = Annotated[str, Field(pattern=f"^{HASHED_ID}$", max_length=64)]

_SHOWN = 3


def _finite(value: dict[str, Any]) -> dict[str, Any]:
    try:
        canonical_json(value)
    except ValueError:
        raise ValueError("a number in it is not finite, or too long") from None
    return value


JsonObject = Annotated[dict[str, Any], AfterValidator(_finite)]
"""An object of any keys; its numbers are finite, however deep they lie."""

STRICT = ConfigDict(strict=True, allow_inf_nan=False)
"""Of a ``TypeAdapter``: no text in place of a number, and only finite ones."""
EXACT = ConfigDict(**STRICT, extra="forbid")
"""Of a dataclass that is stored as JSON, as its ``__pydantic_config__``."""


class Part(BaseModel):
    """A schema that names every key of a JSON object, with its exact type."""

    model_config = ConfigDict(**EXACT, frozen=True)


class OpenPart(Part):
    """A schema of those keys of a JSON object that are read; others are for people."""

    model_config = ConfigDict(extra="ignore")


def parse_json(data: bytes, schema: TypeAdapter[T], path: Path) -> T:
    """Parse the text of a part, which was read from ``path``; see `read_json`."""
    try:
        return schema.validate_json(data)
    except ValidationError as error:
        raise damaged(path, in_words(error)) from None


def read_json(path: Path, schema: TypeAdapter[T]) -> T:
    """Read a part by its schema.

    Raises ArtifactError, with the place in the file and what was expected there, for a file that is
    missing, no JSON, nested too deeply, or that holds anything else.
    """
    return parse_json(read_part(path), schema, path)


def read_part(path: Path) -> bytes:
    """All bytes of a part that is wholly in memory. Raises ArtifactError where it can't be read."""
    try:
        return read_bytes(path)
    except OSError as error:
        raise ArtifactError(f"{path} can't be read: {error.strerror}") from None


def validated(values: Any, schema: TypeAdapter[T], path: Path, inside: str) -> T:
    """Values that stand under ``inside`` of a JSON file, by a schema; see `read_json`."""
    try:
        return schema.validate_json(pydantic_core.to_json(values))
    except ValidationError as error:
        raise damaged(path, f"{inside}.{in_words(error)}") from None


def damaged(path: Path | str, problem: str) -> ArtifactError:
    """The error that a part does not hold what it should."""
    return ArtifactError(f"{path} was edited or damaged: {problem}; make its artifact again")


def in_words(error: ValidationError) -> str:
    """The first problems of a part: where, and what was expected; nothing of its content."""
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    words = [f"{'.'.join(map(str, p['loc'])) or 'all of it'}: {p['msg']}" for p in problems]
    return "; ".join(words[:_SHOWN]) + (" …" if len(words) > _SHOWN else "")
