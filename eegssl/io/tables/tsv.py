"""Read and write tables as TSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from eegssl.errors import ConfigError
from eegssl.regular_files import read_bytes, wide_codec

_OTHER_SEPARATORS = {",": "comma", ";": "semicolon"}


def read_tsv(path: Path, wanted: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a user's TSV that has (at least) these columns.

    Raises ConfigError when the file or a column is missing, or two columns have one name.
    """
    try:
        raw = read_bytes(path)
        if wide_codec(raw):
            raise ConfigError(f"{path} is text in UTF-16; save it as UTF-8, with tabs")
        text = io.StringIO(raw.decode("utf-8-sig"), newline="")
        reader = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
        columns = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = columns
        rows = [{k: (v or "").strip() for k, v in row.items() if k} for row in reader]
    except FileNotFoundError:
        raise ConfigError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is no UTF-8 text; save it as UTF-8, with tabs") from None
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from None
    except csv.Error as error:
        raise ConfigError(f"{path} can't be read as a TSV ({type(error).__name__})") from None
    missing = [name for name in wanted if name not in columns]
    if missing:
        raise ConfigError(
            f"{path} has no column {missing[0]!r}; a tab-separated table with "
            f"{', '.join(wanted)} was expected{_other_separator(columns, missing[0])}"
        )
    if twice := doubled_columns(columns):
        raise ConfigError(f"{path} has {twice}: which one counts can't be told; name each once")
    return rows


def doubled_columns(columns: Sequence[str]) -> str:
    """How many names stand over several columns, in words; empty where each is there once.

    Columns without a name don't count, as spreadsheets leave them at the end. The names are not
    repeated: what stands in the first line may be a row of people.
    """
    n = sum(count > 1 for count in Counter(filter(None, columns)).values())
    return f"{n} column name(s) that stand there twice or more" if n else ""


def _other_separator(columns: Sequence[str], missing: str) -> str:
    """Name what separates columns in place of tabs, where the missing one is among them."""
    for mark, name in _OTHER_SEPARATORS.items():
        if len(columns) == 1 and missing in (part.strip(' "') for part in columns[0].split(mark)):
            return f"; it seems to be {name}-separated, and tabs are wanted: save it as TSV"
    return ""


def format_tsv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A TSV; tabs and line ends within a cell become spaces."""
    lines = [columns, *rows]
    return "".join("\t".join(" ".join(str(c).split()) for c in row) + "\n" for row in lines)
