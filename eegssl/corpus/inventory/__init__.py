"""The inventory of a corpus, and shards of its files."""
