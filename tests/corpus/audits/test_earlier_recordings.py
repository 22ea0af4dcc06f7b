"""Counts of what an update changed are those of two states of recordings."""

from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.audits.earlier_recordings import compare

ROWS = st.dictionaries(
    st.sampled_from([f"r-{k}" for k in range(8)]),
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from("xy"),
        st.sampled_from(["train", "test"]),
        st.sampled_from([1800.0, 3600.0]),
    ),
)


@given(ROWS)
def test_what_is_the_same_has_not_changed(rows: dict[str, tuple[str, str, str, float]]) -> None:
    numbers = asdict(compare(rows, rows))
    assert numbers.pop("unchanged") == len(rows)
    assert not any(numbers.values())


@given(ROWS, ROWS)
def test_every_recording_counts_once_on_either_side(
    before: dict[str, tuple[str, str, str, float]], now: dict[str, tuple[str, str, str, float]]
) -> None:
    growth, back = compare(before, now), compare(now, before)
    kept = growth.changed + growth.relabelled + growth.unchanged
    assert kept + growth.gone == len(before)
    assert kept + growth.new == len(now)
    assert (back.new, back.new_hours) == (growth.gone, growth.gone_hours)
    assert (back.gone, back.gone_hours) == (growth.new, growth.new_hours)
    assert (back.changed, back.relabelled, back.moved) == (
        growth.changed,
        growth.relabelled,
        growth.moved,
    )
    hours = sum(row[3] for row in now.values()) - sum(row[3] for row in before.values())
    same_length = all(before[id_][3] == now[id_][3] for id_ in before.keys() & now.keys())
    if same_length:
        assert (growth.new_hours - growth.gone_hours) * 3600 == hours
