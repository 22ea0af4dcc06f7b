"""Hold what every stage gets beside its configuration, and returns."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from eegssl.artifacts.atomic import canonical_json
from eegssl.artifacts.contract import Contract, require_contract
from eegssl.artifacts.locks.draft_lock import Lock, take
from eegssl.artifacts.manifest import Artifact, FittedOn, Manifest, plan_of
from eegssl.artifacts.output_state import output_state, require_place
from eegssl.artifacts.shared_draft import join
from eegssl.artifacts.writer import ArtifactWriter, begin, clear
from eegssl.config.settings import Settings, public_values


class Progress(Protocol):
    """Receiver of what a stage reports; the command line shows it."""

    def say(self, text: str) -> None:
        """One line of news."""

    def warn(self, text: str) -> None:
        """Something that the user should act on."""

    def track(self, label: str, total: int) -> Callable[[int], None]:
        """A bar: call the result with the number done."""

    def files(self, label: str, total: int, hours: float) -> Callable[[int, float, int], None]:
        """A bar of files: call the result with files and hours of EEG done, and files refused."""

    def train(self, label: str, total: int) -> Callable[[int, float], None]:
        """A bar of a training: call the result with the steps done and the last loss."""


class Silent(Progress):
    """Progress that is shown nowhere."""

    def track(self, label: str, total: int) -> Callable[[int], None]:
        """A bar that nobody sees."""
        return lambda done: None

    def files(self, label: str, total: int, hours: float) -> Callable[[int, float, int], None]:
        """A bar of files that nobody sees."""
        return lambda done, hours, refused: None

    def train(self, label: str, total: int) -> Callable[[int, float], None]:
        """A bar of a training that nobody sees."""
        return lambda done, loss: None


@dataclass(frozen=True)
class Result:
    """Outcome of a stage: ``state`` is made, resumed, already made, or (dry run) would …."""

    out: Path
    kind: str
    state: str
    facts: dict[str, Any]
    config: dict[str, Any]
    id: str | None = None
    """The artifact's id; None where nothing was made (dry run) or no artifact is (synth)."""
    warnings: tuple[str, ...] = ()
    beside: dict[str, Any] = field(default_factory=dict)
    """Further entries of the document of ``--json``."""
    names: tuple[tuple[str, ...], ...] = ()
    """Rows of words out of the user's files, for a terminal under ``--show-names`` alone."""


@dataclass
class Context:
    """Output folder, seed and receiver of reports of a stage."""

    out: Path
    seed: int = 0
    overwrite: bool = False
    dry_run: bool = False
    wait: bool = False
    """Wait for another process that writes the folder, in place of refusing to start."""
    trackers: tuple[str, ...] = ()
    """Names of trackers that a training hands its rows to; no artifact depends on them."""
    progress: Progress = field(default_factory=Silent)
    warnings: list[str] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Tell the user, and keep it for the result."""
        self.warnings.append(text)
        self.progress.warn(text)

    def require_place(self, kind: str, config: Settings | None = None) -> None:
        """Raise ConfigError for an output folder where no artifact of this kind can be made.

        `begin` does so too, but its inputs may take long to read. ``config`` is given where it
        does not follow from them.
        """
        values = None if config is None else json.loads(canonical_json(public_values(config)))
        require_place(self.out, kind, overwrite=self.overwrite, config=values)

    def begin(
        self,
        contract: Contract,
        config: Settings,
        inputs: Sequence[tuple[str, str]],
        *,
        names: Sequence[str] = (),
        update: bool = False,
    ) -> "ArtifactWriter | Result":
        """A writer for the artifact; or the result, if it stood already or this is a dry run.

        One that stood already has to keep to the ``contract``; ArtifactError where it does not.

        ``names`` are those of files that only this kind of artifact or task holds.
        With ``update`` an artifact of other settings is made anew around the parts in it.
        """
        planned = (public_values(config), self.seed, tuple(inputs))
        return self._begun(contract, *planned, names=names, update=update)

    def begin_copy(self, contract: Contract, manifest: Manifest) -> "ArtifactWriter | Result":
        """The same for a copy of an artifact, which will have its manifest."""
        return self._begun(contract, manifest.config, manifest.seed, manifest.inputs)

    def _begun(
        self,
        contract: Contract,
        values: dict[str, Any],
        seed: int,
        inputs: tuple[tuple[str, str], ...],
        *,
        names: Sequence[str] = (),
        update: bool = False,
    ) -> "ArtifactWriter | Result":
        kind = contract.kind
        if self.dry_run:
            plan = plan_of(kind, values, seed, inputs)
            state = output_state(self.out, kind, plan, overwrite=self.overwrite, update=update)
            words = {"made": "already made", "resume": "would go on", "overwrite": "would replace"}
            words |= {"update": "would update"}
            return Result(self.out, kind, words.get(state, "would make"), {}, values)
        writer = begin(
            self.out,
            kind,
            config=values,
            seed=seed,
            inputs=inputs,
            names=names,
            overwrite=self.overwrite,
            update=update,
            wait=self.wait,
            say=self.progress.say,
        )
        return self._told(writer, contract, values)

    def join(
        self,
        contract: Contract,
        config: Settings,
        inputs: Sequence[tuple[str, str]],
        part: str,
        check: Callable[[], object],
    ) -> "ArtifactWriter | Result":
        """The same for one part of an artifact that several processes make; as `shared_draft`."""
        values = public_values(config)
        stored = json.loads(canonical_json(values))
        writer = ArtifactWriter(self.out, contract.kind, stored, self.seed, tuple(inputs))
        writer = join(writer, part, check, wait=self.wait, say=self.progress.say)
        return self._told(writer, contract, values)

    def _told(
        self, writer: ArtifactWriter, contract: Contract, values: dict[str, Any]
    ) -> "ArtifactWriter | Result":
        """The writer, or the result if its artifact stood already; says which of the two."""
        for note in writer.lock.notes if writer.lock else ():
            self.progress.warn(note)
        if writer.made:
            require_contract(Artifact(self.out, writer.made), contract)
            self.progress.say(f"{self.out}: already made from the same inputs and settings")
            manifest = writer.made
            return Result(
                self.out, contract.kind, "already made", manifest.facts, values, manifest.id
            )
        if writer.resumed:
            self.progress.say(f"{self.out}: unfinished; going on with it")
        return writer

    def hold(self, kind: str = "") -> Lock:
        """Keep other processes out of the output folder, where what is made is no artifact.

        With ``overwrite`` an artifact of a ``kind`` that is there is removed.
        """
        self.out.mkdir(parents=True, exist_ok=True)
        if kind and self.overwrite:
            lock = clear(self.out, kind, wait=self.wait, say=self.progress.say)
        else:
            lock = take(self.out, wait=self.wait, say=self.progress.say)
        for note in lock.notes:
            self.progress.warn(note)
        return lock

    def finish(
        self,
        writer: ArtifactWriter,
        facts: dict[str, Any],
        fitted_on: FittedOn | None = None,
        bulk: Mapping[str, str] | None = None,
    ) -> Result:
        """Finish the artifact; the warnings are part of it."""
        made = writer.finish(facts | {"warnings": self.warnings}, fitted_on, bulk)
        return self._result(writer, made.manifest)

    def finish_copy(self, writer: ArtifactWriter, manifest: Manifest) -> Result:
        """Finish a copy of an artifact."""
        return self._result(writer, writer.finish_copy(manifest).manifest)

    def _result(self, writer: ArtifactWriter, manifest: Manifest) -> Result:
        state = "resumed" if writer.resumed else "made"
        return Result(
            self.out,
            writer.kind,
            state,
            manifest.facts,
            writer.config,
            manifest.id,
            tuple(self.warnings),
        )
