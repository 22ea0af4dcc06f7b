"""Define the base class of all settings: frozen, typed, no unknown keys."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

PRIVATE = "(private)"
"""Replaces, in manifests, a value that may name people or folders of the user's machine."""
MAY_NAME_PEOPLE: dict[str, Any] = {"private": True}
"""Marks a field whose value is kept out of manifests: ``Field(json_schema_extra=...)``."""

_PRIVATE_KEYS = ("table", "sessions_table", "session", "sessions")  # in free task settings


class Settings(BaseModel):
    """A frozen set of values; the string under a field is its documentation."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
    )


def public_values(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values, private ones replaced unless they are the default."""
    values = settings.model_dump(mode="json")
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if _is_private(field) and value != field.get_default(call_default_factory=True):
            values[name] = PRIVATE
        else:
            values[name] = _public(value, values[name])
    return values


def _is_private(field: FieldInfo) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, Mapping) and bool(extra.get("private"))


def _public(value: Any, dumped: Any) -> Any:
    if isinstance(value, Settings):
        return public_values(value)
    if isinstance(value, Mapping):
        return {
            k: PRIVATE if k in _PRIVATE_KEYS and v is not None else _public(v, dumped[k])
            for k, v in value.items()
        }
    return dumped


def leaf_settings(settings: Settings, prefix: str = "") -> dict[str, tuple[Settings, str]]:
    """Every setting that has no parts, by its dotted key: whose it is, and its own name."""
    leaves: dict[str, tuple[Settings, str]] = {}
    for name in type(settings).model_fields:
        part = getattr(settings, name)
        key = f"{prefix}{name}"
        whole = not isinstance(part, Settings)
        leaves |= {key: (settings, name)} if whole else leaf_settings(part, f"{key}.")
    return leaves


def flat_values(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """JSON values of settings by dotted key."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        flat |= flat_values(value, f"{key}.") if isinstance(value, Mapping) else {key: value}
    return flat


def changed_settings(settings: Settings) -> dict[str, Any]:
    """The settings, by dotted key, whose value is not the default of this stage."""
    usual = leaf_settings(type(settings)())
    return {
        key: value
        for key, (owner, name) in leaf_settings(settings).items()
        if (value := getattr(owner, name)) != getattr(*usual[key])
    }
