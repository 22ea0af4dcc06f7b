"""What every test runs in: a private folder, a home and an environment of the test session's own.

And the tiny corpus, and the artifacts of the whole pipeline on it, made once for all tests that
only read them. ``make test`` leaves out what is marked slow, leaves most figures blank, and tries
properties on fewer examples.
"""

import gc
import os
import shutil

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is loaded: no busy waiting

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest
from blankfigures import blank, drawn
from clirun import Pipeline
from fewerexamples import FEW, USUAL
from hypothesis import settings
from sharedfolders import made_once
from tinycorpus import SETTINGS, write_corpus

for profile, number in (("eegssl", USUAL), ("quick", FEW)):
    settings.register_profile(profile, deadline=None, max_examples=number)  # machines are busy

KEY = "0123456789abcdef" * 4
COMMANDS = ("pipeline", "tasks", "stages", "cli")
"""Folders of tests that run whole commands: they come last, in this order, so that the workers end
with short files and together; they draw little in ``make test``."""
DRAWN = {
    *("test_pipeline.py", "test_privacy.py", "test_forecast_tasks.py", "test_phase_tasks.py"),
    *("test_patient_tasks.py", "test_pack.py"),
    *(
        "test_damage.py",
        "test_threads_told.py",
        "test_trainings_shown.py",
        "test_machine_limits.py",
    ),
    "test_pack.py",
}
"""Files of these folders that draw all the same: each kind of page, and what is compared with the
shared artifacts."""


def is_quick(config: pytest.Config) -> bool:
    """Whether slow tests are left out."""
    return bool(config.getoption("markexpr") == "not slow")


def pytest_configure(config: pytest.Config) -> None:
    """Before tests are collected: on how many examples they try properties."""
    settings.load_profile("quick" if is_quick(config) else "eegssl")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes milliseconds comes first."""
    places = {name: k + 1 for k, name in enumerate(COMMANDS)}
    folders = {item.path: folder_of(item.path) for item in items}
    items.sort(key=lambda item: (places.get(folders[item.path], 0), folders[item.path] == ""))


@pytest.hookimpl(hookwrapper=True)
def pytest_collection() -> Iterator[None]:
    """No search for garbage in what collection makes: a third of its time, and it all stays."""
    gc.disable()
    yield
    gc.collect()
    gc.freeze()
    gc.enable()


def folder_of(path: Path) -> str:
    """The folder of ``tests`` that a file lies in; empty for one that lies in none."""
    parts = path.relative_to(Path(__file__).parent).parts
    return parts[0] if len(parts) > 1 else ""


@pytest.fixture(scope="module", autouse=True)
def figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Blank in tests of commands when slow tests are left out, else as they are."""
    commands = folder_of(request.path) in COMMANDS and request.path.name not in DRAWN
    with blank() if is_quick(request.config) and commands else nullcontext():
        yield


@pytest.fixture
def undrawn() -> Iterator[None]:
    """Blank figures for a test whose pages nobody looks at, in a file whose others are drawn."""
    with blank():
        yield


@pytest.fixture(scope="session", autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A key that is always the same, no settings from the shell, one thread; the key's folder.

    Files are not forced onto the disk: that matters only where the power fails.
    """
    import torch

    world = tmp_path_factory.mktemp("world")
    private = world / "private"
    private.mkdir(mode=0o700)
    key = private / "key"
    key.touch(mode=0o600)
    key.write_text(KEY + "\n")
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith("EEGSSL_") and name != "EEGSSL_DATA":
                patch.delenv(name)
        for name in ("FORCE_COLOR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.delenv(name, raising=False)
        patch.setenv("EEGSSL_PRIVATE", str(private))
        patch.setenv("HOME", str(world / "home"))
        patch.setenv("COLUMNS", "200")
        patch.setenv("EEGSSL_PREPROCESS__LOOK__RECORDINGS", "2")  # pages take most of the time
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setattr(os, "fsync", lambda descriptor: None)
        (world / "home").mkdir()
        torch.set_num_threads(1)
        yield private


def make_tiny(root: Path) -> None:
    """The tiny corpus, its settings and all five artifacts, below ``root``.

    They are drawn, whichever test asks for them first.
    """
    (root / "settings.toml").write_text(SETTINGS)
    write_corpus(root / "edf")
    with drawn():
        tiny_in(root).make()


def tiny_in(root: Path) -> Pipeline:
    """The pipeline that `make_tiny` made."""
    return Pipeline(root / "run", root / "edf", root / "settings.toml")


@pytest.fixture(scope="session")
def edf_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny corpus; read only."""
    return write_corpus(tmp_path_factory.mktemp("corpus") / "edf")


@pytest.fixture(scope="session")
def settings_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of the tiny models, for ``--config``."""
    path = tmp_path_factory.mktemp("settings") / "tiny.toml"
    path.write_text(SETTINGS)
    return path


@pytest.fixture(scope="session")
def tiny(own_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """All five artifacts of the tiny corpus; read only."""
    return tiny_in(made_once(tmp_path_factory, "tiny", make_tiny, SETTINGS))


@pytest.fixture
def copied(tiny: Pipeline, tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the artifacts by name, to be damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(tiny.root / name, tmp_path / name))

    return copy
