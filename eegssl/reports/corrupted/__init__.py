"""Pictures and tables of scores over the severity of corruptions."""
