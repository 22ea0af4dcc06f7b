"""Show what is in recordings folders, as tables to look through."""
