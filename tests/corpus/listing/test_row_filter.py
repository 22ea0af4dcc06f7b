"""Expressions choose the rows that Python itself would, and nothing else can be written."""

import pyarrow as pa
import pytest
from fewerexamples import examples
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.listing.row_filter import choose
from eegssl.errors import ConfigError

ROWS = [
    {"name": name, "side": side, "n": n, "x": n / 3, "ok": n % 2 == 0, "tags": tags}
    for n, (name, side, tags) in enumerate(
        [
            ("a", "train", ["sz", "bckg"]),
            ("b", "val", []),
            ("c", "train", ["bckg"]),
            ("d", "test", ["sz"]),
            ("a", "test", []),
            ("e", "train", ["sz", "artf"]),
        ],
        start=-2,
    )
]
TABLE = pa.Table.from_pylist(ROWS)
NUMBERS = st.sampled_from(["n", "x", "-1", "0", "2", "0.5", "1e3", "-0.667"])
TEXTS = st.sampled_from(["name", "side", "'a'", "'train'", '"sz"', "'it''s'"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])


def has_column(sides: tuple[str, ...]) -> bool:
    return bool(set(sides) & set(TABLE.column_names))


def compared(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(values, SIGNS, values).filter(lambda sides: has_column(sides))
    return pairs.map(" ".join)


COMPARISONS = st.one_of(
    compared(NUMBERS),
    compared(TEXTS),
    st.sampled_from(
        [
            *(
                "ok",
                "not ok",
                "ok == True",
                "'sz' in tags",
                "'no' not in tags",
                "name in ('a', 'd')",
            ),
            *("n not in [1, 2, x]", "-2 <= n < 2", "0 < x < n", "name is None", "n is not None"),
        ]
    ),
)
EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda parts: st.one_of(
        st.tuples(parts, st.sampled_from([" and ", " or "]), parts).map(
            lambda p: f"({''.join(p)})"
        ),
        parts.map(lambda part: f"(not {part})"),
    ),
    max_leaves=8,
)


@examples(300)
@given(EXPRESSIONS)
def test_the_rows_are_those_that_python_would_choose(expression: str) -> None:
    expected = [row for row in ROWS if eval(expression, {"__builtins__": {}}, row)]
    assert choose(TABLE, expression).to_pylist() == expected


def test_an_empty_value_makes_no_comparison_true_and_can_be_asked_for() -> None:
    table = pa.table({"age": [30.0, None, 70.0]})
    assert choose(table, "age > 50")["age"].to_pylist() == [70.0]
    assert choose(table, "not age > 50")["age"].to_pylist() == [30.0]
    assert choose(table, "age not in (30,)")["age"].to_pylist() == [70.0]
    assert choose(table, "age is None")["age"].to_pylist() == [None]
    assert choose(table, "age > 50 or age is None")["age"].to_pylist() == [None, 70.0]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("sid == 'train'", ("'sid'", "did you mean 'side'")),
        ("zzzzzz == 1", ("'zzzzzz'", "name, side")),
        ("side == 1", ("side is a text", "1 is a number")),
        ("n == '1'", ("n is a number", "'1' is a text")),
        ("tags == 'sz'", ("tags is a list of texts", "in")),
        ("'sz' == tags", ("tags is a list of texts",)),
        ("tags == tags", ('write "…" in tags',)),
        ("1 in tags", ("takes a text",)),
        ("name in 'abc'", ("a list",)),
        ("name in ()", ("a list",)),
        ("name in ('a', 1)", ("a number",)),
        ("ok < True", ("neither more nor less",)),
        ("ok == 1", ("true or false",)),
        ("n == None", ("is None",)),
        ("n is 1", ("is None",)),
        ("n", ("compare it",)),
        ("1 == 1", ("no column",)),
        ("1", ("no comparison",)),
        ("name == -'a'", ("no sign",)),
        ("n + 1 > 2", ("n + 1",)),
        ("n = 1", ("can't be read",)),
        ("", ("can't be read",)),
        ("n == 1)", ("can't be read",)),
        ("n == \0", ("can't be read",)),
        ("not " * 2000 + "ok", ("can't be read",)),
        ("(" * 300 + "ok" + ")" * 300, ("can't be read",)),
        ("n == " + "9" * 400, ("beyond reason",)),
        ("ok and " * 5000 + "ok", ("signs",)),
        ("__import__('os').system('true')", ("no comparison",)),
        ("name.__class__ == 'a'", ("name.__class__",)),
        ("[x for x in name]", ("no comparison",)),
        ("(lambda: ok)()", ("no comparison",)),
        ("f'{name}' == 'a'", ("no column",)),
        ("name == f'{n}'", ("no column, text or number",)),
        ("(n := 1) == 1", ("no column",)),
    ],
)
def test_what_is_no_comparison_is_refused_with_the_place(
    expression: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose(TABLE, expression)
    assert all(word in str(caught.value) for word in ("--where", *words))
