"""Explain every number of a page to a clinician."""

READING = "How to read these numbers"
"""Title of the section that explains the numbers of an evaluation."""

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
    "macro_f1": (
        "Macro F1",
        "Mean of the F1 of the classes that occur, each counting the same.",
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
        "How far predicted probabilities are from observed frequencies, on average (ECE). Lower is "
        "better.",
    ),
}
"""Window metric -> (name, meaning), in the order of the tables."""

NUMBER_WORDS: dict[str, tuple[str, str]] = {
    "mae": ("Mean absolute error", "In the unit of the labels. Lower is better."),
    "rmse": (
        "Root mean squared error",
        "The same, but large errors count more.",
    ),
    "r2": ("R²", "1 is perfect, 0 is no better than always predicting the mean, below 0 is worse."),
    "pearson": (
        "Pearson's r",
        "Whether larger numbers get larger predictions, along a line.",
    ),
    "spearman": ("Spearman's ρ", "Whether larger numbers get larger predictions, by rank."),
}
"""Score of numbers -> (name, meaning), in the order of the tables."""

EVENT_WORDS: dict[str, tuple[str, str]] = {
    "sensitivity": (
        "Sensitivity",
        "Share of the reference events (or of their seconds) that was detected.",
    ),
    "precision": (
        "Precision",
        "Share of the detections (or of their seconds) that were true events.",
    ),
    "f1": ("F1", "Harmonic mean of sensitivity and precision."),
    "fp_per_day": ("False alarms per 24 h", "Wrong detections in a day of recording."),
}
"""Event metric -> (name, meaning)."""

SCORER_WORDS = (
    "The same detections are scored in several ways, because each scorer answers another question: "
    "SzCORE (Dan et al., Epilepsia 2024) by its own software, NEDC's scorers (Shah et al., 2021) "
    "by their definitions. Compare a number only with numbers of the same scorer."
)

INTERVAL_WORDS = (
    "Intervals are bootstraps over subjects: they show how much a score would change with other "
    "subjects like these. With fewer than ten subjects there is no interval; read the scores of "
    "each subject instead. Exact intervals of pooled counts, which ignore that events of one "
    "subject are alike, are in metrics.json."
)

POLICY_WORDS = {
    "skip": "Subjects for whom an event score is undefined are left out of its mean (NaN policy: "
    "skip).",
    "zero": "Subjects for whom an event score is undefined count as 0 in its mean (NaN policy: "
    "zero), a subject without seizures and without alarms too.",
}

HOW_TO_READ_EVENTS: tuple[tuple[str, str], ...] = (
    (
        "Mean over subjects, or pooled",
        "Pooled numbers add up everybody's recordings, so subjects with much data dominate. The "
        "mean over subjects counts each person once, and is closer to what to expect for the "
        "next person.",
    ),
    (
        "Few subjects prove little",
        "The number of subjects, not of recordings or windows, decides how well a result holds for "
        "others.",
    ),
    (
        "n/a is not zero",
        "A score without a value (no event to find, one class only, a recording under ten "
        "minutes) is marked n/a, with the reason below its table.",
    ),
)
"""What holds of scores of events alone, whoever detected them."""
HOW_TO_READ: tuple[tuple[str, str], ...] = (
    (
        "Windows and events answer different questions",
        "Window scores say how well single pieces of EEG are classified. Event scores say how "
        "many events would have raised an alarm, and how often there were false alarms. Good "
        "window scores often go with many false alarms a day: read both.",
    ),
    (
        "The threshold was fixed before",
        "It was chosen on validation data and not adjusted to the data shown here. AUROC and "
        "AUC-PR do not depend on it; all other window and event scores do.",
    ),
    *HOW_TO_READ_EVENTS,
)

ICTAL_CODE_WORDS: tuple[tuple[str, str], ...] = (
    (
        "Odds ratio",
        "How much more often a code occurs in seizures than outside them, in the same person: 1 is "
        "no difference, 10 is ten times the odds. It is pooled over subjects by Mantel and "
        "Haenszel, so that a person with many seizures, or a person with one code all day, does "
        "not count as evidence about others.",
    ),
    (
        "Interval and q",
        "Both treat subjects, not patches, as independent. Of the codes with q below "
        "{rate:g}, one in twenty is expected to be there by chance (Benjamini and "
        "Hochberg). A person without seizures, or without background, says nothing about the "
        "difference.",
    ),
    (
        "In a seizure",
        "A patch counts as seizure if at least half of it lies in an annotated seizure, in any "
        "channel: where a seizure is focal, its patches include channels that it never reached.",
    ),
)
CODE_WORDS: tuple[tuple[str, str], ...] = (
    (
        "Region",
        "Compared with how many patches of all codes lie there, since montages have more channels "
        "in some regions than in others. A bipolar derivation counts half in each of its two "
        "regions.",
    ),
    (
        "What this is not",
        "Codes were learned from these recordings and are described on the same ones. An ictal "
        "code shows what the tokenizer distinguishes, not how well seizures are detected in new "
        "people.",
    ),
)
"""Terms of the page of a codebook: those about seizures, and the others."""
