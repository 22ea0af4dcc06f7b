"""Compute the measures of every probe from features of windows; NumPy only."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from eegssl.probes.measure import Measure, mean_measure, nothing, weighted_measure
from eegssl.probes.probe_sample import ProbeSample
from eegssl.probes.subjects_held_out import STRONG, class_probe, explained, subject_values
from eegssl.probes.told_apart import across_files, told_apart
from eegssl.scoring.means import means_by_unit
from eegssl.scoring.statistics.bootstrap import FEWEST_PATIENTS
from eegssl.scoring.statistics.weighted import patient_curves

Floats = NDArray[np.float64]
Spaces = Mapping[str, Floats]
"""Name of what a probe reads -> features [n, ...] of the windows of the sample."""
Measures = dict[str, Measure]
"""The same names -> what was measured."""

_UNCONVERGED = "the probe was stopped before it converged"
_FEWEST_OF_A_SEX = 3


@dataclass(frozen=True)
class Shares:
    """What a probe scored in each of S subjects."""

    values: Floats
    """[S]"""
    chance: float
    n_windows: int
    converged: bool


@dataclass(frozen=True)
class Asked:
    """The sample that all probes ask of, and the seed of the intervals."""

    sample: ProbeSample
    seed: int

    def subjects(self, spaces: Spaces) -> Measures:
        """Share of windows whose subject is named rightly, mean over subjects."""
        reason = "it needs two subjects, each with two windows of one recording"
        return self._means_of(self._subject_shares(spaces), spaces, reason)

    def _subject_shares(self, spaces: Spaces) -> dict[str, Shares]:
        some = self.sample.of_subjects
        names, late = self.sample.subject[some], self.sample.late[some]
        answers = {name: told_apart(x[some], names, late) for name, x in spaces.items()}
        return {
            name: Shares(one.shares, one.chance, one.n_windows, one.converged)
            for name, one in answers.items()
            if one is not None
        }

    def files(self, spaces: Spaces) -> Measures:
        """Share of windows whose recording, of one subject's, is named rightly."""
        answers = {name: self._files(x) for name, x in spaces.items()}
        known = {name: one for name, one in answers.items() if one is not None}
        return self._means_of(known, spaces, _ONE_RECORDING)

    def _files(self, features: Floats) -> Shares | None:
        """Of subjects with several recordings the share of windows whose one is named rightly."""
        sample, answers = self.sample, []
        for k in np.unique(sample.subject[sample.of_subjects]):
            own = sample.of_subjects & (sample.subject == k)
            one = told_apart(features[own], sample.file[own], sample.late[own])
            answers += [one] if one else []
        if not answers:
            return None
        return Shares(
            np.array([one.shares.mean() for one in answers]),
            float(np.mean([one.chance for one in answers])),
            sum(one.n_windows for one in answers),
            all(one.converged for one in answers),
        )

    def other_files(self, spaces: Spaces) -> dict[str, Measures]:
        """Share of windows whose subject is named rightly, learned from one recording of each:
        in the same recording, in others, and the difference."""
        some, sample = self.sample.of_subjects, self.sample
        parts: dict[str, Measures] = {"same": {}, "other": {}, "change": {}}
        for name, x in spaces.items():
            one = across_files(x[some], sample.subject[some], sample.file[some], sample.late[some])
            if one is None:
                for part in parts.values():
                    part[name] = nothing(f"of two subjects at least, {_ONE_RECORDING}")
                continue
            note = "" if one.converged else _UNCONVERGED
            measure = partial(mean_measure, n_windows=one.n_windows, seed=self.seed, note=note)
            parts["same"][name] = measure(one.same, 1 / len(one.same))
            parts["other"][name] = measure(one.other, 1 / len(one.same))
            parts["change"][name] = measure(one.other - one.same, 0.0)
        return parts

    def labels(self, spaces: Spaces) -> Measures:
        """AUROC of seizures within subjects that were not learned from, mean over them."""
        return self._means_of(self._label_shares(spaces), spaces, NO_SEIZURES)

    def _label_shares(self, spaces: Spaces) -> dict[str, Shares]:
        some = self.sample.of_labels
        ictal, subject = self.sample.ictal[some], self.sample.subject[some]
        answers = {name: class_probe(x[some], ictal, subject) for name, x in spaces.items()}
        return {
            name: Shares(one.auroc, 0.5, one.n_windows, one.converged)
            for name, one in answers.items()
            if one is not None
        }

    def changes(self, before: Spaces, after: Spaces) -> dict[str, Measures]:
        """What the probes of subjects and labels gain from features before to others after."""
        measures: dict[str, Measures] = {}
        for probe, shares in (("subjects", self._subject_shares), ("labels", self._label_shares)):
            first, last = shares(before), shares(after)
            measures[probe] = {
                name: self._mean(last[name].values - first[name].values, 0.0, last[name])
                if name in first
                else nothing("there is nothing to compare")
                for name in before
            }
        return measures

    def _means_of(self, known: Mapping[str, Shares], spaces: Spaces, reason: str) -> Measures:
        """Means over subjects, and how far the first lies above each other one, subject by subject;
        all are of the same subjects, so that all are known or none."""
        if not known:
            return {name: nothing(reason) for name in spaces}
        measures = {name: self._mean(one.values, one.chance, one) for name, one in known.items()}
        first, *others = known
        for other in others:
            gains = known[first].values - known[other].values
            measures[f"{first} less {other}"] = self._mean(gains, 0.0, known[other])
        return measures

    def _mean(self, values: Floats, chance: float, of: Shares) -> Measure:
        note = "" if of.converged else _UNCONVERGED
        return mean_measure(values, chance, of.n_windows, seed=self.seed, note=note)

    def bands(self, spaces: Spaces, powers: Mapping[str, Floats]) -> dict[str, Measures]:
        """R² of the log power [n] of each band, in subjects that were not learned from."""
        some, subject = self.sample.of_subjects, self.sample.subject
        targets = np.stack(list(powers.values()), axis=1)[some]
        measures: dict[str, Measures] = {band: {} for band in powers}
        for name, x in spaces.items():
            one = explained(x[some], targets, subject[some])
            for k, band in enumerate(powers):
                measures[band][name] = (
                    nothing("it needs three subjects")
                    if one is None
                    else weighted_measure(
                        partial(one.r2, k=k), len(one.errors), 0.0, int(some.sum()), seed=self.seed
                    )
                )
        return measures

    def age(self, spaces: Spaces, years: Mapping[str, float]) -> Measures:
        """R² of the age of subjects that were not learned from, by their mean features."""
        known = [s for s in self._present() if s in years]
        if len(known) < FEWEST_PATIENTS:
            return self._too_few(spaces, len(known), "an age")
        measures = {}
        for name, x in spaces.items():
            means, n = self._means(x, known)
            targets = np.array([[years[s]] for s in known])
            one = explained(means, targets, np.arange(len(known)), STRONG)
            assert one is not None
            measures[name] = weighted_measure(
                partial(one.r2, k=0), len(known), 0.0, n, seed=self.seed
            )
        return measures

    def sex(self, spaces: Spaces, sexes: Mapping[str, str]) -> Measures:
        """AUROC of the sex of subjects that were not learned from, by their mean features."""
        known = [s for s in self._present() if sexes.get(s) in ("f", "m")]
        female = np.array([sexes[s] == "f" for s in known], np.bool_)
        enough = min(female.sum(), (~female).sum()) >= _FEWEST_OF_A_SEX
        if len(known) < FEWEST_PATIENTS or not enough:
            return self._too_few(spaces, len(known), "a sex, three at least of each,")
        measures = {}
        for name, x in spaces.items():
            means, n = self._means(x, known)
            values, converged = subject_values(means, female)
            curves = patient_curves(
                female.astype(np.int64), values, np.arange(len(known)), len(known)
            )
            note = "" if converged else _UNCONVERGED
            measures[name] = weighted_measure(
                curves.auroc, len(known), 0.5, n, seed=self.seed, note=note
            )
        return measures

    def _present(self) -> list[str]:
        """The ids of subjects with windows."""
        numbers = np.unique(self.sample.subject[self.sample.of_subjects])
        return [self.sample.subjects[k] for k in numbers.tolist()]

    def _means(self, features: Floats, subjects: list[str]) -> tuple[Floats, int]:
        """Mean features [S, D] of these subjects, and the number of windows."""
        numbers = np.array([self.sample.subjects.index(s) for s in subjects])
        some = self.sample.of_subjects & np.isin(self.sample.subject, numbers)
        unit = np.searchsorted(numbers, self.sample.subject[some])
        return means_by_unit(features[some], unit), int(some.sum())

    def _too_few(self, spaces: Spaces, n: int, what: str) -> Measures:
        have, everyone = "has" if n == 1 else "have", len(self._present())
        reason = (
            f"{n} of {everyone} subjects {have} {what} in subjects.tsv; it needs {FEWEST_PATIENTS}"
        )
        return {name: nothing(reason, n) for name in spaces}


_ONE_RECORDING = "it needs two recordings of a subject, each with two windows"
NO_SEIZURES = "it needs two subjects with labelled seizures, and windows without"
