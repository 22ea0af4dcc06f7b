"""Write the texts of a container's folder.

They say how it is built and how it answers.
"""

from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

TEXTS = ("Dockerfile", "apptainer.def", "entrypoint", "self_test.py")
REQUIREMENTS = "requirements.txt"
_UID = 10001
"""The user of the container; no root, and nobody on the machine."""


def folder_texts(image: str, wheel: str, task: str, model: str) -> dict[str, str]:
    """Name -> text of each file.

    ``image`` is built on, ``wheel`` names the file that installs eegssl; ``task`` and ``model`` (an
    id) are told in comments.
    """
    torch, others = pins()
    named = " ".join(task.split())  # in one line of comment, whatever the user calls it
    values = {"image": image, "wheel": wheel, "task": named, "model": model, "torch": torch}
    environment = Environment(
        loader=PackageLoader("eegssl.container", "templates"),
        autoescape=False,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    texts = {
        name: environment.get_template(f"{name}.j2").render(values, uid=_UID) for name in TEXTS
    }
    return texts | {REQUIREMENTS: "".join(f"{line}\n" for line in others)}


def pins() -> tuple[str, tuple[str, ...]]:
    """The pinned torch, and all other packages that eegssl needs; as ``requirements.lock``."""
    text = files("eegssl.container").joinpath("templates", "pins.txt").read_text(encoding="utf-8")
    torch = [line for line in text.splitlines() if line.startswith("torch==")]
    return torch[0], tuple(line for line in text.splitlines() if line not in torch)
