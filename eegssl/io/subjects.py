"""Find a file's subject by rules in a stated order, never guessing.

Subjects decide what is trained and what is tested on, so that a wrong one is a leak. Names found
here stay in memory; artifacts carry hashes of them (`eegssl.io.private.pseudonyms`).
"""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Literal

from eegssl.errors import ConfigError, RecordingRefused
from eegssl.io.config import SUBJECT_ALIASES

Rule = Literal["pattern", "path", "code", "folder", "file"]
"""What said who was recorded: the user's pattern, a known layout, the patient code, the folder, or
nothing, so that the file's own name stands for a person (``subjects.unknown``)."""
UNMATCHED = "subjects.pattern does not match"
"""Begins the reason for which a file that the user's or a preset's pattern misses is refused."""
# Corpus -> pattern of its paths; the one group is the subject. SeizeIT2 is BIDS; Helsinki's
# ``eeg1.edf`` could be anybody's, so only its preset knows it.
KNOWN_CORPORA: dict[str, str] = {
    "CHB-MIT": r"(?:^|/)(chb\d\d)(?=$|[/_a-z+.-])",
    "eegmat": r"(?:^|/)(Subject\d\d)_[12](?=\.|$)",
    "eegmmi": r"(?:^|/)(S\d{3})R\d\d(?=[._]|$)",
    "Siena": r"(?:^|/)(PN\d\d)(?=[/.-]|$)",
    # aaaaaaac_s001_t000.edf, 00000258/s002_2003_07_21/…, before 2016 00000003_s02_a01.edf.
    "TUH": r"(?:^|/)([a-z]{8}|\d{8})"
    r"(?=_s\d{2,3}_[at]\d{2,3}(?:[._]|$)|/s\d{2,3}_\d{4}(?:_\d\d_\d\d)?/)",
    # train/aaaaaaar/aaaaaaar_00000001.edf; eval/032/bckg_032_a_.edf.
    "TUEV": r"(?:^|/)([a-z]{8}|\d{8}|\d{3})"
    r"/(?=\1_\d{8}(?:[._]|$)|(?:artf|bckg|eyem|gped|pled|spsw)_\1_a_)",
    "Sleep-EDF": r"(?:^|/)((?:SC4|ST7)\d\d)\d[A-Z]",
    "SeizeIT1": r"(?:^|/)(P_ID\d+)_r\d+(?=[._]|$)",
}
_BIDS = re.compile(r"(?:^|/)(sub-[A-Za-z0-9]+)(?=[/_.])")
# Codes that stand for "not said"; two people must not become one by sharing them.
_NO_CODE = re.compile(
    r"[xX?*#~_. -]*|-?0+|-1|anon(?:ym\w*)?|unknown|none|n/?a|null|nil|patient|subject|test|name"
    r"|(?:name |id )?(?:removed|deleted|erased|redacted|withheld|hidden|masked|stripped|blank)"
    r"|de-?identified|pseudonym\w*|confidential|not[ _](?:available|applicable|given|known)"
    r"|unbekannt|entfernt|inconnue?|desconocid[oa]|sconosciut[oa]|onbekend",
    re.IGNORECASE,
)


def find_subject(
    relative_path: PurePosixPath | str,
    patient_code: str = "",
    pattern: str | None = None,
    aliases: Mapping[str, str] = SUBJECT_ALIASES,
) -> str:
    """The subject of the recording at ``relative_path`` below the root.

    In this order: ``pattern`` (``subjects.pattern``; if given, nothing else counts), BIDS
    ``sub-…``, the paths of known corpora, the EDF+ patient code, the first folder.
    ``aliases`` then joins names of the same person. Raises RecordingRefused ``subject`` where no
    rule finds one or a rule finds two, ConfigError for a pattern that can't be used.
    """
    return find_by_rule(relative_path, patient_code, pattern, aliases)[0]


def find_by_rule(
    relative_path: PurePosixPath | str,
    patient_code: str = "",
    pattern: str | None = None,
    aliases: Mapping[str, str] = SUBJECT_ALIASES,
    unknown: Literal["refuse", "file"] = "refuse",
) -> tuple[str, Rule]:
    """The subject as `find_subject` finds it, and the rule that found it.

    With ``unknown`` a file that no rule finds a subject of has that of its own name.
    """
    path = PurePosixPath(relative_path)
    subject, rule = _by_rules(path.as_posix(), patient_code, pattern, path.stem, unknown)
    return aliases.get(subject, subject), rule


def _by_rules(
    path: str, patient_code: str, pattern: str | None, own_name: str, unknown: str
) -> tuple[str, Rule]:
    if pattern is not None:
        if subject := _search(_user_pattern(pattern), path):
            return subject, "pattern"
        raise _refused(f"{UNMATCHED} the path of this file; widen it")
    for compiled in (_BIDS, *map(re.compile, KNOWN_CORPORA.values())):
        if subject := _only(compiled, path):
            return subject, "path"
    if not _NO_CODE.fullmatch(patient_code.strip()):
        return patient_code.strip(), "code"
    folders = PurePosixPath(path).parts[:-1]
    if folders:
        return folders[0], "folder"
    if unknown == "file":
        return own_name, "file"
    raise _refused(
        "neither path nor header say who was recorded: put each subject's files into a folder of "
        "its own, or set subjects.pattern, or, where each file is of another person, "
        "subjects.unknown=file"
    )


def _user_pattern(pattern: str) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(f"subjects.pattern is no regular expression: {error}") from error
    if compiled.groups != 1:
        wanted = "expected one, around the part of the path that names the subject"
        raise ConfigError(f"subjects.pattern has {compiled.groups} groups, {wanted}")
    return compiled


def _search(compiled: re.Pattern[str], path: str) -> str | None:
    match = compiled.search(path)
    return match[1] if match else None


def _only(compiled: re.Pattern[str], path: str) -> str | None:
    """The one subject that a rule finds in a path, in folders and file name alike."""
    subjects = {match[1] for match in compiled.finditer(path)}
    if len(subjects) > 1:
        reason = f"the path names {len(subjects)} subjects: set subjects.pattern"
        raise _refused(reason)
    return subjects.pop() if subjects else None


def _refused(reason: str) -> RecordingRefused:
    return RecordingRefused("subject", reason)
