"""How Sphinx builds this documentation: MyST pages, no network, warnings are errors."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

_init = (Path(__file__).parents[1] / "eegssl" / "__init__.py").read_text("utf-8")

project = "eegssl"
author = "The eegssl developers"
copyright = "2026, the eegssl developers"
release = re.findall(r'^__version__ = "(.+)"$', _init, re.M)[0]
version = release

extensions = ["myst_parser", "settings_reference"]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"eegssl {release}"
html_static_path = ["_static"]
html_copy_source = False
