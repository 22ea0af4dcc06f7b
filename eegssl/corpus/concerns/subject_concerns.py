"""Find concerns about who is who: several people as one, or reverse."""

from collections import defaultdict
from collections.abc import Sequence

from eegssl.corpus.concerns.concern import Concern, Concerns, Looked, of_lines
from eegssl.corpus.preprocessing.file_scan import FileScan
from eegssl.corpus.preprocessing.recording_tables import Tables
from eegssl.io.subject_patterns import (
    BELOW_FOLDERS,
    IN_FOLDERS,
    NAMES,
    Suggestion,
    by_first_folder,
    cohorts,
    suggest,
    visits,
)
from eegssl.io.subjects import UNMATCHED, Rule

KINDS = ("subjects-unknown", "subjects-folder", "subjects-code", "subjects-visits")
_FEWEST = 3  # subjects that can be split


def advice_on_subjects(concerns: Concerns) -> str:
    """The concerns about who is who, as the beginning of an error; "" if there are none."""
    return "".join(f"{c.sentence}. " for c in concerns if c.kind in KINDS)


def unknown_subjects(looked: Looked) -> Sequence[Concern]:
    """Files that no rule finds a subject of."""
    refused = {
        id_: path
        for id_, path in _paths(looked.scan).items()
        if looked.scan.files[id_].get("refused", ("",))[0] == "subject"
    }
    suggestion = suggest(list(refused.values()), NAMES, min(_FEWEST, len(refused)))
    which = [(id_, "") for id_ in sorted(refused)]
    if all(UNMATCHED in looked.scan.files[id_]["refused"][1] for id_ in refused):
        text = "file(s) have paths that subjects.pattern, as set or by a preset, does not match"
        cure = "leave the preset out if this is another corpus"
        cure += f", or widen it{_with(suggestion, len(refused))}"
        return of_lines("subjects-unknown", text, cure, which)
    text = "file(s) don't say who was recorded, neither by path nor in their header"
    cure = _cure(suggestion, len(refused), "put each subject's files into a folder of its own")
    return of_lines("subjects-unknown", text, cure, which)


def named_by_file(looked: Looked) -> Sequence[Concern]:
    """Files whose own name stands for a person."""
    which = [(id_, "") for id_ in sorted(_paths_by_rule(looked.scan, "file"))]
    text = "file(s) don't say who was recorded: the name of each stands for a person of its own"
    cure = (
        "say who it is (--set subjects.pattern=…), if a model may have seen this person under "
        "another name"
    )
    return of_lines("subjects-file", text, cure, which)


def one_file(tables: Tables) -> Sequence[Concern]:
    """One file alone, which can't be split."""
    files = sorted({row["file"] for row in tables.recordings})
    if tables.asked is not None or len(files) > 1 or set(tables.splits.values()) != {"test"}:
        return []
    text = (
        "file alone can't be split, so all of it is in the split test: a model can score it and an "
        "encoder embed it, none can learn from it"
    )
    return of_lines("one-file", text, "to train, give files of more subjects", [(files[0], "")])


def folders_of_several(looked: Looked) -> Sequence[Concern]:
    """Folders that were taken as a person each and hold files named as several people's."""
    paths = _paths_by_rule(looked.scan, "folder")
    words = by_first_folder(list(paths.values()))
    groups = cohorts(words)
    inside = [path for path in paths.values() if path.split("/")[0] in groups]
    suggestion = suggest(inside, BELOW_FOLDERS, len(groups) + 1)
    text = (
        "subject(s) are folders with several files each, named as if they were of several people "
        "(cohorts, classes, wards): each folder counts as one person"
    )
    which = [(_subject_of_folder(looked.scan, paths, g), _n_names(words[g])) for g in groups]
    return of_lines("subjects-folder", text, _cure(suggestion, len(inside)), sorted(which))


def one_code(looked: Looked) -> Sequence[Concern]:
    """Patient codes that most of the files carry, in several folders or under several names."""
    paths = _paths_by_rule(looked.scan, "code")
    of_subject: defaultdict[str, list[str]] = defaultdict(list)
    for id_, path in paths.items():
        of_subject[looked.scan.subjects[id_]].append(path)
    all_folders = {path.split("/")[0] for path in paths.values() if "/" in path}
    which: list[tuple[str, str]] = []
    doubtful: list[str] = []
    for subject, some in sorted(of_subject.items()):
        alone = len(of_subject) == 1
        places = {path.partition("/")[0] for path in some if "/" in path or alone}
        if len(places) > (1 if alone else 2) and 2 * len(places) > len(all_folders):
            which.append((subject, f"{len(some)} files in {len(places)} places"))
            doubtful += some
    suggestion = suggest(doubtful, IN_FOLDERS, _FEWEST)
    text = (
        "subject(s) are one patient code that stands in the files of several folders or names (a "
        "word put there in place of names?): all of them count as one person"
    )
    return of_lines("subjects-code", text, _cure(suggestion, len(doubtful)), which)


def visits_as_subjects(looked: Looked) -> Sequence[Concern]:
    """Folders that are visits of the same people and were taken as a person each."""
    paths = _paths_by_rule(looked.scan, "folder")
    words = by_first_folder(list(paths.values()))
    folders = visits(words)
    suggestion = suggest(list(paths.values()), BELOW_FOLDERS, 2) if folders else None
    text = (
        "subject(s) are folders named as visits are, with the same names below them: each visit "
        "counts as one person, and each person is in several splits"
    )
    which = [(_subject_of_folder(looked.scan, paths, f), _n_names(words[f])) for f in folders]
    return of_lines("subjects-visits", text, _cure(suggestion, len(paths)), sorted(which))


def _paths(scan: FileScan) -> dict[str, str]:
    """Id of each file -> its path below its folder, in order of the paths."""
    return {source.id: source.relative for source in scan.sources}


def _paths_by_rule(scan: FileScan, rule: Rule) -> dict[str, str]:
    """The same of files whose subject one rule found."""
    of = scan.files
    return {
        id_: path
        for id_, path in _paths(scan).items()
        if id_ in scan.subjects and of[id_].get("subject_rule") == rule
    }


def _subject_of_folder(scan: FileScan, paths: dict[str, str], folder: str) -> str:
    return next(scan.subjects[id_] for id_, path in paths.items() if path.split("/")[0] == folder)


def _n_names(words: Sequence[str]) -> str:
    return f"{len(words)} files under {len(set(words))} names"


def _with(suggestion: Suggestion | None, n_files: int) -> str:
    """A pattern that was tried, behind other words; "" where there is none."""
    if suggestion is None:
        return ""
    return f": {suggestion.option} makes {suggestion.n_subjects} subjects of these {n_files} files"


def _cure(suggestion: Suggestion | None, n_files: int, otherwise: str = "") -> str:
    """The option that names subjects, with how many it makes of these files."""
    if suggestion is None:
        return f"set subjects.pattern{f', or {otherwise}' if otherwise else ''}"
    made = f"makes {suggestion.n_subjects} subjects of these {n_files} files"
    return f"if so, {suggestion.option} {made} (tried on their paths)"
