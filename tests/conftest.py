"""What every test runs in: a private folder, a home and an environment of the test session's own.

And the tiny corpus, and the artifacts of the whole pipeline on it, made once for all tests that
only read them.
"""

import os
import shutil

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is loaded: no busy waiting

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from clirun import Pipeline
from hypothesis import settings
from tinycorpus import SETTINGS, write_corpus

settings.register_profile("eegssl", deadline=None)  # a busy machine is no error
settings.load_profile("eegssl")

KEY = "0123456789abcdef" * 4


@pytest.fixture(scope="session", autouse=True)
def own_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A key that is always the same, no settings from the shell, two threads; the key's folder."""
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
        patch.setenv("OMP_NUM_THREADS", "2")
        (world / "home").mkdir()
        torch.set_num_threads(2)
        yield private


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
def tiny(
    own_world: Path, tmp_path_factory: pytest.TempPathFactory, edf_dir: Path, settings_file: Path
) -> Pipeline:
    """All five artifacts of the tiny corpus; read only."""
    pipeline = Pipeline(tmp_path_factory.mktemp("run"), edf_dir, settings_file)
    pipeline.make()
    return pipeline


@pytest.fixture
def copied(tiny: Pipeline, tmp_path: Path) -> Callable[[str], Path]:
    """Copies one of the artifacts by name, to be damaged."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(tiny.root / name, tmp_path / name))

    return copy
