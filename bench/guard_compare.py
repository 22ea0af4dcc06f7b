"""Compares two recordings of the guard, file by file.

Parquet tables are compared by cells, JSON by values, the rest by lines or bytes; of HTML pages only
the numbers, as a note. Versions, and hashes of artifacts and files, are no differences.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from html import unescape
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

UNSTABLE = {"schema_version", "eegssl_version", "cost", "cost_of_folds", "latency_ms"}
"""Keys of documents that any release, or the machine, may change."""
MOST_LINES = 12
"""So many differences of one file are printed, and the rest is counted."""
APART = {"EDF", "logs", "private", "home"}
"""Folders of a recording that are not compared: inputs, what was said, where names are kept."""


@dataclass
class Allowed:
    """Differences that are intended, and names that were changed."""

    globs: list[tuple[str, str]] = field(default_factory=list)
    renames: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path | None) -> "Allowed":
        """What an allow file says."""
        allowed = cls()
        for line in path.read_text().splitlines() if path else ():
            if line.strip() and not line.startswith("#"):
                old, arrow, new = line.partition(" -> ")
                glob, _, reason = line.partition("\t")
                pair = (old.strip(), new.strip()) if arrow else (glob, reason)
                (allowed.renames if arrow else allowed.globs).append(pair)
        return allowed

    def renamed(self, path: str) -> str:
        """A path of before as it is called after."""
        for old, new in self.renames:
            path = f"/{path}/".replace(f"/{old}/", f"/{new}/").strip("/")
        return path

    def reason(self, path: str, what: str) -> str | None:
        """Why this difference is intended; None where nobody said so."""
        texts = (path, f"{path}: {what}")
        return next((r for g, r in self.globs if any(fnmatchcase(t, g) for t in texts)), None)


@dataclass
class Tree:
    """One recording: its files by their present names, and what its hashes stand for."""

    root: Path
    rename: Callable[[str], str] = str
    files: dict[str, Path] = field(default_factory=dict)
    hashes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Find all files; a hash is known by the first file or folder that has it."""
        for path in sorted(p for p in self.root.rglob("*") if p.is_file()):
            name = path.relative_to(self.root)
            if name.parts[0] not in APART:
                new = self.rename(name.as_posix())
                self.files[new] = path
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                self.hashes.setdefault(digest, f"<{new}>")
        for new, path in sorted(self.files.items()):
            if path.name == "manifest.json":
                artifact = json.loads(path.read_text())["id"]
                self.hashes |= dict.fromkeys((artifact, artifact[:12]), f"<{new}>") | self.hashes

    def plain(self, text: str) -> str:
        """A text with names in place of hashes."""
        return re.sub(r"\b[0-9a-f]{12,64}\b", lambda m: self.hashes.get(m[0], m[0]), text)

    def document(self, path: Path) -> Any:
        """A JSON file as it is compared; of a manifest without ids and hashes of what it lists."""
        found = stable(json.loads(self.plain(path.read_text())))
        if not isinstance(found, dict) or not {"files", "inputs", "fitted_on"} <= found.keys():
            return found
        found["files"] = {self.rename(name): "" for name in found["files"]}
        found["inputs"] = [one["kind"] for one in found["inputs"]]
        return found | {"id": ""}


def stable(value: Any) -> Any:
    """A JSON value without what any release may change."""
    if isinstance(value, dict):
        return {k: stable(v) for k, v in value.items() if k not in UNSTABLE}
    return [stable(v) for v in value] if isinstance(value, list) else value


def differing(a: Any, b: Any, at: str = "") -> Iterator[str]:
    """Where two JSON values differ; numbers have to be exactly equal, NaN is equal to NaN."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(a.keys() | b.keys()):
            if key not in a or key not in b:
                yield f"{at}.{key} is {'new' if key not in a else 'gone'}"
            else:
                yield from differing(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for k, (one, other) in enumerate(zip(a, b, strict=True)):
            yield from differing(one, other, f"{at}[{k}]")
    elif repr(a) != repr(b):
        yield f"{at or 'value'}: {str(a)[:80]} became {str(b)[:80]}"


def tables(a: Tree, b: Tree, one: Path, other: Path) -> Iterator[str]:
    """Where two Parquet tables differ: metadata, columns, then cells."""
    first, second = pq.read_table(one), pq.read_table(other)
    yield from differing(_metadata(a, first.schema), _metadata(b, second.schema), "metadata")
    types = [{f.name: str(f.type) for f in table.schema} for table in (first, second)]
    yield from differing(types[0], types[1], "column")
    if list(types[0]) != list(types[1]) and types[0].keys() == types[1].keys():
        yield "order of columns"
    if len(first) != len(second):
        yield f"{len(first)} rows became {len(second)}"
        return
    for name in (n for n in types[0] if n in types[1] and not first[n].equals(second[n])):
        pairs = zip(first[name].to_pylist(), second[name].to_pylist(), strict=True)
        rows = [k for k, (x, y) in enumerate(pairs) if a.plain(repr(x)) != b.plain(repr(y))]
        if rows:
            yield f"column {name}: {len(rows)} of {len(first)} cells, first in row {rows[0]}"


def _metadata(tree: Tree, schema: Any) -> dict[str, Any]:
    """The metadata of a table; what is JSON in it, parsed."""
    found: dict[str, Any] = {}
    for key, raw in (schema.metadata or {}).items():
        text = tree.plain(raw.decode("utf-8", "replace"))
        try:
            found[key.decode()] = stable(json.loads(text))
        except ValueError:
            found[key.decode()] = text
    return stable(found)


def commands(a: str, b: str) -> Iterator[str]:
    """Commands that ended otherwise, or are in one recording only."""
    lines = [text.splitlines()[1:] for text in (a, b)]
    codes = [{c[0]: f"exit {c[1]}" for c in (line.split("\t") for line in x)} for x in lines]
    return differing(codes[0], codes[1], "command")


def numbers(path: Path) -> list[str]:
    """The numbers that a page shows, without pictures."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>|<[^>]+>", " ", path.read_text())
    return re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])", unescape(text))


def compared(a: Tree, b: Tree, name: str) -> Iterator[str]:
    """The differences of one file that both recordings have."""
    one, other = a.files[name], b.files[name]
    if name == "commands.tsv":
        yield from commands(one.read_text(), other.read_text())
    elif name.endswith(".json"):
        try:
            yield from differing(a.document(one), b.document(other))
        except ValueError:
            yield from differing(a.plain(one.read_text()), b.plain(other.read_text()))
    elif name.endswith(".parquet"):
        yield from tables(a, b, one, other)
    elif name.endswith((".tsv", ".jsonl", ".toml", ".txt", ".md")):
        lines = [tree.plain(p.read_text()).splitlines() for tree, p in ((a, one), (b, other))]
        if len(lines[0]) != len(lines[1]):
            yield f"{len(lines[0])} lines became {len(lines[1])}"
        shorter = min(map(len, lines))
        yield from differing(lines[0][:shorter], lines[1][:shorter], "line")
    elif one.read_bytes() != other.read_bytes():
        yield f"bytes ({one.stat().st_size} became {other.stat().st_size})"


def compare(before: Path, after: Path, allow: Path | None) -> int:
    """Print what differs between two recordings; 1 if anything does that nobody allowed."""
    allowed = Allowed.read(allow)
    a, b = Tree(before, allowed.renamed), Tree(after)
    differ, pages = set(), []
    for name in sorted(a.files.keys() | b.files.keys()):
        if name not in a.files or name not in b.files:
            found = iter(["new file" if name not in a.files else "file is gone"])
        elif name.endswith(".html"):
            same = numbers(a.files[name]) == numbers(b.files[name])
            pages += [] if same else [name]
            continue
        else:
            found = compared(a, b, name)
        lines = [(what, allowed.reason(name, what)) for what in found]
        for what, reason in islice(lines, MOST_LINES):
            print(
                f"{'allowed: ' if reason else ''}{name}: {what}"
                + (f" ({reason})" if reason else "")
            )
        if len(lines) > MOST_LINES:
            print(f"{name}: … and {len(lines) - MOST_LINES} more")
        differ |= {name} if any(reason is None for _, reason in lines) else set()
    shown = f": {', '.join(pages[:5])}{', …' if len(pages) > 5 else ''}" if pages else ""
    print(f"note: {len(pages)} HTML pages differ in their numbers{shown}")
    print(f"{len(a.files.keys() | b.files.keys())} files compared, {len(differ)} differ")
    return int(bool(differ))
