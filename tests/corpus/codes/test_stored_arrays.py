"""Columns of an array file are those of the array, however they are read."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.corpus.codes.stored_arrays import map_array, read_columns
from eegssl.errors import ArtifactError


def stored(path: Path, values: np.ndarray) -> Path:
    with path.open("wb") as stream:
        np.save(stream, values)
    return path


@given(
    shape=st.tuples(st.integers(1, 4), st.integers(1, 40)),
    kind=st.sampled_from(["u1", "u2", "f2"]),
    order=st.sampled_from("CF"),
    cut=st.data(),
)
def test_columns_are_cut_from_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    shape: tuple[int, int],
    kind: str,
    order: str,
    cut: st.DataObject,
) -> None:
    values = np.random.default_rng(0).integers(0, 200, shape).astype(kind, order=order)
    path = stored(tmp_path_factory.mktemp("a") / "a.npy", values)
    stop = cut.draw(st.integers(1, shape[1]))
    columns = range(cut.draw(st.integers(0, stop - 1)), stop)
    read = read_columns(path, "u1 u2 f2", shape, columns)
    assert read.dtype == values.dtype
    np.testing.assert_array_equal(read, values[:, columns.start : stop])
    np.testing.assert_array_equal(map_array(path, kind, shape), values)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("change", ["cut", "longer", "shape", "type", "foreign", "gone"])
def test_what_is_no_such_array_is_refused(tmp_path: Path, change: str, order: str) -> None:
    path = stored(tmp_path / "a.npy", np.zeros((3, 50), np.uint8, order=order))
    data = path.read_bytes()
    changed = {"cut": data[:-1], "longer": data + b"0", "foreign": b"x" * 200}
    path.write_bytes(changed.get(change, data))
    if change == "gone":
        path.unlink()
    shape, kinds = (3, 49 if change == "shape" else 50), "u2" if change == "type" else "u1"
    for path_as in (path, str(path)):
        with pytest.raises(ArtifactError, match=r"a\.npy was edited or damaged"):
            read_columns(path_as, kinds, shape, range(2))
