"""eegssl keeps the rules of its architecture, and each rule can tell when one is broken."""

from pathlib import Path

import docrules
import houserules
import layoutrules
import openrules
import pytest
from houserules import Package, Rule, package_of, read_package

import eegssl

RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        houserules.imports_point_down,
        houserules.only_io_reads_recordings,
        houserules.arrays_without_torch,
        houserules.models_without_files,
        houserules.only_cli_prints,
        houserules.stages_stand_alone,
        houserules.no_pickle,
        houserules.no_network,
        layoutrules.no_drawers,
        layoutrules.short_files,
        layoutrules.small_folders,
        layoutrules.one_name_one_file,
        layoutrules.init_files_are_light,
        layoutrules.configurations_are_light,
        openrules.regular_files_only,
        openrules.texts_are_utf8,
        docrules.docstrings,
        docrules.documented_settings,
        docrules.used_settings,
    )
}

SETTINGS = '''class Model(Settings):
    """Doc."""

    width: int = 8
    """Units of each layer."""
'''

# rule, {path within eegssl: source}, the place that its message has to name
OFFENDERS: list[tuple[str, dict[str, str], str]] = [
    ("imports_point_down", {"errors.py": "from eegssl import __version__, io"}, "errors.py:1"),
    (
        "imports_point_down",
        {"errors.py": "import eegssl.config.settings\nimport eegssl.cli.commands"},
        "errors.py:2",
    ),
    ("imports_point_down", {"io/a.py": "\nfrom eegssl import corpus"}, "io/a.py:2"),
    ("imports_point_down", {"io/a.py": "def f():\n    from ..stages import x"}, "io/a.py:2"),
    (
        "imports_point_down",
        {"training/a.py": "from eegssl.config.stages import c"},
        "training/a.py:1",
    ),
    ("imports_point_down", {"newcomer.py": ""}, "newcomer.py:1"),
    (
        "imports_point_down",
        {"io/a.py": "import eegssl.signal", "signal/b.py": "import eegssl.io"},
        "signal/b.py:1",
    ),
    ("only_io_reads_recordings", {"signal/a.py": "import mne.io"}, "signal/a.py:1"),
    ("only_io_reads_recordings", {"synth/a.py": "def f():\n  from mne import io"}, "synth/a.py:2"),
    ("only_io_reads_recordings", {"cli/a.py": "__import__('pyedflib')"}, "cli/a.py:1"),
    ("arrays_without_torch", {"masking/a.py": "import numpy\nimport torch.nn"}, "masking/a.py:2"),
    ("arrays_without_torch", {"corpus/a.py": "from safetensors.torch import x"}, "corpus/a.py:1"),
    (
        "arrays_without_torch",
        {
            "corpus/a.py": "from eegssl.artifacts.b import d",
            "artifacts/b.py": "from eegssl.artifacts.c import e",
            "artifacts/c.py": "def f():\n    import torch",
        },
        "corpus/a.py:1",
    ),
    ("models_without_files", {"encoder/a.py": "def f(p):\n    return open(p)"}, "encoder/a.py:2"),
    ("models_without_files", {"encoder/a.py": "x = path.read_text()"}, "encoder/a.py:1"),
    ("models_without_files", {"encoder/a.py": "x = (a / b).read_text()"}, "encoder/a.py:1"),
    ("models_without_files", {"tokenizer/a.py": "import numpy as np\nnp.load(p)"}, "a.py:2"),
    ("models_without_files", {"objectives/a.py": "from rich import box"}, "objectives/a.py:1"),
    ("models_without_files", {"adaptation/a.py": "from eegssl.io import edf"}, "a.py:1"),
    ("only_cli_prints", {"training/a.py": "def f():\n    print(1)"}, "training/a.py:2"),
    ("only_cli_prints", {"stages/a.py": "from rich.console import Console"}, "stages/a.py:1"),
    ("only_cli_prints", {"stages/a.py": "import sys\nsys.stderr.write('x')"}, "stages/a.py:2"),
    ("stages_stand_alone", {"stages/a.py": "from eegssl.stages import b"}, "stages/a.py:1"),
    ("stages_stand_alone", {"stages/a.py": "from .b import run"}, "stages/a.py:1"),
    (
        "stages_stand_alone",
        {"stages/c.py": "import eegssl.stages.b"},
        "stages/c.py:1",
    ),
    ("no_pickle", {"io/a.py": "import pickle"}, "io/a.py:1"),
    ("no_pickle", {"api.py": "import torch as t\nt.load(p, weights_only=True)"}, "api.py:2"),
    ("no_pickle", {"api.py": "from torch import save\nsave(p)"}, "api.py:2"),
    ("no_pickle", {"api.py": "import numpy as np\nnp.load(p, allow_pickle=True)"}, "api.py:2"),
    ("no_network", {"io/a.py": "import urllib.request"}, "io/a.py:1"),
    ("no_drawers", {"io/utils.py": ""}, "io/utils.py:1"),
    ("no_drawers", {"utils/a.py": ""}, "utils/a.py:1"),
    ("short_files", {"io/a.py": "x = 1\n" * 351}, "io/a.py:351"),
    ("small_folders", {f"io/edf/a{i:02d}.py": "" for i in range(16)}, "io/edf/a15.py:1"),
    ("one_name_one_file", {"io/a.py": "", "signal/a.py": ""}, "signal/a.py:1"),
    ("one_name_one_file", {"tasks/labels/page.py": "", "reports/page.py": ""}, "labels/page.py:1"),
    (
        "one_name_one_file",
        {"tasks/labels/b/page.py": "", "tasks/phase/b/page.py": ""},
        "tasks/phase/b/page.py:1",
    ),
    ("init_files_are_light", {"io/__init__.py": '"""Doc."""\nimport os'}, "io/__init__.py:2"),
    ("configurations_are_light", {"io/config.py": "import numpy"}, "io/config.py:1"),
    (
        "configurations_are_light",
        {"io/config.py": "import os\nimport eegssl.io.edf.samples"},
        "config.py:2",
    ),
    ("regular_files_only", {"io/a.py": "def f(path):\n    path.read_text()"}, "io/a.py:2"),
    ("regular_files_only", {"io/a.py": "open('x')"}, "io/a.py:1"),
    ("regular_files_only", {"io/a.py": "path.open('rb')"}, "io/a.py:1"),
    ("regular_files_only", {"io/a.py": "import numpy as np\nnp.load(path)"}, "io/a.py:2"),
    ("texts_are_utf8", {"io/a.py": "x = 1\npath.write_text('µ')"}, "io/a.py:2"),
    ("texts_are_utf8", {"io/a.py": "open(path, 'w')"}, "io/a.py:1"),
    ("texts_are_utf8", {"io/a.py": "path.open('a')"}, "io/a.py:1"),
    ("texts_are_utf8", {"io/a.py": "path.open()"}, "io/a.py:1"),
    ("texts_are_utf8", {"cli/a.py": "import subprocess as s\ns.run(x, text=True)"}, "cli/a.py:2"),
    ("docstrings", {"io/a.py": "import os"}, "io/a.py:1"),
    ("docstrings", {"io/a.py": '"""Doc."""\n\ndef f():\n    pass'}, "io/a.py:3"),
    ("docstrings", {"io/a.py": '"""Doc."""\n\nclass A:\n    x = 1'}, "io/a.py:3"),
    ("docstrings", {"io/a.py": '"D."\nclass A:\n  "D."\n  def f(self):\n    pass'}, "io/a.py:4"),
    ("documented_settings", {"io/config.py": "class A(Settings):\n    x: int = 1"}, "config.py:2"),
    (
        "documented_settings",
        {
            "a.py": "class A(settings.Settings):\n  pass",
            "b.py": "class B(A):\n  x: int\n  y: int\n",
        },
        "b.py:3",
    ),
    ("used_settings", {"io/config.py": SETTINGS}, "io/config.py:4"),
    ("used_settings", {"io/config.py": SETTINGS, "io/a.py": "c.width = 1"}, "io/config.py:4"),
    (
        "used_settings",
        {"io/config.py": f"{SETTINGS}\n    def f(self):\n        return self.width\n"},
        "io/config.py:4",
    ),
]
# what looks like an offence and is none
INNOCENTS: list[tuple[str, dict[str, str]]] = [
    ("imports_point_down", {"errors.py": "from eegssl import __version__"}),
    ("imports_point_down", {"stages/a.py": "from eegssl.io import edf\nimport torch"}),
    ("imports_point_down", {"io/a.py": "from eegssl.signal import b", "signal/b.py": "import os"}),
    ("imports_point_down", {"io/a.py": "from .b import c\nfrom eegssl.io.d import e"}),
    ("only_io_reads_recordings", {"io/a.py": "import mne, pyedflib"}),
    ("arrays_without_torch", {"corpus/a.py": "import safetensors.numpy\nimport eegssl.signal"}),
    ("arrays_without_torch", {"training/a.py": "import torch\nimport eegssl.corpus"}),
    ("models_without_files", {"encoder/a.py": "import torch\nmodel.load_state_dict(x)"}),
    ("models_without_files", {"objectives/a.py": "from eegssl.io.labels.event_types import Event"}),
    ("only_cli_prints", {"cli/a.py": "from rich import box\nprint(1)"}),
    ("stages_stand_alone", {"stages/benchmark.py": "from eegssl.stages import finetune"}),
    ("stages_stand_alone", {"stages/a.py": "from eegssl.artifacts.context import Context"}),
    ("no_pickle", {"api.py": "import numpy as np\nnp.load(p, allow_pickle=False)"}),
    ("short_files", {"io/a.py": "x = 1\n" * 350}),
    ("small_folders", {f"io/edf/a{i:02d}.py": "" for i in range(15)} | {"io/a.py": ""}),
    ("one_name_one_file", {"io/config.py": "", "signal/config.py": "", "io/edf/__init__.py": ""}),
    ("one_name_one_file", {"tasks/labels/page.py": "", "tasks/phase/page.py": ""}),
    ("init_files_are_light", {"__init__.py": '"""Doc."""\n__version__ = "1"'}),
    ("configurations_are_light", {"io/b/config.py": "import tomllib\nimport eegssl.io.config"}),
    ("regular_files_only", {"io/a.py": "open(path, 'wb')\npath.open('w')\nkind.open(trial)"}),
    (
        "regular_files_only",
        {"io/a.py": "from eegssl.regular_files import read_text\nread_text(path)"},
    ),
    ("texts_are_utf8", {"io/a.py": "open(p, 'wb')\nopen(p, 'w', encoding='utf-8')"}),
    ("texts_are_utf8", {"io/a.py": "import os\nos.open(p, 0)\npath.open('rb')\nkind.open(x)"}),
    ("docstrings", {"io/a.py": '"""Doc."""\ndef _f():\n    pass\nclass _A:\n    pass'}),
    ("documented_settings", {"io/config.py": SETTINGS}),
    ("used_settings", {"io/config.py": SETTINGS, "io/a.py": "x = c.width"}),
    (
        "used_settings",
        {"io/config.py": f"{SETTINGS}\n    def f(self, n):\n        return getattr(self, n)\n"},
    ),
]


@pytest.fixture(scope="module")
def package() -> Package:
    return read_package(Path(eegssl.__file__).parent)


@pytest.mark.parametrize("rule", RULES)
def test_the_package_keeps_the_rule(rule: str, package: Package) -> None:
    assert len(package) > 10
    broken = list(RULES[rule](package))
    if broken:
        pytest.fail("\n".join([str(RULES[rule].__doc__), *broken]), pytrace=False)


@pytest.mark.parametrize(("rule", "texts", "place"), OFFENDERS)
def test_the_rule_names_an_offender(rule: str, texts: dict[str, str], place: str) -> None:
    broken = list(RULES[rule](package_of(texts)))
    assert any(f"{place}: " in message for message in broken), broken


@pytest.mark.parametrize(("rule", "texts"), INNOCENTS)
def test_the_rule_lets_the_innocent_pass(rule: str, texts: dict[str, str]) -> None:
    assert list(RULES[rule](package_of(texts))) == []


def test_every_rule_has_been_seen_to_fail() -> None:
    assert {rule for rule, _, _ in OFFENDERS} == set(RULES)
