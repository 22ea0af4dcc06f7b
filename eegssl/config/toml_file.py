"""Read settings from a user's TOML file."""

import codecs
import tomllib
from pathlib import Path
from typing import Any

from eegssl.errors import ConfigError
from eegssl.regular_files import read_bytes

MOST_BYTES = 16 << 20
"""More than any file of settings needs (ours)."""
MOST_DEEP = 50
"""Tables and lists within each other; no setting lies deeper than five (ours)."""

TOO_MANY_DIGITS = "a number has thousands of digits"


def read_toml(path: Path) -> dict[str, Any]:
    """Read the tables of a TOML file in UTF-8, or in UTF-16 with a byte-order mark.

    Raises ConfigError where there is no such file, or it can't be read as TOML.
    """
    try:
        values = tomllib.loads(_decoded(read_bytes(path, MOST_BYTES)).replace("\r\n", "\n"))
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8: save it as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path} is no TOML that can be read: it is nested too deeply") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is no TOML that can be read: {error}") from None
    except ValueError:  # of Python, whose words advise a programmer
        raise ConfigError(f"{path} can't be read: {TOO_MANY_DIGITS}") from None
    return shallow(values, str(path))


def shallow(values: dict[str, Any], where: str) -> dict[str, Any]:
    """The same values; raises ConfigError where more than `MOST_DEEP` lie within each other."""
    layer: list[Any] = [values]
    depth = 0
    while layer:
        inner = [v for one in layer for v in (one.values() if isinstance(one, dict) else one)]
        layer, depth = [v for v in inner if isinstance(v, dict | list)], depth + 1
        if depth > MOST_DEEP:
            raise ConfigError(f"{where} can't be read: it is nested more than {MOST_DEEP} deep")
    return values


def _decoded(data: bytes) -> str:
    wide = len(data) > 2 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")
