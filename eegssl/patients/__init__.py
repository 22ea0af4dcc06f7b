"""Questions about patients: from windows to one row a patient, and what so few rows can say."""
