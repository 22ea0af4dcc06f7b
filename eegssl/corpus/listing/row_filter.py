"""Choose rows of a table by an expression of comparisons.

An example is ``split == "train" and duration_s > 60``. It is written as in Python, parsed and
never run: all that it can do is to compare columns with values.
"""

import ast
import difflib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from eegssl.errors import ConfigError

_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], pa.Array]] = {
    ast.Eq: pc.equal,
    ast.NotEq: pc.not_equal,
    ast.Lt: pc.less,
    ast.LtE: pc.less_equal,
    ast.Gt: pc.greater,
    ast.GtE: pc.greater_equal,
}
_MOST_SIGNS = 10_000
TEXT, NUMBER, BOOL, TEXTS = "a text", "a number", "true or false", "a list of texts"


def choose(table: pa.Table, expression: str) -> pa.Table:
    """Keep the rows for which an expression is true; an empty value makes no comparison true.

    Allowed are ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, ``in``, ``not in``, ``is None``,
    ``and``, ``or``, ``not`` and brackets, between columns, texts and numbers. Raises ConfigError
    for anything else, a column that is not there, and a comparison of a text with a number.
    """
    try:
        if len(expression) > _MOST_SIGNS:
            raise ConfigError(f"--where has {len(expression)} signs, expected {_MOST_SIGNS:,}")
        return table.filter(_mask(ast.parse(expression.strip(), mode="eval").body, table))
    except SyntaxError as error:
        raise ConfigError(
            f"--where can't be read at sign {error.offset}: {error.msg}; write it as "
            "'split == \"train\" and duration_s > 60'"
        ) from None
    except (ValueError, OverflowError, RecursionError, MemoryError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("--where can't be read: it is nested or long beyond reason") from None


def require_columns(names: Iterable[str], there: list[str], flag: str) -> None:
    """Raise ConfigError for a name that is no column, with the nearest that is one."""
    for name in names:
        if name not in there:
            close = difflib.get_close_matches(name, there, n=1)
            near = f"did you mean {close[0]!r}?" if close else f"expected {', '.join(there)}"
            raise ConfigError(f"{flag}: there is no column {name!r}; {near}")


def _mask(node: ast.expr, table: pa.Table) -> pa.Array:
    """True, false or empty for each row."""
    if isinstance(node, ast.BoolOp):
        join = pc.and_kleene if isinstance(node.op, ast.And) else pc.or_kleene
        first, *others = (_mask(value, table) for value in node.values)
        for other in others:
            first = join(first, other)
        return first
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return pc.invert(_mask(node.operand, table))
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        first, *others = (
            _compared(left, how, right, table)
            for left, how, right in zip(sides[:-1], node.ops, sides[1:], strict=True)
        )
        for other in others:
            first = pc.and_kleene(first, other)
        return first
    if isinstance(node, ast.Name):
        column = _column(node, table)
        if _kind_of(column.type) == BOOL:
            return column
        raise ConfigError(f"--where: {node.id} holds {_kind_of(column.type)}: compare it")
    raise ConfigError(f"--where: {_shown(node)} is no comparison of a column")


def _compared(left: ast.expr, how: ast.cmpop, right: ast.expr, table: pa.Table) -> pa.Array:
    columns = [side for side in (left, right) if isinstance(side, ast.Name)]
    if not columns:
        raise ConfigError(f"--where: {_shown(left)} is compared with no column")
    if isinstance(how, ast.Is | ast.IsNot):
        if columns != [left] or not isinstance(right, ast.Constant) or right.value is not None:
            raise ConfigError(
                f"--where: is stands before None alone, as in {columns[0].id} is None"
            )
        empty = pc.is_null(_column(columns[0], table))
        return empty if isinstance(how, ast.Is) else pc.invert(empty)
    if isinstance(how, ast.In | ast.NotIn):
        member = _member(left, right, table)
        return member if isinstance(how, ast.In) else pc.invert(member)
    operands = [_operand(side, table) for side in (left, right)]
    kinds = [kind for kind, _ in operands]
    if TEXTS in kinds:
        name = columns[-1 if kinds[0] != TEXTS else 0].id
        raise ConfigError(f'--where: {name} is {TEXTS}: write "…" in {name}')
    if kinds[0] != kinds[1]:
        sides = [
            f"{_shown(side)} is {kind}" for side, kind in zip((left, right), kinds, strict=True)
        ]
        raise ConfigError(f"--where: {' and '.join(sides)}: they can't be compared")
    if kinds[0] == BOOL and not isinstance(how, ast.Eq | ast.NotEq):
        raise ConfigError(f"--where: {_shown(left)} is {BOOL}, neither more nor less than another")
    return _COMPARE[type(how)](*(value for _, value in operands))


def _member(left: ast.expr, right: ast.expr, table: pa.Table) -> pa.Array:
    """Whether a text is in a list of each row, or each row's value is one of several."""
    kind, value = _operand(left, table)
    if isinstance(right, ast.Name):
        column = _column(right, table)
        if (kind, _kind_of(column.type)) != (TEXT, TEXTS) or not isinstance(left, ast.Constant):
            raise ConfigError(f"--where: in {right.id} takes a text, and a column of lists of them")
        return _holds(column, str(left.value))
    if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
        raise ConfigError(f"--where: behind in stands a list, as in {_shown(left)} in (…, …)")
    values = [_operand(element, table) for element in right.elts]
    if other := next((k for k, _ in values if k != kind or kind == TEXTS), None):
        raise ConfigError(
            f"--where: {_shown(left)} is {kind}, and {other} is in the list behind it"
        )
    masks = [pc.equal(value, one) for _, one in values]
    for mask in masks[1:]:
        masks[0] = pc.or_kleene(masks[0], mask)
    return masks[0]


def _holds(column: pa.ChunkedArray, text: str) -> pa.Array:
    """Whether each row's list holds a text."""
    lists = column.combine_chunks()
    owners = pc.list_parent_indices(lists).filter(pc.equal(lists.flatten(), text))
    held = np.zeros(len(lists), np.bool_)
    held[np.from_dlpack(owners)] = True
    return pa.array(held)


def _operand(node: ast.expr, table: pa.Table) -> tuple[str, Any]:
    """Kind and values of a column, or of a value that is written out."""
    if isinstance(node, ast.Name):
        column = _column(node, table)
        return _kind_of(column.type), column
    sign = 1
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign, node = -1 if isinstance(node.op, ast.USub) else 1, node.operand
        if not isinstance(node, ast.Constant) or isinstance(node.value, str | bool):
            raise ConfigError(f"--where: {_shown(node)} takes no sign")
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        return BOOL, value
    if isinstance(value, int | float):
        return NUMBER, float(sign * value)
    if isinstance(value, str):
        return TEXT, value
    raise ConfigError(
        f"--where: {_shown(node)} is no column, text or number"
        + ("; write … is None" if isinstance(node, ast.Constant) and value is None else "")
    )


def _column(node: ast.Name, table: pa.Table) -> pa.ChunkedArray:
    require_columns([node.id], table.column_names, "--where")
    return table[node.id]


def _kind_of(type_: pa.DataType) -> str:
    if pa.types.is_boolean(type_):
        return BOOL
    if pa.types.is_list(type_):
        return TEXTS
    return TEXT if pa.types.is_string(type_) else NUMBER


def _shown(node: ast.expr) -> str:
    """A part of an expression as it was written, or nearly so."""
    text = ast.unparse(node)
    return text if len(text) <= 40 else f"{text[:39]}…"
