"""Every file and folder that CONTRIBUTING.md and the map of the architecture name exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
NAMED = re.compile(r"`((?:eegssl|tests|docs|examples|bench)/[\w./-]*|[A-Z]{3,}\.md|\.ci/run)`")
PAGES = {"CONTRIBUTING.md": 45, "docs/architecture.md": 20}
"""Page -> the fewest paths that it names."""


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    paths = set(NAMED.findall((ROOT / page).read_text("utf-8")))
    assert len(paths) >= PAGES[page]
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


def test_the_map_names_every_folder_of_the_package() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    folders = [p.name for p in (ROOT / "eegssl").iterdir() if (p / "__init__.py").exists()]
    assert [name for name in sorted(folders) if f"`eegssl/{name}/`" not in text] == []
