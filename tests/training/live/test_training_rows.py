"""The log of a running training is whole lines, and reads well while it is written."""

import json
from pathlib import Path

import pytest

from eegssl.errors import ArtifactError
from eegssl.training.live.training_rows import append_row, latest, read_rows_so_far


def test_rows_are_appended_as_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "speed.jsonl"
    append_row(path, {"step": 20, "windows_per_s": 100.0, "mfu": None})
    append_row(path, {"step": 40, "windows_per_s": float("nan")})
    assert path.read_text() == (
        '{"mfu": null, "step": 20, "windows_per_s": 100.0}\n{"step": 40, "windows_per_s": null}\n'
    )
    assert read_rows_so_far(path)[1] == {"step": 40, "windows_per_s": None}


def test_half_a_line_of_a_kill_is_ended_and_left_out(tmp_path: Path) -> None:
    path = tmp_path / "speed.jsonl"
    append_row(path, {"step": 20})
    with path.open("a") as stream:
        stream.write('{"step": 40, "wind')
    assert read_rows_so_far(path) == [{"step": 20}]
    append_row(path, {"step": 60})
    assert read_rows_so_far(path) == [{"step": 20}, {"step": 60}]


def test_steps_that_are_taken_again_count_once(tmp_path: Path) -> None:
    path = tmp_path / "speed.jsonl"
    for step, rate in ((20, 1.0), (40, 2.0), (60, 3.0), (40, 4.0), (60, 5.0)):
        append_row(path, {"step": step, "windows_per_s": rate})
    rates = [row["windows_per_s"] for row in read_rows_so_far(path)]
    assert rates == [1.0, 4.0, 5.0]


def test_no_file_has_no_rows(tmp_path: Path) -> None:
    assert read_rows_so_far(tmp_path / "speed.jsonl") == []


def test_a_link_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine\n")
    (tmp_path / "speed.jsonl").symlink_to(tmp_path / "own.txt")
    with pytest.raises(OSError, match="symbolic links"):
        append_row(tmp_path / "speed.jsonl", {"step": 1})
    assert (tmp_path / "own.txt").read_text() == "mine\n"


@pytest.mark.parametrize(
    "row", [{"loss": 1.0}, {"step": -1}, {"step": "20"}, {"step": None}, {"step": 1, "x": [2]}]
)
def test_what_is_no_row_is_damage(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(json.dumps(row) + "\n")
    with pytest.raises(ArtifactError, match=r"metrics\.jsonl"):
        read_rows_so_far(path)


def test_the_latest_value_of_each_number_is_kept() -> None:
    rows = [{"step": 1.0, "val_loss": 2.0, "mfu": None}, {"step": 2.0, "val_loss": None}]
    assert latest(rows) == {"step": 2.0, "val_loss": 2.0, "mfu": None}
