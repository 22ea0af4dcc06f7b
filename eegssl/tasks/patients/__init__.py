"""Tell the outcomes of patients."""
