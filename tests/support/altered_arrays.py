"""Ways to alter tensors and arrays of an artifact; the companion of ``alterations.py``."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Alter = Callable[[Path], object]
Alteration = tuple[str, Alter]


def of_tensors(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter the first tensors of a safetensors file: values, shapes, header."""
    header, _ = _split((folder / name).read_bytes())
    tensors = [key for key in header if key != "__metadata__"]
    for key in (tensors[0], tensors[-1]):
        entry = header[key]
        for word, change in (
            ("shape of a large one", {"shape": [10**12]}),
            ("other shape", {"shape": [*entry["shape"], 1, 1]}),
            ("offsets", {"data_offsets": [0, 10**12]}),
            ("type", {"dtype": "I64" if entry["dtype"] != "I64" else "F64"}),
            ("unknown type", {"dtype": "F31"}),
            ("no shape", {"shape": None}),
        ):
            yield f"{name}: {key} {word}", _header(name, key, entry | change)
        yield f"{name}: without {key}", _header(name, key, None)
    for key in tensors:
        if header[key]["dtype"] in ("F32", "F64") and header[key]["shape"]:
            for value in (np.nan, np.inf):
                yield f"{name}: {key} {value}", _number(name, key, value)
            break
    yield (
        f"{name}: one tensor more",
        _header(name, "altered", {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}),
    )
    yield f"{name}: metadata", _header(name, "__metadata__", {"channels": "[" * 9000})
    yield f"{name}: cut", lambda folder: written(name, (folder / name).read_bytes()[:-4])(folder)
    yield f"{name}: no header", written(name, b"\xff" * 64)


def of_array(folder: Path, name: str) -> Iterator[Alteration]:
    """Alter an array file: its values, shape, type and header."""
    array = np.load(folder / name)
    beyond = np.full_like(array, 200 if array.dtype.kind == "u" else np.nan)
    for word, other in (
        ("beyond", beyond),
        ("other shape", array[:, :-1]),
        ("other type", array.astype(np.float64)),
        ("one axis", array.ravel()),
        ("empty", array[:0]),
    ):
        yield f"{name}: {word}", lambda folder, other=other: np.save(folder / name, other)
    data = (folder / name).read_bytes()
    shape = str(array.shape).encode()
    large = data.replace(shape + b", }", b"(1000000000000, 3), }")[: len(data)]
    yield f"{name}: says it is large", written(name, large)
    yield f"{name}: no array", written(name, b"\x93NUMPY")


def _split(data: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def _header(name: str, key: str, entry: Any) -> Alter:
    def alter(folder: Path) -> None:
        header, data = _split((folder / name).read_bytes())
        header[key] = entry
        if entry is None:
            del header[key]
        text = json.dumps(header).encode()
        (folder / name).write_bytes(len(text).to_bytes(8, "little") + text + data)

    return alter


def _number(name: str, key: str, value: float) -> Alter:
    """Put a number into the middle of a tensor."""

    def alter(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        header, body = _split(bytes(data))
        begin, end = header[key]["data_offsets"]
        number = np.array(value, {"F32": "<f4", "F64": "<f8"}[header[key]["dtype"]]).tobytes()
        at = len(data) - len(body) + begin + (end - begin) // len(number) // 2 * len(number)
        data[at : at + len(number)] = number
        (folder / name).write_bytes(bytes(data))

    return alter


def written(name: str, data: bytes) -> Alter:
    """Writes other bytes in place of a file."""
    return lambda folder: (folder / name).write_bytes(data)
