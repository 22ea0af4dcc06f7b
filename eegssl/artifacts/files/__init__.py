"""The files of an artifact: single parts, folders of many, and packs of those."""
