"""Write and read the folders that stages exchange."""
