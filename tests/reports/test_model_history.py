"""A model's page shows what its encoder held while it was pretrained, and beside what chance."""

from clirun import Pipeline

from eegssl.reports.model_history import history_figures
from eegssl.tasks.kinds import open_model
from eegssl.training.history import HISTORY, METRICS, read_rows


def test_probes_of_the_pretraining_are_drawn_beside_their_chance(tiny: Pipeline) -> None:
    model, _ = open_model(tiny.model)
    rows = read_rows(model / f"{HISTORY}/pretrain/{METRICS}")
    chance = next(row["val_subject_chance"] for row in rows if "val_subject_chance" in row)
    figures = {figure.title: figure for figure in history_figures(model)}
    caption = figures["Pretraining: what the embeddings hold"].caption
    assert f"guessing: {chance:.3f}" in caption
    assert "Pretraining: training" in figures
