"""The tests lie where their subjects do, are short, and the slow ones have quick siblings."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import treerules
from houserules import Package, package_of, read_package

import eegssl

FOLDERS = {
    folder.relative_to(root).as_posix()
    for root in [Path(eegssl.__file__).parent]
    for folder in root.rglob("*")
    if (folder / "__init__.py").exists()
}
SLOW = "import pytest\n\n@pytest.mark.slow\ndef test_a():\n    pass\n"
ALL_SLOW = (
    "import pytest\npytestmark = [pytest.mark.real, pytest.mark.slow]\ndef test_a():\n    pass\n"
)
QUICK = "def test_b():\n    pass\n"


def broken(tests: Package) -> Iterator[str]:
    yield from treerules.short_test_files(tests)
    yield from treerules.tests_mirror_the_package(tests, FOLDERS)
    yield from treerules.slow_tests_have_quick_ones(tests)


def test_the_tests_keep_the_rules() -> None:
    tests = read_package(Path(__file__).parent)
    assert len(tests) > 100
    assert list(broken(tests)) == []


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        ({"io/test_a.py": "x = 1\n" * 351}, "tests/io/test_a.py: 351 lines"),
        ({"forecasting/test_a.py": QUICK}, "no folder eegssl/forecasting"),
        ({"io/edf/deeper/test_a.py": QUICK}, "no folder eegssl/io/edf/deeper"),
        ({"io/test_a.py": SLOW}, "tests/io/test_a.py: all slow"),
        ({"io/test_a.py": ALL_SLOW + QUICK}, "tests/io/test_a.py: all slow"),
        ({"io/test_a.py": f'"""As ``test_b.py``."""\n{SLOW}'}, "tests/io/test_a.py: all slow"),
        (
            {"io/test_a.py": f'"""As ``test_b.py``."""\n{SLOW}', "io/test_b.py": SLOW},
            "tests/io/test_a.py: all slow",
        ),
    ],
)
def test_an_offender_is_named(texts: dict[str, str], words: str) -> None:
    assert any(words in message for message in broken(package_of(texts)))


@pytest.mark.parametrize(
    "texts",
    [
        {"io/test_a.py": "x = 1\n" * 350, "test_b.py": QUICK, "pipeline/deep/test_c.py": QUICK},
        {"io/test_a.py": SLOW + QUICK},
        {"io/test_a.py": f'"""As ``test_b.py``."""\n{SLOW}', "pipeline/test_b.py": QUICK},
    ],
)
def test_the_innocent_pass(texts: dict[str, str]) -> None:
    assert list(broken(package_of(texts))) == []
