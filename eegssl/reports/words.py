"""Every number of a report in words for a clinician: its name, what it means, where it is from."""

WINDOW_WORDS: dict[str, tuple[str, str]] = {
    "auroc": (
        "AUROC",
        "Chance that a random positive window gets a higher probability than a random negative "
        "one. 0.5 is guessing, 1 is perfect. Does not depend on the threshold.",
    ),
    "auc_pr": (
        "AUC-PR",
        "Average precision over all thresholds. Guessing gives the share of positive windows, "
        "so compare only on the same windows.",
    ),
    "balanced_accuracy": (
        "Balanced accuracy",
        "Mean of sensitivity and specificity (the mean hit rate over classes). 0.5 is guessing "
        "for two classes.",
    ),
    "sensitivity": ("Sensitivity", "Share of the positive windows that were called positive."),
    "specificity": ("Specificity", "Share of the negative windows that were called negative."),
    "f1": (
        "F1",
        "Harmonic mean of precision and sensitivity at the threshold (macro average for three "
        "or more classes).",
    ),
    "weighted_f1": ("Weighted F1", "F1 of every class, weighted by how often the class occurs."),
    "cohen_kappa": (
        "Cohen's κ",
        "Agreement with the reference beyond chance. 0 is chance, 1 is perfect.",
    ),
    "brier": (
        "Brier score",
        "Mean squared error of the probabilities. Lower is better; 0 is perfect.",
    ),
    "ece": (
        "Calibration error",
        "How far stated probabilities lie from observed frequencies, on average (ECE). Lower is "
        "better.",
    ),
}
"""Window metric -> (name, meaning), in the order of the tables."""

EVENT_WORDS: dict[str, tuple[str, str]] = {
    "sensitivity": (
        "Sensitivity",
        "Share of the reference events (or of their seconds) that was detected.",
    ),
    "precision": ("Precision", "Share of the detections (or of their seconds) that was right."),
    "f1": ("F1", "Harmonic mean of both."),
    "fp_per_day": ("False alarms per 24 h", "Wrong detections in a day of recording."),
}
"""Event metric -> (name, meaning)."""

SZCORE_WORDS = (
    "Counted by the SzCORE standard (Dan et al., Epilepsia 2024) with its own software: events "
    "closer than 90 s count as one, events longer than 300 s are split, and a detection is right "
    "if it overlaps a reference event at all, from 30 s before it to 60 s after."
)

POLICY_WORDS = {
    "skip": "Subjects for whom a score is undefined are left out of its mean (NaN policy: skip).",
    "zero": "Subjects for whom a score is undefined count as 0 in its mean (NaN policy: zero).",
}

HOW_TO_READ: tuple[tuple[str, str], ...] = (
    (
        "Windows and events answer different questions",
        "Window scores say how well single pieces of EEG are told apart. Event scores say how "
        "many events a reader would have been alerted to, and how often for nothing. Good window "
        "scores often go with many false alarms a day: read both.",
    ),
    (
        "Mean over subjects, or pooled",
        "Pooled numbers add up everybody's windows, so subjects with much data dominate. The "
        "mean over subjects counts each person once, and is closer to what to expect for the "
        "next person.",
    ),
    (
        "Few subjects prove little",
        "The number of subjects, not of windows, decides how far a result carries. Windows of "
        "one recording resemble each other.",
    ),
    (
        "The threshold was fixed before",
        "It was chosen on validation data and not adjusted to the data shown here. AUROC and "
        "AUC-PR do not depend on it; all other window and event scores do.",
    ),
    (
        "n/a is not zero",
        "A score without a value (no event to find, one class only, a recording under ten "
        "minutes) is marked n/a, with the reason below its table.",
    ),
)
