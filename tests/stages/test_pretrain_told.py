"""Pretraining says how much EEG it will see, how it goes, and what came out, in few lines."""

from pathlib import Path

from clirun import Pipeline, eegssl


def test_the_five_that_matter_end_a_pretraining(tiny: Pipeline, tmp_path: Path) -> None:
    ran = eegssl(*tiny.command("pretrain", tmp_path / "out"))
    assert ran.code == 0, ran.err
    assert "training will see" in ran.err
    assert "of EEG, " in ran.err
    assert "encoder: 12/12, loss " in ran.err
    lines = [line.split()[0] for line in ran.out.splitlines()]
    assert lines[1:-2] == ["validation", "hidden", "best", "EEG", "weights"]
    assert "eegssl info" in ran.out.splitlines()[-2]
    assert ran.out.splitlines()[-1] == f"report: {tmp_path / 'out' / 'report.html'}"
