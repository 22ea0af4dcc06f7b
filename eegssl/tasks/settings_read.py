"""Refuse settings that a kind of task does not read."""

from collections.abc import Collection, Iterable, Mapping

from eegssl.config.settings import Settings, changed_settings
from eegssl.errors import ConfigError

_FLAGS = {
    "labels_fraction": "--labels",
    "targets": "--targets",
    "allow_leak": "--allow-leak",
    "scoring.nan_policy": "--nan-policy",
    "adaptation.kind": "--adapt",
}
"""The flags that set a setting, where it has one."""


def require_read(
    config: Settings, reads: Collection[str], unread: Mapping[str, str], task: str, kind: str
) -> None:
    """Raise ConfigError for a setting with another value than its default that nothing reads.

    ``reads`` names settings by their dotted keys, or whole parts; ``unread`` says why others mean
    nothing, and what to do instead.
    """
    for key, value in changed_settings(config).items():
        if key == "task" or covering(key, reads):
            continue
        flag = f" ({_FLAGS[key]})" if key in _FLAGS else ""
        because = unread.get(covering(key, unread) or "", f"a task of {kind} does not read it")
        raise ConfigError(
            f"task {task}: {key}{flag} is set to {value!r} and means nothing here: {because}; "
            "leave it out (of flags, files, presets and the environment)"
        )


def require_way_reads(
    flags: Iterable[str], ways: Collection[str], reads: Mapping[str, Collection[str]], task: str
) -> None:
    """Raise ConfigError for a setting given by a flag that none of these ways to adapt reads.

    ``flags`` are dotted keys, ``reads`` the settings of `adaptation` and `training` by way (empty:
    all). Presets, files and the environment may serve several ways, so what they set may go unread.
    """
    for key in flags:
        if not reads or covering(key, ("adaptation", "training")) is None:
            continue
        readers = [way for way, names in reads.items() if covering(key, names)]
        if not set(ways) & set(readers):
            chosen = " and ".join(ways)
            instead = f", or adapt by {', '.join(readers)} (--adapt)" if readers else ""
            raise ConfigError(
                f"task {task}: {key} is set and means nothing here: adapting by {chosen} does not "
                f"read it; leave it out{instead}"
            )


def covering(key: str, names: Collection[str]) -> str | None:
    """The name among these that is a setting's, or of a part that it belongs to."""
    return next((n for n in names if key == n or key.startswith(f"{n}.")), None)
