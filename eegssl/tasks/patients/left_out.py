"""Hold what each input predicts of patients who were left out.

A row is a patient in one repeat, by one input: input by input, repeat by repeat, patients in their
order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from eegssl.tasks.patients.scores import probability
from eegssl.tasks.table_spec import Array, Column, Table, TableSpec, View, text

KIND = "patients"

TABLE = TableSpec(
    kind=KIND,
    columns=(
        Column("input", "str"),
        Column("repeat", "i4"),
        Column("subject", "str"),
        Column("fold", "i4"),
        Column("truth", "i4"),
        Column("logit", "f8"),
        Column("probability", "f8"),
    ),
    ids=("input", "repeat", "subject"),
    about=("kind", "task", "analysis", "seed", "leaks"),
    beside=("null",),
    sort_keys=False,
    made_by="eegssl finetune",
)


@dataclass(frozen=True)
class LeftOut:
    """One input's ``logits`` of patients left out and their ``folds``, [R, P].

    ``null`` [B] are the AUROCs of permuted outcomes.
    """

    logits: NDArray[np.float64]
    folds: NDArray[np.int64]
    null: NDArray[np.float64]


@dataclass(frozen=True)
class PatientPredictions(View):
    """Patients [P] (hashed ids), their outcomes [P] of 0 and 1, and each input's predictions.

    ``about`` says what else the scores and the report need, as plain values.
    """

    patients: tuple[str, ...]
    truth: NDArray[np.int64]
    inputs: Mapping[str, LeftOut]
    about: dict[str, Any]

    spec = TABLE

    def as_table(self) -> Table:
        """Columns by name."""
        n = len(self.patients)
        repeats = {name: len(one.logits) for name, one in self.inputs.items()}
        logits = np.concatenate([one.logits.ravel() for one in self.inputs.values()])
        total = sum(repeats.values())
        columns: dict[str, Array] = {
            "input": text([name for name, r in repeats.items() for _ in range(r * n)]),
            "repeat": np.concatenate([np.repeat(np.arange(r), n) for r in repeats.values()]),
            "subject": text(list(self.patients) * total),
            "fold": np.concatenate([one.folds.ravel() for one in self.inputs.values()]),
            "truth": np.tile(self.truth, total),
            "logit": logits,
            "probability": probability(logits),
        }
        null = {name: one.null.tolist() for name, one in self.inputs.items()}
        return Table(TABLE, columns, {"kind": KIND} | self.about, {"null": null})

    @classmethod
    def of_table(cls, table: Table) -> Self:
        """The predictions in a table. Raises ValueError where an input lacks patients."""
        if not len(table):
            raise ValueError("it has no rows, expected a row for each patient")
        columns = table.columns
        of, repeat = columns["input"], columns["repeat"]
        first = (of == of[0]) & (repeat == 0)
        patients = columns["subject"][first].tolist()
        inputs = {}
        for name in dict.fromkeys(of.tolist()):
            mine = of == name
            shape = (int(repeat[mine].max()) + 1, len(patients))
            if columns["subject"][mine].tolist() != patients * shape[0]:
                raise ValueError(
                    f"the {mine.sum()} rows of input {name!r} are not those of {shape[0]} repeats "
                    f"of the same {shape[1]} patients"
                )
            inputs[name] = LeftOut(
                columns["logit"][mine].reshape(shape),
                columns["fold"][mine].reshape(shape).astype(np.int64),
                np.array(table.beside["null"][name], dtype=np.float64),
            )
        truth = columns["truth"][first].astype(np.int64)
        return cls(tuple(patients), truth, inputs, table.about)
