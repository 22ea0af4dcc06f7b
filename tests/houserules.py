"""The rules of eegssl's architecture, as functions from source files to what breaks them.

Each rule reads syntax trees only, so it sees imports inside functions too and imports nothing
itself. ``test_architecture.py`` holds the package to them, and each of them to an offender. The
rules about files and folders are in ``layoutrules.py``, those about words in ``docrules.py``.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"__main__"}),
    frozenset({"cli"}),
    frozenset({"api", "stages"}),
    frozenset({"config.plan"}),
    frozenset({"config.resolve"}),
    frozenset({"probes"}),
    frozenset({"tasks"}),
    frozenset({"config.stages", "config.corpus_stages"}),
    frozenset({"probes.config"}),
    frozenset({"training", "reports", "baselines", "container"}),
    frozenset({"objectives", "adaptation"}),
    frozenset({"tokenizer", "encoder"}),
    frozenset({"corpus", "masking", "scoring", "synth"}),
    frozenset({"io", "signal", "artifacts"}),
    frozenset({"errors", "regular_files", "config", "config.settings", "config.presets"}),
)
"""From the top down: a file may import from its own layer and from those below it. A dotted name
is a place of its own within its folder."""

PRINTERS = {"cli", "__main__"}
RUN_OTHERS = {"benchmark", "benchmark_cells", "crossvalidate"}
"""Files of ``stages`` that run stages."""
STAGE_SUPPORT = {"preprocessing", "tokenizing"}
"""Files and folders of ``stages`` that are no stage."""
WITHOUT_TORCH = {"signal", "masking", "scoring", "corpus", "synth"}
WITHOUT_FILES = {"tokenizer", "encoder", "objectives", "adaptation"}
RECORDING_READERS = {"mne", "pyedflib"}
TERMINAL = {"typer", "rich", "click"}
PICKLERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "shelve", "marshal"}
PICKLING_CALLS = {"torch.load", "torch.save", "joblib.load", "joblib.dump", "pandas.read_pickle"}
NETWORK = {"requests", "urllib3", "httpx", "aiohttp", "ftplib", "pooch", "http", "smtplib"}
FILE_LIBRARIES = {"pyarrow", "safetensors", "shutil", "tempfile", "glob", "sqlite3"}
FILE_CALLS = {
    *("open", "fdopen", "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "iterdir"),
    *("fromfile", "tofile", "memmap", "savez", "loadtxt", "savetxt", "genfromtxt"),
    *("numpy.load", "numpy.save"),
}
WORDS_OF_IO = "eegssl.io.labels.event_types"
"""The one part of io that models may know: the vocabulary of events, which reads nothing."""


@dataclass(frozen=True)
class Import:
    """One thing that a file imports, wherever in the file, by its full dotted name."""

    name: str
    line: int

    @property
    def root(self) -> str:
        """The top-level package: ``torch`` of ``torch.nn``."""
        return self.name.split(".")[0]

    @property
    def part(self) -> str:
        """Of our own package the part, ``io`` of ``eegssl.io.edf.samples``; else empty."""
        names = self.name.split(".")
        return part_of(names[1:]) if names[0] == "eegssl" else ""


@dataclass(frozen=True)
class Source:
    """One file of the package: its path within ``eegssl/``, its text and its syntax tree."""

    path: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """``("io", "config")`` for ``io/config.py``, ``("io",)`` for ``io/__init__.py``."""
        parts = Path(self.path).with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, from the top down."""
        return tuple(ast.walk(self.tree))

    @property
    def part(self) -> str:
        """The package or top-level file that this belongs to; empty for ``eegssl/__init__.py``."""
        return part_of(self.names)

    def at(self, line: int, rule: str) -> str:
        """The message: where, and which rule."""
        return f"eegssl/{self.path}:{line}: {rule}"


def part_of(names: Sequence[str]) -> str:
    """The place of a dotted name in LAYERS: of its first two names, else of its first."""
    two = ".".join(names[:2])
    return two if layer_of(two) is not None else ".".join(names[:1])


Package = Mapping[str, Source]
Rule = Callable[[Package], Iterator[str]]


def package_of(texts: Mapping[str, str]) -> Package:
    """Sources by their path within ``eegssl/``, parsed."""
    return {p: Source(p, text, ast.parse(text, p)) for p, text in sorted(texts.items())}


def read_package(root: Path) -> Package:
    """Every Python file under ``root``."""
    files = root.rglob("*.py")
    return package_of({p.relative_to(root).as_posix(): p.read_text("utf-8") for p in files})


def dotted(node: ast.AST) -> str:
    """``a.b.c`` for a name or a chain of attributes, empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


@cache
def imports(source: Source) -> tuple[Import, ...]:
    """Everything a file imports, also relatively, inside functions, and by ``import_module``."""
    return tuple(_imports(source))


def _imports(source: Source) -> Iterator[Import]:
    for node in source.nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                folder = ("eegssl", *Path(source.path).parts[:-1])
                above = folder[: len(folder) - node.level + 1]
                base = ".".join((*above, *([base] if base else [])))
            yield from (Import(f"{base}.{alias.name}", node.lineno) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args:
            called, first = dotted(node.func).split(".")[-1], node.args[0]
            if called in {"import_module", "__import__"} and isinstance(first, ast.Constant):
                yield Import(str(first.value), node.lineno)


@cache
def calls(source: Source) -> tuple[tuple[str, ast.Call], ...]:
    """Every call with its dotted name; names that an import bound are written out in full."""
    return tuple(_calls(source))


def _calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    bound: dict[str, str] = {}
    for node in source.nodes:
        if isinstance(node, ast.Import):
            bound |= {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            bound |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
    for node in source.nodes:
        if isinstance(node, ast.Call):
            name = dotted(node.func) or getattr(node.func, "attr", "")
            head, _, rest = name.partition(".")
            full = bound.get(head, head)
            yield (f"{full}.{rest}" if rest else full), node


def layer_of(part: str) -> int | None:
    """The index of a part's layer, None if it is in no layer."""
    return next((i for i, layer in enumerate(LAYERS) if part in layer), None)


def parts_of(package: Package) -> set[str]:
    """The names that stand directly under ``eegssl``."""
    return {source.part for source in package.values() if source.part}


def imports_point_down(package: Package) -> Iterator[str]:
    """Imports go from a layer to itself or to a lower one, and never around in a circle."""
    parts = parts_of(package)
    sideways: dict[str, set[str]] = {}
    for source in package.values():
        own = layer_of(source.part)
        if source.part and own is None:
            yield source.at(1, f"{source.part!r} is in no layer: give it a place in LAYERS")
            continue
        for found in imports(source):
            other = layer_of(found.part)
            if own is None or found.part == source.part:
                continue
            if found.part in parts and other is None:
                yield source.at(found.line, f"imports {found.part!r}, which is in no layer")
            elif other is not None and other < own:
                rule = f"{source.part} imports {found.name}: imports point down, never up"
                yield source.at(found.line, rule)
            elif other == own:
                sideways.setdefault(source.part, set()).add(found.part)
                if source.part in reached(sideways, found.part):
                    rule = f"{source.part} and {found.part} import each other"
                    yield source.at(found.line, rule)


def reached(edges: Mapping[str, set[str]], start: str) -> set[str]:
    """Everything that can be reached from ``start`` along the edges, itself left out."""
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        for following in edges.get(ahead.pop(), set()) - seen:
            seen.add(following)
            ahead.append(following)
    return seen


def only_io_reads_recordings(package: Package) -> Iterator[str]:
    """mne and pyedflib are imported in ``io`` and nowhere else."""
    for source in package.values():
        for found in imports(source):
            if found.root in RECORDING_READERS and source.part != "io":
                yield source.at(found.line, f"imports {found.root}: only io does")


def arrays_without_torch(package: Package) -> Iterator[str]:
    """signal, masking, scoring, corpus and synth, and what they import of ours, know no torch."""
    files = {".".join(("eegssl", *source.names)): source for source in package.values()}
    edges: dict[str, set[str]] = {}
    torch_lines: dict[str, int] = {}
    for name, source in files.items():
        for found in imports(source):
            if found.root == "torch" or found.name.startswith("safetensors.torch"):
                torch_lines.setdefault(name, found.line)
            before = found.name.rpartition(".")[0]
            edges.setdefault(name, set()).update({found.name, before} & set(files) - {"eegssl"})
    for name, source in files.items():
        if source.part not in WITHOUT_TORCH:
            continue
        for other in sorted({name} | reached(edges, name)):
            if other in torch_lines:
                rule = f"{source.part} knows no torch"
                through = "" if other == name else f", and reaches it through {other}"
                line = torch_lines[name] if other == name else 1
                yield source.at(line, f"{rule}{through}")


def models_without_files(package: Package) -> Iterator[str]:
    """tokenizer, encoder, objectives and adaptation take arrays: no files, no terminal."""
    for source in package.values():
        if source.part not in WITHOUT_FILES:
            continue
        for found in imports(source):
            library = found.root in FILE_LIBRARIES | TERMINAL | RECORDING_READERS
            ours = found.part in {"io", "artifacts"}
            if library or (ours and not found.name.startswith(WORDS_OF_IO)):
                yield source.at(
                    found.line, f"{source.part} imports {found.name}: it knows no files"
                )
        for name, call in calls(source):
            if name in FILE_CALLS or name.split(".")[-1] in FILE_CALLS:
                yield source.at(call.lineno, f"{source.part} calls {name}(): it knows no files")


def only_cli_prints(package: Package) -> Iterator[str]:
    """print, rich, typer and the standard streams belong to cli and its terminal."""
    for source in package.values():
        if source.part in PRINTERS:
            continue
        for found in imports(source):
            if found.root in TERMINAL:
                yield source.at(found.line, f"imports {found.root}: only cli prints")
        for name, call in calls(source):
            if name == "print" or name.startswith(("sys.stdout.", "sys.stderr.")):
                yield source.at(call.lineno, f"calls {name}(): only cli prints")


def stages_stand_alone(package: Package) -> Iterator[str]:
    """A stage imports no other stage; benchmark and crossvalidate, which run them, may."""
    for source in package.values():
        if source.part != "stages" or source.names[-1] in RUN_OTHERS:
            continue
        for found in imports(source):
            names = tuple(found.name.split(".")[1:3])
            other = found.part == "stages" and names != source.names
            if other and not STAGE_SUPPORT & set(names[1:]):
                yield source.at(
                    found.line, f"imports {found.name}: only benchmark and crossvalidate do"
                )


def no_pickle(package: Package) -> Iterator[str]:
    """Nothing pickles or reads pickles: loading a file must never run code."""
    for source in package.values():
        for found in imports(source):
            if found.root in PICKLERS:
                yield source.at(found.line, f"imports {found.root}: no pickle anywhere")
        for name, call in calls(source):
            allowed = any(
                keyword.arg == "allow_pickle"
                and not (isinstance(keyword.value, ast.Constant) and keyword.value.value is False)
                for keyword in call.keywords
            )
            if name in PICKLING_CALLS or name.endswith(".read_pickle") or allowed:
                yield source.at(call.lineno, f"calls {name}(): no pickle anywhere")


def no_network(package: Package) -> Iterator[str]:
    """eegssl works offline and reports to nobody."""
    for source in package.values():
        for found in imports(source):
            if found.root in NETWORK or found.name.startswith("urllib.request"):
                yield source.at(found.line, f"imports {found.name}: eegssl opens no connections")
