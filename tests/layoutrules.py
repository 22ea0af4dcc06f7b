"""The rules about files and folders; the companion of ``houserules.py``."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from houserules import Package, Source, imports

DRAWERS = {"utils.py", "util.py", "helpers.py", "misc.py"}
MAX_LINES = 350
MAX_FILES = 15
OF_EVERY_FOLDER = {"__init__.py", "config.py"}
OF_EVERY_KIND = {"data.py", "model.py", "fit.py", "scores.py", "page.py"}
"""Files that every kind of task has, in ``tasks/KIND``."""


def no_drawers(package: Package) -> Iterator[str]:
    """No file for whatever has no place: a function lives with what it is about."""
    for source in package.values():
        if DRAWERS & {f"{Path(part).stem}.py" for part in Path(source.path).parts}:
            yield source.at(1, "no utils.py and the like: name a file for what it is about")


def short_files(package: Package) -> Iterator[str]:
    """A file does one thing."""
    for source in package.values():
        lines = source.text.count("\n")
        if lines > MAX_LINES:
            yield source.at(MAX_LINES + 1, f"{lines} lines; at most {MAX_LINES}: split it")


def small_folders(package: Package) -> Iterator[str]:
    """A folder can be read at a glance."""
    folders: defaultdict[PurePosixPath, list[Source]] = defaultdict(list)
    for path, source in package.items():
        folders[PurePosixPath(path).parent].append(source)
    for sources in folders.values():
        if len(sources) > MAX_FILES:
            rule = f"one of {len(sources)} files in its folder; at most {MAX_FILES}: divide it"
            yield sources[-1].at(1, rule)


def one_name_one_file(package: Package) -> Iterator[str]:
    """A file's name says which file it is; only what every folder or every kind has repeats."""
    paths: defaultdict[str, list[PurePosixPath]] = defaultdict(list)
    for path in map(PurePosixPath, package):
        if path.name not in OF_EVERY_FOLDER:
            paths[path.name].append(path)
    for first, *others in paths.values():
        if first.name in OF_EVERY_KIND and all(map(is_of_kind, (first, *others))):
            continue
        for path in others:
            yield package[str(path)].at(1, f"named as {first} is: name it for what it is about")


def is_of_kind(path: PurePosixPath) -> bool:
    """Whether a file lies in the folder of a kind of task, ``tasks/KIND``."""
    return len(path.parts) == 3 and path.parts[0] == "tasks"


def init_files_are_light(package: Package) -> Iterator[str]:
    """A package's ``__init__.py`` holds a docstring only, so importing it loads nothing."""
    for source in package.values():
        if source.path.endswith("__init__.py") and source.part:
            for node in source.tree.body[1:]:
                yield source.at(node.lineno, "__init__.py holds only a docstring")


def configurations_are_light(package: Package) -> Iterator[str]:
    """A ``config.py`` imports the standard library, pydantic, settings, errors, other configs."""
    allowed = sys.stdlib_module_names | {"pydantic", "pydantic_core", "eegssl"}
    ours = ("eegssl.config.settings", "eegssl.errors", "eegssl.config.presets")
    for source in package.values():
        if not source.names or source.names[-1] != "config":
            continue
        for imported in imports(source):
            own = imported.name.startswith(ours) or "config" in imported.name.split(".")
            if imported.root not in allowed or (imported.root == "eegssl" and not own):
                rule = f"a config.py imports {imported.name}: keep it light"
                yield source.at(imported.line, rule)
