"""Collect versions, devices and disk for bug reports, without any names."""

import importlib.metadata
import os
import platform
import shutil
from pathlib import Path
from typing import Any

PACKAGES = ("torch", "numpy", "scipy", "mne", "pyedflib", "scikit-learn", "timescoring", "pyarrow")


def examine() -> dict[str, Any]:
    """Versions, processor and accelerators, memory and disk of this machine."""
    import torch

    free = shutil.disk_usage(Path.cwd()).free
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "disk_free_gib": round(free / 2**30, 1),
        "devices": _devices(torch),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _devices(torch: Any) -> list[str]:
    names = [torch.cuda.get_device_name(k) for k in range(torch.cuda.device_count())]
    return [*names, *(["mps"] if torch.mps.is_available() else []), "cpu"]


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _memory_gib() -> float | None:
    if "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
