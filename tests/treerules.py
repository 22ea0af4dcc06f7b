"""The rules about the tests themselves; ``test_tree.py`` holds them to these.

Sources are the files below ``tests``, by their path within it.
"""

import ast
import re
from collections.abc import Iterator, Set
from pathlib import PurePosixPath

from houserules import Package, Source, dotted

MAX_LINES = 350
OF_ALL = {"support", "pipeline"}
"""Folders of ``tests`` for what concerns more than one folder of the package."""


def short_test_files(tests: Package) -> Iterator[str]:
    """A file of tests is about one thing."""
    for path, source in tests.items():
        lines = source.text.count("\n")
        if lines > MAX_LINES:
            yield f"tests/{path}: {lines} lines; at most {MAX_LINES}: split it"


def tests_mirror_the_package(tests: Package, folders: Set[str]) -> Iterator[str]:
    """A folder of tests is named as the folder of the package that it tests."""
    for path in tests:
        folder = PurePosixPath(path).parent
        if folder.parts and folder.parts[0] not in OF_ALL and str(folder) not in folders:
            yield f"tests/{path}: there is no folder eegssl/{folder}"


def slow_tests_have_quick_ones(tests: Package) -> Iterator[str]:
    """What slow tests show is touched by quick ones: of the same file, or of one that it names."""
    quick = {PurePosixPath(path).name for path, source in tests.items() if has_quick_tests(source)}
    for path, source in tests.items():
        if has_slow_tests(source) and not has_quick_tests(source):
            named = re.findall(r"``(test_\w+\.py)``", ast.get_docstring(source.tree) or "")
            if not quick & set(named):
                yield f"tests/{path}: all slow; name the quick ``test_….py`` in its docstring"


def test_functions(source: Source) -> list[ast.FunctionDef]:
    """The tests of a file."""
    nodes = source.tree.body
    return [n for n in nodes if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]


def is_slow(source: Source) -> bool:
    """Whether ``pytestmark`` says that every test of a file is slow."""
    return any(
        isinstance(node, ast.Assign)
        and dotted(node.targets[0]) == "pytestmark"
        and "pytest.mark.slow" in map(dotted, ast.walk(node.value))
        for node in source.tree.body
    )


def has_slow_tests(source: Source) -> bool:
    """Whether any test of a file is slow, with all its parameters or with some."""
    marks = (mark for test in test_functions(source) for mark in test.decorator_list)
    return is_slow(source) or any(
        dotted(node) == "pytest.mark.slow" for mark in marks for node in ast.walk(mark)
    )


def has_quick_tests(source: Source) -> bool:
    """Whether any test of a file is quick, at least with some of its parameters."""
    return not is_slow(source) and any(
        "pytest.mark.slow" not in map(dotted, test.decorator_list)
        for test in test_functions(source)
    )
