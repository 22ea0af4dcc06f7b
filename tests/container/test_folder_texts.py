"""The recipes keep to SzCORE's contract: volumes, variables, no root, no network, pins."""

import re
import subprocess
import sys

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from test_packaging import ROOT, needed, pins, project

from eegssl.container import folder_texts as subject
from eegssl.container.own_wheel import WHEEL

TEXTS = subject.folder_texts("python:3.12-slim", WHEEL, "seizure-detection", "0" * 32)
DOCKER = [line for line in TEXTS["Dockerfile"].splitlines() if line and not line.startswith("#")]


def at(line: str) -> int:
    """The place of a line of the Dockerfile, which holds it once."""
    assert DOCKER.count(line) == 1, line
    return DOCKER.index(line)


def test_the_image_has_the_volumes_and_variables_of_the_standard() -> None:
    assert DOCKER[0] == "FROM python:3.12-slim"
    for line in ('VOLUME ["/data"]', 'VOLUME ["/output"]', 'ENV INPUT=""', 'ENV OUTPUT=""'):
        assert at(line) < at('ENTRYPOINT ["python", "/app/entrypoint"]')


def test_the_container_runs_as_nobody_from_before_its_self_test_on() -> None:
    users = [line.split()[1] for line in DOCKER if line.startswith("USER")]
    assert len(users) == 1
    assert all(int(number) > 0 for number in users[0].split(":"))
    assert at(f"USER {users[0]}") < at("RUN --network=none python self_test.py")
    assert "sudo" not in TEXTS["Dockerfile"]


def test_the_network_is_used_by_pip_alone() -> None:
    for name in ("Dockerfile", "apptainer.def"):
        text = TEXTS[name]
        assert not re.search(r"\b(curl|wget|git clone|apt-get|apk)\b|ADD http", text), name
        urls = re.findall(r"https?://\S+", text)
        assert urls == ["https://download.pytorch.org/whl/cpu"], name
        assert f"--index-url {urls[0]} torch==" in text, name
    for name in ("entrypoint", "self_test.py"):
        assert not re.search(r"http|socket|urllib|requests", TEXTS[name]), name


def test_both_recipes_install_the_same() -> None:
    def installs(text: str) -> list[str]:
        return re.findall(r"pip install .*?(?= &&|$)", text, re.MULTILINE)

    assert installs(TEXTS["Dockerfile"]) == installs(TEXTS["apptainer.def"])
    assert all("--no-deps" in one for one in installs(TEXTS["Dockerfile"]))


def test_packages_are_those_of_the_lock_that_eegssl_needs() -> None:
    seen: set[str] = set()
    asked = [Requirement(text) for text in project()["project"]["dependencies"]]
    wanted = {name for requirement in asked for name in needed(requirement, seen)}
    locked = {str(pin) for pin in pins() if canonicalize_name(pin.name) in wanted}
    torch, others = subject.pins()
    assert {str(Requirement(line)) for line in (torch, *others)} == locked
    assert torch.startswith("torch==")
    listed = TEXTS["requirements.txt"].splitlines()
    assert listed == list(others)
    assert "torch" not in {Requirement(line).name for line in listed}


@pytest.mark.parametrize("name", ["entrypoint", "self_test.py"])
def test_scripts_need_the_standard_library_alone_and_are_clean(name: str) -> None:
    roots = re.findall(r"^(?:import|from) (\w+)", TEXTS[name], re.MULTILINE)
    assert set(roots) <= sys.stdlib_module_names
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "ruff",
            "check",
            "--config",
            ROOT / "pyproject.toml",
            "--stdin-filename",
            "script.py",
            "-",
        ],
        input=TEXTS[name],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
