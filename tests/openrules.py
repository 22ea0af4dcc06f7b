"""The rule about opening files; the companion of ``houserules.py``."""

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
