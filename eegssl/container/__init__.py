"""Put a model into a container that follows the SzCORE standard."""
