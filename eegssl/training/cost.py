"""Measure what a run costs: seconds, peak memory, trained parameters; never stored."""

import resource
import sys
import time
from dataclasses import dataclass, field
from typing import Any

import torch

_MB = 1e6


@dataclass
class Meter:
    """Measures from its creation on."""

    device: torch.device
    start: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)

    def read(self, trained: int) -> dict[str, Any]:
        """Trained parameters, seconds, and peak memory in MB: of this process since it started,
        and of torch on a GPU."""
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        unit = 1 if sys.platform == "darwin" else 1024
        cost: dict[str, Any] = {
            "parameters_trained": trained,
            "seconds": round(time.perf_counter() - self.start, 3),
            "peak_memory_mb": round(used * unit / _MB, 1),
        }
        if self.device.type == "cuda":
            peak = torch.cuda.max_memory_allocated(self.device)
            cost["peak_gpu_memory_mb"] = round(peak / _MB, 1)
        return cost
