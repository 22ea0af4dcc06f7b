"""MFU is a share of a known GPU's peak, and left open elsewhere."""

import math

import pytest
import torch

from eegssl.training.fitting import speed_clock
from eegssl.training.fitting.peak_rate import peak_flops, peak_of_name
from eegssl.training.fitting.speed_clock import Clock

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("NVIDIA H200", 989.5e12),
        ("NVIDIA H100 80GB HBM3", 989.5e12),
        ("NVIDIA H100 PCIe", 756e12),
        ("NVIDIA A100-SXM4-80GB", 312e12),
        ("NVIDIA GeForce RTX 4090", 165.2e12),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA GH200 480GB", None),
        ("NVIDIA H100 80GB HBM3 MIG 1g.10gb", None),
        ("NVIDIA L40S", None),
        ("", None),
    ],
)
def test_the_peak_is_that_of_the_very_device(name: str, peak: float | None) -> None:
    assert peak_of_name(name) == peak


def test_no_peak_is_known_of_a_processor_or_of_float32() -> None:
    assert peak_flops(CPU, "bfloat16") is None
    assert peak_flops(torch.device("cuda"), "float32") is None


def test_the_share_is_operations_by_time_by_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 4.0, 4.0])
    monkeypatch.setattr(speed_clock.time, "monotonic", lambda: next(times))
    clock = Clock(CPU, 4.0, peak=100.0)
    clock.count(8, 60.0)
    clock.count(8, 60.0)
    row = clock.row(20)
    assert row["mfu"] == pytest.approx(120 / 4 / 100)
    assert row["windows_per_s"] == pytest.approx(4.0)


@pytest.mark.parametrize(("peak", "flops"), [(None, 60.0), (100.0, None)])
def test_it_is_open_where_peak_or_operations_are_not_known(
    peak: float | None, flops: float | None
) -> None:
    clock = Clock(CPU, 4.0, peak)
    clock.count(8, flops)
    assert clock.row(20)["mfu"] is None
    assert not math.isnan(clock.row(40)["step_s"])
