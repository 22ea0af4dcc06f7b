"""Collect the words that eegssl itself writes, which identify nobody."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_WORD = re.compile(r"[a-z0-9]+")
_COMMENT = re.compile(r"(?m)^\s*#\s.*$")
_TEXTS = (".toml", ".tsv", ".j2", ".css")


@cache
def vocabulary() -> frozenset[str]:
    """Lower-case words of the package's names, messages, templates and presets.

    Docstrings of modules, classes and functions, and comments, are left out: they name authors,
    and no output repeats them.
    """
    words: set[str] = set()
    for path in _walk(files("eegssl")):
        if path.name.endswith(".py"):
            for text in _texts_of(ast.parse(path.read_text(encoding="utf-8"))):
                words.update(_WORD.findall(text.lower()))
        elif path.name.endswith(_TEXTS):
            text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
            words.update(_WORD.findall(text.lower()))
    return frozenset(words)


def _walk(folder: Traversable) -> Iterator[Traversable]:
    for path in folder.iterdir():
        if path.is_dir():
            yield from _walk(path)
        else:
            yield path


def _texts_of(tree: ast.Module) -> Iterator[str]:
    """Names and texts in a syntax tree, without docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if id(node) not in docstrings:
                yield node.value
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.keyword | ast.arg) and node.arg:
            yield node.arg
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            yield node.name
