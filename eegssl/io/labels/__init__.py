"""Read the annotation formats of the field as events."""
