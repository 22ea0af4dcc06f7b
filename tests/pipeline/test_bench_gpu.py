"""The measurement for a GPU runs where there is none."""

import json
import sys
from pathlib import Path

import bench_gpu
import pytest
import torch


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr(sys, "argv", ["bench_gpu.py", *map(str, arguments)])
    bench_gpu.main()


def test_without_a_gpu_nothing_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run(monkeypatch, "--out", tmp_path / "gpu.json")
    assert capsys.readouterr().out == "no CUDA device: not measured\n"
    assert not (tmp_path / "gpu.json").exists()


@pytest.mark.slow
def test_the_same_code_runs_on_a_processor(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "gpu.json"
    run(monkeypatch, "--device", "cpu", "--tiny", "--workers", 1, "--out", out)
    (row,) = json.loads(out.read_text())["presets"]
    assert row["windows_per_s"] > 0
    assert 0 <= row["data_wait"] < 1
    assert row["mfu"] is None
    assert "| `tiny` | 4 |" in capsys.readouterr().out
