"""Read and write the tables that users bring."""
