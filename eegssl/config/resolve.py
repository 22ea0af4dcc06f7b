"""Resolve a run's settings from flags, environment, files and defaults.

Flag > environment > file > default: ``--set a.b=1`` beats ``EEGSSL_<STAGE>__A__B=1`` beats
``--config FILE.toml`` beats ``--preset NAME`` beats the defaults. A preset or file has one table
a stage, so one file serves the whole pipeline. Of several presets the later wins: one may say what
a corpus is like (``chb-mit``), another how large a model is (``epilepsyfm``).
"""

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from eegssl.config.settings import Settings
from eegssl.config.stages import STAGES, BenchmarkConfig
from eegssl.config.toml_file import MOST_DEEP, TOO_MANY_DIGITS, read_toml, shallow
from eegssl.errors import ConfigError
from eegssl.objectives.config import OBJECTIVES

S = TypeVar("S", bound=Settings)
_FOLDERS = ("corpora", "objectives")  # of presets
_FEWEST_LETTERS = 3
_NEAR, _TYPO = 0.5, 0.85  # similarities (difflib) of a word to one that may be meant


def resolve(
    stage: str,
    *,
    presets: Sequence[str] = (),
    file: Path | None = None,
    sets: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> Any:
    """The stage's configuration from all its sources.

    Raises ConfigError for an unknown key, preset or value, and names the nearest that exists.
    """
    merged: dict[str, Any] = {}
    for preset in presets:
        merged = _merge(merged, read_preset(preset).get(stage, {}))
    if file is not None:
        merged = _merge(merged, _read_file(file).get(stage, {}))
    merged = _merge(
        merged, _from_environment(stage, os.environ if environment is None else environment)
    )
    for item in sets:
        merged = _merge(merged, _from_flag(item))
    return build(STAGES[stage], merged, f"the settings of {stage}")


def read_matrix(
    path: Path,
    *,
    presets: Sequence[str] = (),
    file: Path | None = None,
    sets: Sequence[str] = (),
) -> BenchmarkConfig:
    """A benchmark's matrix, with a preset's or file's settings for its stages below its own."""
    merged: dict[str, Any] = {}
    for source in (*map(read_preset, presets), _read_file(file) if file else {}):
        stages: dict[str, Any] = {k: source[k] for k in ("finetune", "evaluate") if k in source}
        merged = _merge(_merge(merged, stages), source.get("benchmark", {}))
    merged = _merge(merged, read_toml(path))
    merged = _merge(merged, _from_environment("benchmark", os.environ))
    for item in sets:
        merged = _merge(merged, _from_flag(item))
    return build(BenchmarkConfig, merged, f"the matrix {path}")


def build(schema: type[S], values: Mapping[str, Any], where: str) -> S:
    """Validate values against a schema; ConfigError names the key, what it got and the nearest."""
    try:
        return schema.model_validate(_merge(_defaults_of_parts(schema), values))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, schema, where) for e in error.errors())) from None


def _defaults_of_parts(schema: type[Settings]) -> dict[str, Any]:
    """The defaults of fields that are settings themselves: a stage's own defaults for a part
    stand for what a user leaves unsaid of it."""
    defaults = {name: field.get_default() for name, field in schema.model_fields.items()}
    return {n: d.model_dump() for n, d in defaults.items() if isinstance(d, Settings)}


def read_preset(name: str) -> dict[str, Any]:
    """A preset of the package by name.

    Raises ConfigError, with the nearest name, when there is none.
    """
    folder = resources.files("eegssl.config.presets")
    files = [*folder.iterdir(), *(f for part in _FOLDERS for f in (folder / part).iterdir())]
    presets = {f.name.removesuffix(".toml"): f for f in files if f.name.endswith(".toml")}
    if name not in presets:
        raise ConfigError(f"there is no preset {name!r}{nearest(name, sorted(presets))}")
    return tomllib.loads(presets[name].read_text(encoding="utf-8"))


def presets_of_objectives(names: Sequence[str]) -> list[str]:
    """Those of these objectives that have a preset, in order."""
    folder = resources.files("eegssl.config.presets") / "objectives"
    return [name for name in names if (folder / f"{name}.toml").is_file()]


def require_objectives(names: Sequence[str]) -> None:
    """Raise ConfigError, with the nearest name, unless these are objectives of pretraining."""
    for name in names:
        if name not in OBJECTIVES:
            raise ConfigError(
                f"--objective: there is no objective {name!r}{nearest(name, OBJECTIVES)}"
            )


def read_task(name_or_file: str, overrides: Mapping[str, Any]) -> Any:
    """The settings of a task of the package by name, or of the user's own TOML file.

    Its ``kind`` says what it is about. Relative paths in the user's file are seen from that file.

    Raises ConfigError when there is neither.
    """
    from eegssl.tasks.kinds import KINDS, USUAL  # with torch, which other commands go without

    path = Path(name_or_file)
    if path.suffix == ".toml":
        raw = read_toml(path)
    else:
        folder = resources.files("eegssl.config.presets") / "tasks"
        names = sorted(f.name.removesuffix(".toml") for f in folder.iterdir())
        if name_or_file not in names:
            raise ConfigError(
                f"there is no task {name_or_file!r}{nearest(name_or_file, names)} "
                "(a task of your own is a file that ends in .toml)"
            )
        raw = tomllib.loads((folder / f"{name_or_file}.toml").read_text(encoding="utf-8"))
    where = f"the task {name_or_file}"
    name = _merge(raw, overrides).get("kind", USUAL)
    if name not in KINDS:
        raise ConfigError(f"{where}: there is no kind {name!r}{nearest(str(name), list(KINDS))}")
    kind = KINDS[name]
    for key in kind.paths if path.suffix == ".toml" else ():
        if isinstance(raw.get(key), str):
            raw[key] = str(path.parent / raw[key])  # an absolute path stays as it is
    return build(kind.settings, _merge(raw, overrides), where)


def nearest(word: str, words: Sequence[str]) -> str:
    """``; did you mean …?``, several that begin so, or the list of what there is."""
    begun = [w for w in words if w.startswith(word)] if len(word) >= _FEWEST_LETTERS else []
    several = len(begun) > 1
    close = difflib.get_close_matches(word, words, n=1, cutoff=_TYPO if several else _NEAR)
    if close:
        return f"; did you mean {close[0]!r}?"
    if several:
        return f"; did you mean one of {', '.join(begun)}?"
    return f"; there are {', '.join(words)}" if words else ""


def _read_file(path: Path) -> dict[str, Any]:
    raw = read_toml(path)
    for key, value in raw.items():
        if key not in STAGES:
            raise ConfigError(f"{path} has a table {key!r}{nearest(key, list(STAGES))}")
        if not isinstance(value, dict):
            raise ConfigError(f"{path}: {key} is {value!r}; a table [{key}] was expected")
    return raw


def _from_flag(item: str) -> dict[str, Any]:
    key, equals, value = item.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set {item!r}: key=value was expected, such as training.steps=100")
    return _nested(key.strip().split("."), _value(value))


def flagged(sets: Sequence[str]) -> list[str]:
    """The dotted keys of single settings that ``--set`` gives, also those inside a table."""
    return [key for item in sets for key in _leaves(_from_flag(item))]


def _leaves(values: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in values.items():
        whole = not isinstance(value, Mapping)
        yield from [f"{prefix}{name}"] if whole else _leaves(value, f"{prefix}{name}.")


def _from_environment(stage: str, environment: Mapping[str, str]) -> dict[str, Any]:
    prefix = f"EEGSSL_{stage.upper()}__"
    merged: dict[str, Any] = {}
    for name in sorted(environment):
        if name.startswith(prefix):
            keys = name.removeprefix(prefix).lower().split("__")
            merged = _merge(merged, _nested(keys, _value(environment[name])))
    return merged


def _value(text: str) -> Any:
    """A TOML value where the text is one, else the text itself."""
    try:
        return shallow(tomllib.loads(f"value = {text}"), "the value of a setting")["value"]
    except tomllib.TOMLDecodeError:
        return text
    except RecursionError:
        raise ConfigError("the value of a setting is nested too deeply") from None
    except ValueError:
        raise ConfigError(f"the value of a setting can't be read: {TOO_MANY_DIGITS}") from None


def _nested(keys: Sequence[str], value: Any) -> dict[str, Any]:
    if len(keys) > MOST_DEEP:
        raise ConfigError(f"a setting's key has {len(keys)} parts, expected at most {MOST_DEEP}")
    return {keys[0]: _nested(keys[1:], value) if len(keys) > 1 else value}


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _explain(error: Any, schema: type[Settings], where: str) -> str:
    location = [str(part) for part in error["loc"]]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        have = "have" if where.startswith("the settings") else "has"
        return f"{where} {have} no {key!r}{nearest(location[-1], _fields(schema, location[:-1]))}"
    whole = error["type"] == "missing" or isinstance(error["input"], Mapping | Settings)
    got = "" if whole else f" (got {error['input']!r})"
    message = error["msg"].removeprefix("Value error, ")
    return ": ".join([where, *([key] if key else []), message]) + got


def _fields(schema: type[Settings], path: Sequence[str]) -> list[str]:
    for name in path:
        field = schema.model_fields.get(name)
        if field is None or not isinstance(field.annotation, type):
            return []
        schema = field.annotation
    return list(schema.model_fields)
