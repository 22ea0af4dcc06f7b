"""Where files lie in packs: placed without a gap, stored, and refused where it can't be."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eegssl.artifacts.files.packs import INDEX, Places, by_pack, lay_out, read_index, write_index
from eegssl.errors import ArtifactError

SIZES = st.dictionaries(
    st.from_regex(r"r-[0-9a-f]{3}", fullmatch=True), st.integers(1, 99), min_size=1
)
HUGE = st.sampled_from([2**62, 2**63 - 1])


@given(SIZES)
def test_packs_hold_all_files_one_after_another_up_to_their_size(sizes: dict[str, int]) -> None:
    places = lay_out(sizes, 100)
    assert list(places) == sorted(sizes)
    ends: list[int] = []
    for k, (name, files) in enumerate(by_pack(places)):
        assert name == f"{k:05d}.pack"
        starts = np.cumsum([0, *(sizes[id_] for id_, _ in files)]).tolist()
        assert [place.start for _, place in files] == starts[:-1]
        assert starts[-1] <= 100
        assert not ends or ends[-1] + files[0][1].n_bytes > 100  # it had no room before
        ends.append(starts[-1])
    assert sum(ends) == sum(sizes.values())


def test_a_file_larger_than_a_pack_has_one_of_its_own() -> None:
    places: Places = lay_out({"r-1": 5, "r-2": 500, "r-3": 5}, 100)
    assert [place[:2] for place in places.values()] == [(0, 0), (1, 0), (2, 0)]


@given(SIZES, st.integers(1, 300))
def test_the_index_says_where_they_are(
    tmp_path_factory: pytest.TempPathFactory, sizes: dict[str, int], most_bytes: int
) -> None:
    folder, places = tmp_path_factory.mktemp("p"), lay_out(sizes, most_bytes)
    write_index(folder / INDEX, places)
    assert read_index(folder, sizes) == places


@given(SIZES, st.integers(0, 99), st.sampled_from(["pack", "offset"]), st.integers(0, 300) | HUGE)
def test_an_index_of_which_one_number_is_altered_is_refused(
    tmp_path_factory: pytest.TempPathFactory, sizes: dict[str, int], k: int, name: str, to: int
) -> None:
    path, places = tmp_path_factory.mktemp("p") / INDEX, lay_out(sizes, 100)
    write_index(path, places)
    table = pq.read_table(path)
    rows = table.to_pylist()
    altered = rows[k % len(rows)]
    is_same, altered[name] = altered[name] == to, to
    pq.write_table(type(table).from_pylist(rows, table.schema), path)
    if is_same:
        assert read_index(path.parent, sizes) == places
    else:
        with pytest.raises(ArtifactError, match=r"packs\.parquet was edited or damaged"):
            read_index(path.parent, sizes)


def test_an_index_of_other_recordings_is_refused(tmp_path: Path) -> None:
    write_index(tmp_path / INDEX, lay_out({"r-1": 5, "r-2": 6}, 100))
    for sizes in ({"r-1": 5}, {"r-1": 5, "r-3": 6}, {"r-1": 5, "r-2": 6, "r-3": 1}):
        with pytest.raises(ArtifactError, match="not those of the folder's table"):
            read_index(tmp_path, sizes)
