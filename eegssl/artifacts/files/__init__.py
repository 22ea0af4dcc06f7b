"""Check single files, folders of many, and packs."""
