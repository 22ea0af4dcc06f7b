"""``eegssl --help`` and ``import eegssl.anything`` stay light: the heavy libraries wait."""

import subprocess
import sys
from pathlib import Path

import eegssl

HEAVY = {"torch", "mne", "scipy", "matplotlib", "sklearn", "pyarrow", "dask", "distributed"}
ROOT = Path(eegssl.__file__).parent


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    """This interpreter in a process of its own, where nothing has been imported yet."""
    return subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def imported(importtime: str) -> set[str]:
    """The modules that a report of ``-X importtime`` lists."""
    lines = importtime.splitlines()
    return {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")}


def heavy(modules: set[str]) -> list[str]:
    """Those of the heavy libraries that are among the modules."""
    return sorted({module.split(".")[0] for module in modules} & HEAVY)


def test_help_imports_no_heavy_library() -> None:
    run = python("-m", "eegssl", "--help")
    modules = imported(run.stderr)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "preprocess" in run.stdout
    assert "eegssl.cli.commands" in modules
    assert heavy(modules) == []


def test_packages_and_configurations_import_no_heavy_library() -> None:
    packages = [p.parent for p in ROOT.rglob("__init__.py")]
    files = [*packages, *(p.with_suffix("") for p in ROOT.rglob("config.py"))]
    names = sorted(".".join(("eegssl", *p.relative_to(ROOT).parts)) for p in files)
    run = python("-c", f"import {', '.join(names)}")
    modules = imported(run.stderr)
    assert run.returncode == 0, run.stderr[-2000:]
    assert set(names) <= modules
    assert heavy(modules) == []


def test_a_heavy_import_would_be_seen() -> None:
    run = python("-c", "def later():\n    import scipy\nlater()")
    assert heavy(imported(run.stderr)) == ["scipy"]


def test_preprocess_imports_no_library_of_models_nor_of_filters() -> None:
    run = python("-c", "import eegssl.config.resolve, eegssl.stages.preprocess")
    assert run.returncode == 0, run.stderr[-2000:]
    heavy_here = {"torch", "sklearn", "mne", "pandas", "scipy.signal"}  # its workers filter
    assert heavy_here & imported(run.stderr) == set()
