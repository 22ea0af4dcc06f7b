"""The reference of settings, made from the configuration classes each time the docs are built.

A line ``% settings-reference`` in a page is replaced by one table for each stage and kind of task:
every setting with its type, its default as TOML and the string that stands under the field.
"""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from eegssl.config.settings import Settings
from eegssl.config.stages import STAGES
from eegssl.tasks.kinds import KINDS

MARK = "% settings-reference"
TASKS = {
    "labels": "A task of your own",
    "forecast": "A task of forecasting",
    "phase": "A task of frequency and phase",
    "patients": "A task of patients",
}
"""Heading of each kind of task."""
WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}
LIMITS = {"ge": "from {}", "gt": "above {}", "le": "to {}", "lt": "below {}"}
REQUIRED, NONE = "*required*", "*none*"


@dataclass(frozen=True)
class Row:
    """One setting as the reference shows it."""

    key: str
    kind: str
    default: str
    text: str


def rows(schema: type[Settings], given: Settings | None = None, prefix: str = "") -> Iterator[Row]:
    """Every setting of a class by its dotted key, parts expanded; ``given`` holds the defaults."""
    for name, field in schema.model_fields.items():
        key, value = f"{prefix}{name}", _default(field, given, name)
        if (part := _part(field.annotation)) in STAGES.values():
            stage = next(n for n, known in STAGES.items() if known is part)
            yield Row(f"{key}.*", f"the settings of [{stage}](#{stage})", "", _text(field))
        elif part:
            yield from rows(part, value if isinstance(value, part) else None, f"{key}.")
        elif entry := _entry(field.annotation):
            yield Row(f"{key}.NAME", "table", REQUIRED, _text(field))
            yield from rows(entry, None, f"{key}.NAME.")
        else:
            yield Row(key, _kind(field), _shown(field, value), _text(field))


def sections() -> dict[str, tuple[str, list[Row]]]:
    """Heading -> (what the class says of itself, its rows): the stages, then tasks."""
    tasks = {TASKS.get(n, f"A task of {n}"): kind.settings for n, kind in KINDS.items()}
    schemas: dict[str, type[Settings]] = {**STAGES, **tasks}
    return {name: (_sentence(schema), list(rows(schema))) for name, schema in schemas.items()}


def markdown() -> str:
    """The whole reference as MyST."""
    parts = []
    for heading, (sentence, settings) in sections().items():
        lines = [f"### {heading}", "", sentence, "", "| setting | type | default | meaning |"]
        lines += ["|---|---|---|---|"]
        for row in settings:
            cells = (f"`{row.key}`", row.kind, row.default, row.text)
            lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _default(field: FieldInfo, given: Settings | None, name: str) -> Any:
    if given is not None:
        return getattr(given, name)
    return field.get_default(call_default_factory=True)


def _part(annotation: Any) -> type[Settings] | None:
    """The class of a field that is settings itself."""
    is_settings = isinstance(annotation, type) and issubclass(annotation, Settings)
    return annotation if is_settings else None


def _entry(annotation: Any) -> type[Settings] | None:
    """The class of the values of a field that maps names to settings."""
    return _part(get_args(annotation)[1]) if get_origin(annotation) is dict else None


def _shown(field: FieldInfo, value: Any) -> str:
    """A default as the table shows it."""
    if field.is_required():
        return REQUIRED
    return NONE if value is None else f"`{_toml(value)}`"


def _kind(field: FieldInfo) -> str:
    """A field's type in words, with the limits of its values."""
    return _words(field.annotation) + _limits(field.metadata)


def _limits(marks: Sequence[Any]) -> str:
    """The limits of a value, in words; marks within marks (pydantic's, in lists) are looked at."""
    flat = [mark for outer in marks for mark in getattr(outer, "metadata", (outer,))]
    found = [(words, getattr(mark, name, None)) for mark in flat for name, words in LIMITS.items()]
    return "".join(" " + words.format(f"{value:g}") for words, value in found if value is not None)


def _words(annotation: Any) -> str:
    """A type in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation in WORDS:
        return WORDS[annotation]
    if origin is Annotated:
        return _words(inner[0]) + _limits(inner[1:])
    if origin is Literal:
        *first, last = (f"`{_toml(value)}`" for value in inner)
        return f"{', '.join(first)} or {last}" if first else last
    if origin in (Union, types.UnionType):
        return _words(next(a for a in inner if a is not type(None)))
    if origin is tuple:
        count = "" if inner[-1] is Ellipsis else f"{len(inner)} × "
        return f"list of {count}{_words(inner[0])}"
    if origin is dict:
        return "table"
    raise TypeError(f"the reference of settings has no words for {annotation}")


def _toml(value: Any) -> str:
    """A value as it would be written in TOML."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{name} = {_toml(v)}" for name, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _sentence(schema: type[Settings]) -> str:
    return " ".join((schema.__doc__ or "").split())


def _text(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def _fill(app: Any, docname: str, source: list[str]) -> None:
    if MARK in source[0]:
        source[0] = source[0].replace(MARK, markdown())


def setup(app: Any) -> dict[str, Any]:
    """Connect to Sphinx."""
    app.connect("source-read", _fill)
    return {"version": "1", "parallel_read_safe": True}
