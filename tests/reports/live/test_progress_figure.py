"""The picture of a running training has a panel for each quantity that its logs hold."""

from pathlib import Path

import pytest
from PIL import Image

from eegssl.artifacts.manifest import PROGRESS, SPEED
from eegssl.errors import ArtifactError
from eegssl.reports.live.progress_figure import progress_figure, write_progress
from eegssl.training.history import METRICS
from eegssl.training.live.training_rows import Row, append_row

ROWS: list[Row] = [
    {"step": 20, "train_loss": 2.0, "lr": 1e-3, "grad_norm": 0.5},
    {"step": 40, "train_loss": 1.5, "lr": 1e-4, "grad_norm": 0.7, "val_loss_region": 1.8}
    | {"val_loss_random": 1.6, "val_loss_region_LT": 9.0, "val_unigram_loss_region": 3.0},
]
SPEEDS: list[Row] = [{"step": 20, "windows_per_s": 80.0, "data_wait": None}]


def test_panels_are_of_what_there_is() -> None:
    figure = progress_figure(ROWS, SPEEDS)
    titles = [ax.get_title("left") for ax in figure.axes if ax.axison]
    assert titles == ["loss", "gradient norm", "learning rate", "windows a second"]
    curves = {line.get_label() for line in figure.axes[0].lines}
    assert curves == {"training", "validation region", "validation random"}


def test_a_long_training_is_thinned_and_keeps_its_last_step() -> None:
    rows: list[Row] = [{"step": k, "train_loss": 1.0} for k in range(1, 10_001)]
    (line,) = progress_figure(rows, []).axes[0].lines
    steps = list(line.get_xdata())
    assert len(steps) < 2000
    assert steps[-1] == 10_000


def test_a_name_that_is_no_quantity_is_not_drawn() -> None:
    rows: list[Row] = [{"step": 1, "train_loss": 1.0, "val_loss_$x\x1b": 1.0, "note": 3.0}]
    assert len(progress_figure(rows, []).axes[0].lines) == 1


def test_the_same_logs_give_the_same_picture(tmp_path: Path) -> None:
    for name, rows in ((METRICS, ROWS), (SPEED, SPEEDS)):
        for row in rows:
            append_row(tmp_path / name, row)
    write_progress(tmp_path)
    first = (tmp_path / PROGRESS).read_bytes()
    write_progress(tmp_path)
    assert (tmp_path / PROGRESS).read_bytes() == first
    with Image.open(tmp_path / PROGRESS) as picture:
        assert picture.size[0] > 1000


def test_no_rows_make_no_picture_and_damage_is_told(tmp_path: Path) -> None:
    (tmp_path / METRICS).touch()
    write_progress(tmp_path)
    assert not (tmp_path / PROGRESS).exists()
    (tmp_path / METRICS).write_text('{"step": "x"}\n')
    with pytest.raises(ArtifactError, match="metrics"):
        write_progress(tmp_path)
