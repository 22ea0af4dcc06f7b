"""The rules about opening files; the companion of ``houserules.py``."""

import ast
from collections.abc import Iterator

from houserules import Package, Source, calls, imports

OF_THE_PACKAGE = "importlib.resources"
"""A file that imports this reads what comes with the package."""
HELPER = "eegssl.regular_files"
READ_WHOLE = {"read_text", "read_bytes"}
READERS = {
    *("numpy.load", "numpy.memmap", "np.load", "np.memmap", "safetensors.safe_open"),
    *("safetensors.torch.load_file", "safetensors.numpy.load_file"),
    *("pyarrow.parquet.read_table", "pyarrow.parquet.ParquetFile", "pyarrow.parquet.read_schema"),
}
"""Functions that open a path themselves."""


def regular_files_only(package: Package) -> Iterator[str]:
    """What is read is opened, or its path checked, by ``eegssl.regular_files``."""
    for source in package.values():
        names = {imported.name for imported in imports(source)}
        if source.path == "regular_files.py" or any(n.startswith(OF_THE_PACKAGE) for n in names):
            continue
        checks = any(name.startswith(HELPER) for name in names)
        for name, call in calls(source):
            if _reads(source, name, call) or (name in READERS and not checks):
                rule = f"calls {name}(): open what is read by eegssl.regular_files"
                yield source.at(call.lineno, rule)


def texts_are_utf8(package: Package) -> Iterator[str]:
    """Every text that is opened, read or written names its encoding, whatever the locale is."""
    for source in package.values():
        for name, call in calls(source):
            own = f"{HELPER}.{name.split('.')[-1]}"
            encoded = any(keyword.arg in ("encoding", None) for keyword in call.keywords)
            if _is_text(name, call) and name != own and not encoded:
                yield source.at(call.lineno, f"calls {name}() of a text without an encoding")


def _is_text(name: str, call: ast.Call) -> bool:
    """Whether a call opens, reads or writes a file as text, or reads what a program prints."""
    last = name.split(".")[-1]
    if last in ("read_text", "write_text"):
        return True
    if last in ("run", "Popen", "check_output"):
        return any(keyword.arg in ("text", "universal_newlines") for keyword in call.keywords)
    if last not in ("open", "fdopen", "TextIOWrapper", "NamedTemporaryFile", "TemporaryFile"):
        return False
    if name in ("os.open", "tarfile.open", "webbrowser.open") or last == "TextIOWrapper":
        return last == "TextIOWrapper"
    method = isinstance(call.func, ast.Attribute) and last == "open" and name != "io.open"
    if method and not _has_mode(call.args[:1]) and call.args:
        return False  # a method of something that is no path
    places = call.args if method else call.args[1:]
    modes = [*places[:1], *(k.value for k in call.keywords if k.arg == "mode")]
    binary = any("b" in str(m.value) for m in modes if isinstance(m, ast.Constant))
    temporary = last.startswith(("Named", "Temporary"))
    return not binary and (bool(modes) or not temporary)


def _has_mode(arguments: list[ast.expr]) -> bool:
    """Whether the first argument is the mode of a path's ``open``."""
    return any(
        isinstance(node, ast.Constant) and set(str(node.value)) <= set("rwax+bt")
        for node in arguments
    )


def _reads(source: Source, name: str, call: ast.Call) -> bool:
    """Whether a call reads a file whole, or opens one for reading."""
    own = f"{HELPER}.{name.split('.')[-1]}"
    if name.split(".")[-1] in READ_WHOLE:
        return name != own
    method = isinstance(call.func, ast.Attribute) and call.func.attr == "open"
    if name != "open" and not (method and _is_path(call)):
        return False
    given = [*call.args[0 if method else 1 :], *(keyword.value for keyword in call.keywords)]
    modes = [node.value for node in given if isinstance(node, ast.Constant)]
    return not any(isinstance(mode, str) and set(mode) & set("wax+") for mode in modes)


def _is_path(call: ast.Call) -> bool:
    """Whether ``x.open(…)`` looks like a path's: its first argument, if any, is a mode."""
    first = call.args[0] if call.args else None
    return first is None or (isinstance(first, ast.Constant) and str(first.value).startswith("r"))
