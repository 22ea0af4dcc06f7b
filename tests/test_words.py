"""Modules begin with one short sentence, and variables are named for what they hold."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import eegssl

MOST_WORDS = 12
NO_NAMES = frozenset({"found", "said"})
ROOT = Path(eegssl.__file__).parent
FILES = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in ROOT.rglob("*.py")}


def first_line(tree: ast.Module) -> Iterator[str]:
    """What is wrong with the first line of a module's docstring."""
    line = (ast.get_docstring(tree) or "").partition("\n")[0]
    if len(line.split()) > MOST_WORDS:
        yield f"1: {len(line.split())} words; at most {MOST_WORDS}: {line}"
    if not line.endswith("."):
        yield f"1: expected a whole sentence with its period: {line}"


def names(tree: ast.Module) -> Iterator[str]:
    """Variables and arguments with a name that does not say what they hold."""
    for node in ast.walk(tree):
        name = getattr(node, "id", None) or (isinstance(node, ast.arg) and node.arg)
        stored = isinstance(node, ast.arg) or isinstance(getattr(node, "ctx", None), ast.Store)
        if stored and name in NO_NAMES:
            yield f"{node.lineno}: {name!r} says nothing: name what it holds"


def test_words_are_plain() -> None:
    wrong = [
        f"{name}.py:{message}"
        for name, path in sorted(FILES.items())
        for tree in [ast.parse(path.read_text())]
        for message in (*first_line(tree), *names(tree))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            first_line,
            '"""Twelve words are enough to say what one file of a package does, always."""',
        ),
        (first_line, '"""Read recordings"""'),
        (first_line, "import os"),
        (names, "found = 1"),
        (names, "def f(said): pass"),
        (names, "[found for found in ()]"),
        (names, "for k, found in x: pass"),
    ],
)
def test_the_rule_finds_an_offender(rule, text):
    assert list(rule(ast.parse(text)))


def test_the_rule_lets_plain_words_pass():
    tree = ast.parse('"""Read recordings."""\nleaks = found(said.x)\n')
    assert [*first_line(tree), *names(tree)] == []
