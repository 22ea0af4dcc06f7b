"""The rules about docstrings and settings; the companion of ``houserules.py``."""

import ast
from collections import Counter
from collections.abc import Iterator

from houserules import Package, Source, dotted

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def is_docstring(node: ast.stmt | None) -> bool:
    """Whether a statement is a string literal with something in it."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        and bool(node.value.value.strip())
    )


def public_definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """The public functions, classes and methods of a body, not those inside functions."""
    for node in body:
        if isinstance(node, ast.If | ast.Try):
            yield from public_definitions(node.body + node.orelse, prefix)
        if not isinstance(node, Definition) or node.name.startswith("_"):
            continue
        marks = {dotted(mark).split(".")[-1] for mark in node.decorator_list}
        if not marks & {"overload", "override", "setter", "deleter"}:
            yield f"{prefix}{node.name}", node
        if isinstance(node, ast.ClassDef):
            yield from public_definitions(node.body, f"{prefix}{node.name}.")


def docstrings(package: Package) -> Iterator[str]:
    """Every module, public class, public function and public method says what it is."""
    for source in package.values():
        if not is_docstring(source.tree.body[0] if source.tree.body else None):
            yield source.at(1, "the module has no docstring")
        for name, node in public_definitions(source.tree.body):
            if not is_docstring(node.body[0]):
                yield source.at(node.lineno, f"{name} has no docstring")


def settings_classes(package: Package) -> Iterator[tuple[Source, ast.ClassDef]]:
    """The classes that derive from ``Settings``, directly or through another such class."""
    classes = [
        (source, node)
        for source in package.values()
        for node in source.nodes
        if isinstance(node, ast.ClassDef)
    ]
    known = {"Settings"}
    while True:
        found = {
            node.name
            for _, node in classes
            if any(dotted(base).split(".")[-1] in known for base in node.bases)
        }
        if found <= known:
            return (yield from ((s, n) for s, n in classes if n.name in found))
        known |= found


def fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign, ast.stmt | None]]:
    """The fields of a settings class, each with the statement that follows it."""
    for this, following in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(this, ast.AnnAssign) and isinstance(this.target, ast.Name):
            name, kind = this.target.id, dotted(getattr(this.annotation, "value", this.annotation))
            if not name.startswith("_") and name != "model_config" and "ClassVar" not in kind:
                yield name, this, following


def reads(tree: ast.AST) -> Counter[str]:
    """How often each attribute is read, as ``x.name``, anywhere in a tree."""
    return Counter(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    )


def documented_settings(package: Package) -> Iterator[str]:
    """Under every field of a settings class stands a string that explains it."""
    for source, node in settings_classes(package):
        for name, statement, following in fields(node):
            if not is_docstring(following):
                yield source.at(statement.lineno, f"{node.name}.{name} has no docstring under it")


def _reads_by_name(node: ast.ClassDef) -> bool:
    """Whether a class has ``getattr(self, name)`` of names that it does not spell out."""
    calls = (call for call in ast.walk(node) if isinstance(call, ast.Call))
    return any(
        isinstance(call.func, ast.Name)
        and call.func.id == "getattr"
        and ast.unparse(call.args[0]) == "self"
        and not isinstance(call.args[1], ast.Constant)
        for call in calls
    )


def used_settings(package: Package) -> Iterator[str]:
    """Every field of a settings class is read by code outside the class, or by its name there."""
    everywhere: Counter[str] = Counter()
    for source in package.values():
        everywhere += reads(source.tree)
    for source, node in settings_classes(package):
        within = reads(node)
        if _reads_by_name(node):
            continue
        for name, statement, _ in fields(node):
            if everywhere[name] <= within[name]:
                yield source.at(statement.lineno, f"no code reads {node.name}.{name}: remove it")
