"""Specify a kind's table of predictions and its typed view."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

FIRST_SCHEMA = 1
"""A table that does not say its schema is of this one."""

Array = NDArray[Any]


@dataclass(frozen=True)
class Column:
    """A column of a table, or one for each name of a list that stands beside the rows."""

    name: str
    """With ``{}`` for the name, where there is one for each."""
    dtype: str
    """As stored: ``str``, or as NumPy has it."""
    each: str = ""
    """The key beside the rows that lists the names."""
    width: str = ""
    """The key beside the rows that lists what a row's values are at; without, a row has one."""
    field: str = ""
    """The field of the view that holds it; without, it is named as the column."""
    finite: bool = True
    least: float = -math.inf
    most: float = math.inf
    optional: bool = False
    encode: Callable[[Array], Array] = np.asarray
    """From memory to the file."""
    decode: Callable[[Array], Array] = np.asarray
    """From the file to memory."""


@dataclass(frozen=True)
class TableSpec:
    """The columns and metadata of one kind's table."""

    kind: str
    columns: tuple[Column, ...]
    """In order; those for each of the same names in turn, name by name."""
    ids: tuple[str, ...]
    """The columns of text that, together with ``start``, identify a row."""
    about: tuple[str, ...]
    """The keys that ``about`` must have."""
    beside: tuple[str, ...] = ()
    """The other keys of the metadata. Lists that name columns are the same in all tables that are
    pooled, other lists are joined."""
    start: str = ""
    """The column of starts in seconds."""
    duration: str = ""
    """The column of lengths in seconds."""
    same: tuple[str, ...] = ()
    """The keys of ``about`` in which pooled tables must agree; none where tables aren't pooled."""
    listed: tuple[str, ...] = ()
    """The keys of ``about`` of which a pooled table lists each table's value."""
    split_hash: str = ""
    """The place of the hash of the splits: a ``column``, the ``metadata``, or none."""
    schema: int = FIRST_SCHEMA
    compression: str = "snappy"
    sort_keys: bool = True
    metadata: TypeAdapter[Any] | None = None
    """The schema of ``about`` and what else stands beside the rows."""
    agreement: Callable[["Table"], None] | None = None
    """Raises ValueError where rows of a stored table name what does not stand beside them."""
    made_by: str = "eegssl evaluate"
    """The command that makes such a table."""

    def columns_of(self, beside: Mapping[str, Any]) -> dict[str, Column]:
        """The columns by name, in order, of a table with this beside its rows."""
        columns: dict[str, Column] = {}
        for each, group in groupby(self.columns, key=lambda column: column.each):
            alike = list(group)
            for name in beside[each] if each else [""]:
                columns |= {column.name.format(name): column for column in alike}
        return columns

    @property
    def naming(self) -> set[str]:
        """The keys beside the rows that name columns, or the values within one."""
        return {key for column in self.columns for key in (column.each, column.width) if key}


@dataclass(frozen=True)
class Table:
    """Rows as columns by name, [n] or [n, width] each, and what stands beside them."""

    spec: TableSpec
    columns: dict[str, Array]
    about: dict[str, Any]
    beside: dict[str, Any] = field(default_factory=dict)
    split_hash: str = ""

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))


class View:
    """A table with the types of its kind: a dataclass with a field for each column."""

    spec: ClassVar[TableSpec]
    about: dict[str, Any]
    """Facts of the whole table, as plain values."""

    def as_table(self) -> Table:
        """The columns that are fields of the view; other views add theirs."""
        fields = {c.name: getattr(self, c.field or c.name) for c in self.spec.columns if not c.each}
        columns = {
            name: values if isinstance(values, np.ndarray) else text(values)
            for name, values in fields.items()
            if values is not None
        }
        split_hash = vars(self)["split_hash"] if self.spec.split_hash else ""
        return Table(self.spec, columns, self.about, {}, split_hash)

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """The view of a table of this kind. Raises ValueError where its rows don't fit."""
        return cls(**fields_of(table))

    def for_pooling(self) -> Self:
        """The same, with what is the whole table's own written to its rows."""
        return self

    def with_leaks(self, leaks: Sequence[str]) -> Self:
        """The same, with these leaks, in words, as those that are known."""
        table = self.as_table()
        return self.of_table(replace(table, about=table.about | {"leaks": list(leaks)}))

    def subset(self, keep: NDArray[np.bool_]) -> Self:
        """The rows [n] where this is true, with everything that stands beside the rows."""
        table = self.as_table()
        places = np.flatnonzero(keep)
        columns = {name: values[places] for name, values in table.columns.items()}
        return self.of_table(replace(table, columns=columns))


def fields_of(table: Table) -> dict[str, Any]:
    """The fields of a view that are columns of a table, ``about`` and ``split_hash``."""
    fields: dict[str, Any] = {"about": table.about}
    for column in table.spec.columns:
        if not column.each:
            values: Any = table.columns.get(column.name)
            if column.dtype == "str" and values is not None:
                values = values.tolist()
            fields[column.field or column.name] = values
    return fields | ({"split_hash": table.split_hash} if table.spec.split_hash else {})


def text(names: Sequence[str]) -> Array:
    """A column of text [n]."""
    column = np.empty(len(names), dtype=object)
    column[:] = names
    return column
