"""Define what pretraining minimises."""
