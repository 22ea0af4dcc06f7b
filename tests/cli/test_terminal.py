"""Results on stdout: what is told of several alike is a grid, the rest stands line by line."""

import pytest

from eegssl.cli.terminal import Terminal

FORECAST = {
    method: {unit: {"mae": mae, "mse": 2.0} for unit in ("uv", "zscore")}
    for method, mae in (("model", 1.25), ("ar", 3.5))
}


def lines(rows: dict, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What a table of these rows prints, spaces joined."""
    Terminal().table("title", rows)
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def test_scores_of_several_methods_are_a_grid(capsys: pytest.CaptureFixture[str]) -> None:
    shown = lines({"task": "t", "forecast": FORECAST, "n": 3}, capsys)
    assert shown[:3] == ["title", "task t", "n 3"]
    assert shown[3:] == [
        "forecast",
        "mae mse",
        "model uv 1.25 2",
        "model zscore 1.25 2",
        "ar uv 3.5 2",
        "ar zscore 3.5 2",
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": 3},
        {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}, "c": {"x": 1}},
        {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 2}},
        {"train": {"x": 1}, "val": {"x": 1}, "test": {"x": 1}},
        {"x": 1, "y": {"z": 2}},
        {},
    ],
)
def test_nothing_is_lost_where_values_are_not_alike(
    value: dict, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = lines({"v": value}, capsys)
    for name, held in value.items():
        parts = held.items() if isinstance(held, dict) else [(None, held)]
        for part, number in parts:
            path = f"v.{name}.{part}" if part else f"v.{name}"
            assert f"{path} {number}" in shown
