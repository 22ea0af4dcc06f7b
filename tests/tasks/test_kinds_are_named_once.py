"""Only the dictionary of kinds and a kind's own folder know a kind of task by name."""

import ast
from collections.abc import Iterator
from pathlib import Path

import eegssl
from eegssl.tasks.kinds import KINDS

ROOT = Path(eegssl.__file__).parent
ITS_OWN = {
    "stages/score_trees.py": "event tables are scored as labels are, without any model",
    "stages/container.py": "SzCORE's containers detect seizures",
}
"""A stage that is of one kind alone."""
FILES = sorted(
    name
    for name in (path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))
    if not name.startswith(tuple(f"tasks/{kind}/" for kind in KINDS)) and name != "tasks/kinds.py"
)


def named(tree: ast.Module) -> Iterator[str]:
    """What of a kind a file imports, or compares with a kind's name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module.startswith(tuple(f"eegssl.tasks.{kind}" for kind in KINDS)):
                yield f"line {node.lineno} imports {node.module}"
        elif isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            kinds = [s.value for s in sides if isinstance(s, ast.Constant) and s.value in KINDS]
            if kinds and any(isinstance(s, ast.Attribute) and s.attr == "kind" for s in sides):
                yield f"line {node.lineno} compares a kind with {kinds[0]!r}"


def test_no_other_file_knows_a_kind() -> None:
    trees = {name: ast.parse((ROOT / name).read_text()) for name in FILES if name not in ITS_OWN}
    known = [f"{name}: {what}" for name, tree in trees.items() for what in named(tree)]
    assert not known, "\n".join(known)


def test_offenders_are_found() -> None:
    text = 'from eegssl.tasks.phase.config import x\nif task.kind == "patients":\n    pass\n'
    assert len(list(named(ast.parse(text)))) == 2
