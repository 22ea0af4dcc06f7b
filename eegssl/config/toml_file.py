"""Read settings from a user's TOML file."""

import codecs
import tomllib
from pathlib import Path
from typing import Any

from eegssl.errors import ConfigError
from eegssl.regular_files import read_bytes

MOST_BYTES = 16 << 20
"""More than any file of settings needs (ours)."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read the tables of a TOML file in UTF-8, or in UTF-16 with a byte-order mark.

    Raises ConfigError where there is no such file, or it can't be read as TOML.
    """
    try:
        return tomllib.loads(_decoded(read_bytes(path, MOST_BYTES)).replace("\r\n", "\n"))
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no text in UTF-8: save it as UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{path} is no TOML that can be read: it is nested too deeply") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path} is no TOML that can be read: {error}") from None


def _decoded(data: bytes) -> str:
    wide = len(data) > 2 and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if wide else "utf-8-sig")
