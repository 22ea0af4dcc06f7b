"""The disk contract: manifests, checked reading, atomic writing."""
