"""The same `predict` again: what an interrupted run left is checked, and labels decide nothing."""

import shutil
from pathlib import Path

import pytest
from clirun import Pipeline, done, eegssl, files_of
from damagedfiles import DAMAGES, stop

from eegssl.stages import predict


def call(tiny: Pipeline, out: Path) -> list[object]:
    return ["predict", tiny.edf / "sub-00", "--model", tiny.model, "--out", out, "--jobs", 1]


@pytest.fixture(scope="module")
def draft(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every file is answered, and no table is there yet."""
    out = tmp_path_factory.mktemp("draft") / "out"
    with pytest.MonkeyPatch.context() as patch:
        stop(patch, predict, "stack_tables")
        assert eegssl(*call(tiny, out)).code == 130
    return out


@pytest.fixture(scope="module")
def whole(tiny: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("whole") / "out"
    done(*call(tiny, out))
    return files_of(out)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    "pattern", ["work/rows/*.json", "work/tables/*.parquet", "detections/**/*.tsv"]
)
def test_a_damaged_file_of_a_draft_is_made_anew(
    tiny: Pipeline, draft: Path, whole: dict[str, str], tmp_path: Path, pattern: str, damage: str
) -> None:
    out = shutil.copytree(draft, tmp_path / "out")
    DAMAGES[damage](sorted(out.glob(pattern))[0])
    done(*call(tiny, out))
    assert files_of(out) == whole


def test_a_row_of_a_draft_without_all_that_belongs_to_it_is_made_anew(
    tiny: Pipeline, draft: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    out = shutil.copytree(draft, tmp_path / "out")
    row = sorted((out / "work/rows").glob("*.json"))[0]
    row.write_text(f'{{"file": "{row.stem}"}}')
    done(*call(tiny, out))
    assert files_of(out) == whole


def test_labels_that_come_later_make_no_other_predictions(tiny: Pipeline, tmp_path: Path) -> None:
    edf = shutil.copy(next((tiny.edf / "sub-01").rglob("*run-1_eeg.edf")), tmp_path)
    words = ["predict", edf, "--model", tiny.model, "--out", tmp_path / "out", "--jobs", 1]
    first = done(*words)
    table = "onset\tduration\teventType\n8\t16\tsz\n"
    Path(str(edf).replace("_eeg.edf", "_events.tsv")).write_text(table)
    again = done(*words)
    assert (again["state"], again["id"]) == ("already made", first["id"])
