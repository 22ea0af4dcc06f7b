"""What is installed and what is shipped: the lock, the version, the contents of the wheel."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import eegssl
from eegssl.training.live.trackers import TRACKER_KINDS

ROOT = Path(__file__).resolve().parents[1]
BREAK_A_CPU_TORCH = {"torchaudio", "torchvision", "timm"}
NOT_LOCKED = frozenset({"tensorboard", "wandb", "mlflow", "slurm"})
"""Extras for a user's own services, which decide their versions; no test imports them."""
BEFORE_312 = {"importlib-metadata", "lazy-importer", "zipp"}
"""What Dask needs before Python 3.12 alone."""
PYTHONS = ("3.11.0", "3.11.9", "3.12.3", "3.13.1", "3.14.0", "3.14.1")


def pins() -> list[Requirement]:
    """The lines of the lock."""
    lines = (ROOT / "requirements.lock").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def taken(environment: dict[str, str] | None = None) -> list[Requirement]:
    """Those that a Python takes, this one unless another is named."""
    return [pin for pin in pins() if pin.marker is None or pin.marker.evaluate(environment)]


def project() -> dict[str, Any]:
    """``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def asked_for(but: frozenset[str] = frozenset()) -> list[Requirement]:
    """What ``pyproject.toml`` asks for, its extras (but these) and the build included."""
    told = project()
    extras = told["project"]["optional-dependencies"]
    asked = [texts for name, texts in extras.items() if name not in but]
    texts = [*told["project"]["dependencies"], *(text for extra in asked for text in extra)]
    return [Requirement(text) for text in [*texts, *told["build-system"]["requires"], "editables"]]


def needed(requirement: Requirement, seen: set[str]) -> Iterator[str]:
    """A requirement's package and, after the installed metadata, all that it needs in turn.

    What only a CUDA build of torch asks for is left out: it comes with that build.
    """
    name = canonicalize_name(requirement.name)
    key = f"{name}{sorted(requirement.extras)}"
    if key in seen:
        return
    seen.add(key)
    yield name
    for text in importlib.metadata.requires(name) or []:
        further = Requirement(text)
        mark, extras = further.marker, requirement.extras or {""}
        of_cuda = name == "torch" and "Linux" in str(mark)
        if not of_cuda and (mark is None or any(mark.evaluate({"extra": e}) for e in extras)):
            yield from needed(further, seen)


def test_every_pin_is_one_exact_version() -> None:
    for pin in pins():
        assert re.fullmatch(r"==[\w.]+", str(pin.specifier)), pin
        assert pin.url is None


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_each_package_once(python: str) -> None:
    environment = {"python_version": python.rpartition(".")[0], "python_full_version": python}
    names = [canonicalize_name(pin.name) for pin in taken(environment)]
    assert len(names) == len(set(names))
    old = set() if python >= "3.12" else BEFORE_312
    assert set(names) == {canonicalize_name(pin.name) for pin in pins()} - (BEFORE_312 - old)


def test_nothing_locked_breaks_the_import_of_a_cpu_torch() -> None:
    everything = {canonicalize_name(r.name) for r in [*pins(), *asked_for()]}
    assert "torch" in everything
    assert not everything & BREAK_A_CPU_TORCH


def test_each_tracker_has_an_extra_that_brings_its_package() -> None:
    extras = project()["project"]["optional-dependencies"]
    assert {*TRACKER_KINDS, "slurm"} == NOT_LOCKED
    for name in TRACKER_KINDS:
        (requirement,) = map(Requirement, extras[name])
        assert requirement.name in (name, f"{name}-skinny")


def test_the_lock_satisfies_the_project() -> None:
    locked = {canonicalize_name(pin.name): pin for pin in pins()}
    for requirement in asked_for(but=NOT_LOCKED):
        pin = locked[canonicalize_name(requirement.name)]
        version = str(pin.specifier).removeprefix("==")
        assert requirement.specifier.contains(version), f"{pin} does not satisfy {requirement}"


def test_the_lock_holds_what_is_needed_and_nothing_else() -> None:
    seen: set[str] = set()
    closure = {
        name for requirement in asked_for(but=NOT_LOCKED) for name in needed(requirement, seen)
    }
    assert {canonicalize_name(pin.name) for pin in taken()} == closure


def test_the_version_stands_in_one_place() -> None:
    told = project()
    assert "version" in told["project"]["dynamic"]
    assert "version" not in told["project"]
    places = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "eegssl").rglob("*.py")
        if re.search(r"^__version__\s*[:=]", path.read_text("utf-8"), re.M)
    ]
    assert places == [told["tool"]["hatch"]["version"]["path"]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (path,) = folder.iterdir()
    assert path.name == f"eegssl-{eegssl.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "eegssl").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert shipped == package


def test_the_wheel_holds_presets_templates_and_licence(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert any(re.fullmatch(r"eegssl/config/presets/.*\.toml", name) for name in names)
    assert any(re.fullmatch(r"eegssl/reports/.*\.(html|j2)", name) for name in names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_wheel_asks_for_what_the_project_names(wheel: zipfile.ZipFile) -> None:
    (entry,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    lines = wheel.read(entry).decode().splitlines()
    told = [Requirement(line.partition(": ")[2]) for line in lines if "Requires-Dist: " in line]
    always = {canonicalize_name(r.name) for r in told if r.marker is None}
    named = {canonicalize_name(Requirement(r).name) for r in project()["project"]["dependencies"]}
    assert always == named
    assert f"Version: {eegssl.__version__}" in lines
