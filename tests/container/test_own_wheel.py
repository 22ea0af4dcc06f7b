"""The wheel holds the package as it is built for a release, and can be installed."""

import base64
import hashlib
import io
import zipfile
from pathlib import Path

import eegssl
from eegssl.container.own_wheel import WHEEL, own_wheel

ROOT = Path(eegssl.__file__).parent


def test_it_holds_every_file_of_the_package_and_its_record_is_true() -> None:
    data = own_wheel()
    assert own_wheel() == data
    archive = zipfile.ZipFile(io.BytesIO(data))
    package = {
        path.relative_to(ROOT.parent).as_posix()
        for path in ROOT.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    names = set(archive.namelist())
    assert {name for name in names if ".dist-info/" not in name} == package
    info = f"eegssl-{eegssl.__version__}.dist-info"
    rows = [line.split(",") for line in archive.read(f"{info}/RECORD").decode().splitlines()]
    assert {row[0] for row in rows} == names
    for name, digest, size in rows:
        if digest:
            raw = archive.read(name)
            right = base64.urlsafe_b64encode(hashlib.sha256(raw).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == (f"sha256={right}", len(raw))


def test_its_name_and_metadata_agree() -> None:
    archive = zipfile.ZipFile(io.BytesIO(own_wheel()))
    (name,) = (one for one in archive.namelist() if one.endswith("/METADATA"))
    text = archive.read(name).decode()
    assert f"Name: eegssl\nVersion: {eegssl.__version__}\n" in text
    assert WHEEL.startswith(f"eegssl-{eegssl.__version__}-py3")
    assert "Requires-Dist: torch" in text
    assert "extra" not in text
