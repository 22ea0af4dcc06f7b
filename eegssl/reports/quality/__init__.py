"""Show what cleaning did to recordings."""
