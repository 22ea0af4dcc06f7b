"""A score that is undefined is null in the log, and the log is read again."""

from pathlib import Path

from smalltraining import rows, run

from eegssl.training.history import read_rows


def test_a_log_with_undefined_scores_is_read_without_them(tmp_path: Path) -> None:
    scores = iter([{"auroc": None, "loss": 1.0}, {"auroc": 0.7, "loss": 0.5}] * 2)
    run(tmp_path, validate=lambda: next(scores), monitor="auroc")
    written = [row for row in rows(tmp_path) if "val_loss" in row]
    assert [row["val_auroc"] for row in written] == [None, 0.7, None, 0.7]
    read = {row["step"]: row for row in read_rows(tmp_path / "metrics.jsonl")}
    assert len(read) == len(rows(tmp_path))
    assert [read[row["step"]].get("val_auroc") for row in written] == [None, 0.7, None, 0.7]
    assert "val_auroc" not in read[written[0]["step"]]
