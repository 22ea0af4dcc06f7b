"""Define the errors that a user can meet, with exit codes.

Exit codes: 0 done; 1 a bug of ours, or another rank ended; 2 usage or configuration; 3 no usable
input, or anything refused under ``--strict``; 4 an artifact is missing, damaged or does not match;
75 preempted, resumable; 130 interrupted.
"""

import errno

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Numbers of an OSError of a disk, or of a user's share of it, that is full."""


class EegsslError(Exception):
    """A failure that a user can cause and mend; its text says how."""

    exit_code = 1

    def __init__(self, text: str, **beside: object) -> None:
        super().__init__(text)
        self.beside = beside
        """What the document of ``--json`` says beside the text."""


class ConfigError(EegsslError, ValueError):
    """A flag, a setting or a file of settings that can't be used."""

    exit_code = 2


class InputError(EegsslError, ValueError):
    """No usable input: nothing readable, no labels, too few subjects."""

    exit_code = 3


class ArtifactError(EegsslError, ValueError):
    """An artifact is missing, damaged, or does not match another one."""

    exit_code = 4


class LeakError(ArtifactError):
    """Test data that something upstream was fitted on."""


class Preempted(EegsslError):
    """Stopped by a signal after a checkpoint; the same command goes on from there."""

    exit_code = 75


class OtherRankFailed(EegsslError):
    """Rank 0 of a distributed run ends with an error, which it alone reports; so this one ends."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"rank 0 ended with exit code {exit_code}")
        self.exit_code = exit_code


class OtherRankLost(EegsslError):
    """Another rank of a distributed run ended.

    Its exit code is the lowest of a failure: a launcher that reports the highest of all ranks, as
    srun does, so tells that of the rank which knows the cause.
    """


class RecordingRefused(EegsslError, ValueError):
    """One recording can't be used; the run goes on without it.

    ``code`` is a short word of a closed vocabulary (``truncated``, ``no-eeg`` ...). ``reason``
    says what was found and expected, and never repeats text out of the file, its name or its
    path: both may identify a person.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code = code
        self.reason = reason
