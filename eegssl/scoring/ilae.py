"""Name the ILAE phase whose counts a detection study reaches.

Phases are those of Beniczky & Ryvlin, Epilepsia 2018 (standards for testing and clinical
validation of seizure detection devices). They ask for far more than numbers (prospective data, a
locked algorithm, blinded reference, real time), which is not judged here.
"""

from eegssl.errors import InputError

COUNTS: dict[int, tuple[int, int]] = {1: (1, 1), 2: (10, 15), 3: (20, 30), 4: (50, 75)}
"""Phase -> the fewest patients with seizures, and the fewest seizures."""


def phase_counts(n_patients_with_seizures: int, n_seizures: int) -> str:
    """The highest phase whose count requirement is met, in words."""
    if not 0 <= n_patients_with_seizures <= n_seizures:
        raise InputError(
            f"got {n_patients_with_seizures} patients with {n_seizures} seizures; expected at "
            "least one seizure a patient."
        )
    met = [
        phase
        for phase, (patients, seizures) in COUNTS.items()
        if n_patients_with_seizures >= patients and n_seizures >= seizures
    ]
    if not met:
        return "meets the count requirement of no ILAE phase"
    return f"meets the count requirement of ILAE phase {max(met)}"
